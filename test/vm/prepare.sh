#!/bin/sh
# Prepares the virtual machine, once: a small Debian in .cache/vm/tree, with QEMU itself, a kernel whose modules are
# unpacked, and all that the tests call. QEMU runs inside the tree; its guest has an image of it, read-only.
#
#   sh test/vm/prepare.sh          (root; needs debootstrap, and the mirror that apt is configured with)
#
# Each step leaves a stamp of what went into it. A step whose stamp is right is not done again, so an interrupted
# preparation goes on where it was, and a changed list of packages does not begin from the start.
set -eu
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL

here=test/vm
cache=$PWD/.cache/vm
tree=$cache/tree
suite=trixie
# 7.2 has no igb, and 10.0.2 does not map the registers of its virtual functions.
qemu_least=1:10.0.13

# QEMU and the boot's own tools; then what plumbline and its tests call.
packages='
  qemu-system-x86 busybox-static kmod xz-utils erofs-utils
  bash util-linux procps iproute2 nftables iptables iputils-ping iputils-arping tcpdump strace socat ethtool
  conntrack dnsmasq-base iperf3 openvswitch-switch containernetworking-plugins ca-certificates psmisc less'

# Folders of the kernel's modules that are unpacked, with whatever they depend on.
module_folders='
  net fs/9p fs/netfs fs/erofs fs/overlayfs fs/fuse lib crypto arch/x86/crypto drivers/dca drivers/i2c/algos
  drivers/net/*.ko.xz drivers/net/ipvlan drivers/net/bonding drivers/net/netdevsim drivers/net/ethernet/intel/igb
  drivers/net/ethernet/intel/igbvf drivers/vfio drivers/iommu/iommufd virt/lib drivers/virtio drivers/block/loop.ko.xz
  drivers/block/virtio_blk.ko.xz'

# Those that the first file system needs, besides what they depend on.
boot_modules='virtio_blk erofs 9pnet_virtio 9p overlay'

# Paths of the tree that no guest needs, as a regular expression.
left_out='^((boot|dev|proc|vm|var/cache|var/lib/apt|usr/share/qemu|usr/share/seabios)/.+|usr/bin/qemu.*)$'

say() { echo "vm: $*"; }

fail() {
  echo "vm: $*" >&2
  exit 1
}

# mirror: where apt gets the main part of this machine's Debian from.
mirror() {
  # shellcheck disable=SC2016 # the dollars are apt's
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk '$3 == "main" && $2 !~ /-/ { print $1; exit }'
}

# run NAME COMMAND...: a step's work, with its output in a log and a line every ten seconds.
run() {
  name=$1
  shift
  log=$cache/$name.log
  started=$(date +%s)
  say "$name ..."
  ("$@") >"$log" 2>&1 </dev/null &
  worker=$!
  (
    while sleep 10; do
      say "$name: $(($(date +%s) - started)) s: $(tail -n 1 "$log" | cut -c 1-100)"
    done
  ) &
  ticker=$!
  status=0
  wait "$worker" || status=$?
  kill "$ticker"
  wait "$ticker" 2>/dev/null || :
  if [ "$status" != 0 ]; then
    tail -n 25 "$log" >&2
    fail "$name failed; the whole of its output is in $log"
  fi
  say "$name done, $(($(date +%s) - started)) s"
}

# step NAME RESULT INPUTS: does step_NAME unless RESULT is there, from these inputs and from the same steps before it.
chain=
step() {
  name=$1
  chain=$(printf '%s\n%s\n' "$chain" "$3" | sha256sum | cut -d ' ' -f 1)
  stamp=$cache/$name.stamp
  [ -s "$tree/$2" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$chain" ] && return 0
  rm -f "$stamp"
  run "$name" "step_$name"
  echo "$chain" >"$stamp"
}

in_tree() { chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive \
  ${http_proxy:+http_proxy="$http_proxy"} "$@"; }

step_system() {
  rm -rf "$tree"
  uri=$(mirror)
  [ -n "$uri" ] || { echo 'apt is configured with no mirror of Debian'; return 1; }
  debootstrap --variant=minbase "$suite" "$tree" "$uri"
}

step_tools() {
  mount_for_apt
  # No daemon is started, and no manual is kept.
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod 755 "$tree/usr/sbin/policy-rc.d"
  printf 'path-exclude=/usr/share/%s/*\n' doc man locale >"$tree/etc/dpkg/dpkg.cfg.d/plumbline"
  # Nothing of this tree need survive a power cut: it is made again.
  echo force-unsafe-io >>"$tree/etc/dpkg/dpkg.cfg.d/plumbline"
  in_tree apt-get -q update
  # shellcheck disable=SC2086 # a list
  in_tree apt-get -q install --yes --no-install-recommends $packages
  in_tree apt-get clean
  version=$(in_tree dpkg-query -W -f '${Version}' qemu-system-x86)
  in_tree dpkg --compare-versions "$version" ge "$qemu_least" ||
    { echo "QEMU is $version; needed is $qemu_least"; return 1; }
  mkdir -p "$tree/checkout" "$tree/results" "$tree/vm"
}

step_kernel() {
  mount_for_apt
  # Sandboxed downloads need a folder of the user _apt.
  in_tree sh -euc '
    rm -rf /vm/kernel /usr/lib/modules /boot/vmlinuz
    mkdir -p /vm/kernel
    cd /vm/kernel
    package=$(apt-cache depends --important linux-image-amd64 | sed -n "s/^ *Depends: //p" | head -n 1)
    echo "downloading $package"
    apt-get -q -o APT::Sandbox::User=root download "$package"
    echo "unpacking $package"
    dpkg -x ./*.deb /vm/kernel
    cp boot/vmlinuz-* /boot/vmlinuz
    # Packages differ in which of the two folders they have; depmod looks into the shorter one.
    [ -e lib ] || ln -s usr/lib lib
    cd lib/modules
    release=$(ls)
    depmod -b /vm/kernel "$release"
    cd "$release"
    echo "choosing modules"
    (cd kernel && find $1 -name "*.ko.xz") | sed s,^,kernel/, >wanted
    # A line of modules.dep: a module, a colon, all it depends on.
    awk "NR == FNR { wanted[\$1 \":\"]; next } \$1 in wanted { sub(\":\", \"\"); for (i = 1; i <= NF; i++) print \$i }" \
      wanted modules.dep | sort -u >needed
    target=/usr/lib/modules/$release
    mkdir -p "$target"
    cp modules.order modules.builtin modules.builtin.modinfo "$target"
    tar -cf - -T needed | tar -xf - -C "$target"
    echo "decompressing $(wc -l <needed) modules"
    find "$target" -name "*.xz" -print0 | xargs -0 -P 2 -n 40 xz -d
    # depmod reads the names in modules.order for precedence only.
    depmod "$release"
    rm -rf /vm/kernel
  ' sh "$module_folders"
}

# A share of the tree would need no image; but each call of a program asks a share some hundred times, and an emulated
# processor answers to none of them quickly. Uncompressed, since it would be slow at that, too.
step_image() {
  mkdir -p "$tree/vm/checkout" "$tree/vm/results"
  rm -f "$tree/vm/root.erofs"
  in_tree mkfs.erofs --quiet --exclude-regex="$left_out" -T 0 /vm/root.new /
  mv "$tree/vm/root.new" "$tree/vm/root.erofs"
}

step_initramfs() {
  in_tree sh -euc '
    rm -rf /vm/initramfs
    mkdir -p /vm/initramfs/bin /vm/initramfs/modules
    cd /vm/initramfs
    cp /usr/bin/busybox bin/busybox
    cp /vm/init init
    chmod 755 init
    release=$(ls /usr/lib/modules)
    number=10
    for module; do modprobe -S "$release" --show-depends "$module"; done |
      awk "\$1 == \"insmod\" && !known[\$2]++ { print \$2 }" | while read -r file; do
      cp "$file" "modules/$number-${file##*/}"
      number=$((number + 1))
    done
    find . | busybox cpio -o -H newc | gzip -1 >/boot/initrd.gz
    rm -rf /vm/initramfs
  ' sh $boot_modules
}

# What the packages' own scripts look for; in this process's mounts only, and gone with it.
mount_for_apt() {
  mount -t proc proc "$tree/proc"
  mount --bind /dev "$tree/dev"
}

[ "$(id -u)" = 0 ] || fail 'needs root, for debootstrap and its mounts'
[ -e "$tree" ] || command -v debootstrap >/dev/null ||
  fail 'debootstrap is not installed (apt-get install debootstrap)'
if [ "${PLUMBLINE_VM_PREPARING:-}" = '' ]; then
  mkdir -p "$cache"
  # One at a time. Mounts and processes are its own and end with it, and it with its parent: nothing is left.
  PLUMBLINE_VM_PREPARING=1 exec setpriv --pdeathsig KILL flock --no-fork "$cache/lock" \
    unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh "$here/prepare.sh"
fi
# As the first of its processes it gets those signals only that it asks for.
trap 'echo; exit 130' INT TERM HUP
eval "$(apt-config shell apt_proxy Acquire::http::Proxy)"
http_proxy=${http_proxy:-${apt_proxy:-}}

step system usr/bin/dpkg "$suite"
step tools usr/bin/qemu-system-x86_64 "$packages $qemu_least"
step kernel boot/vmlinuz "$module_folders"
step image vm/root.erofs "$left_out"
cp "$here/guest/init" "$tree/vm/init"
step initramfs boot/initrd.gz "$boot_modules $(cat "$here/guest/init")"
