#!/bin/sh
# Installs what is missing, and says so; does nothing, in a few milliseconds, where all is there.
#
#   sh scripts/setup.sh build|cross|demo|test|vm
#
# Debian packages come by apt, Node and all libraries by npm ci (any npm from 9 on will do: the Node that everything runs
# under is one of the packages), and what Debian does not package (cnitool, crictl, Multus) is built where Go is there.
set -eu
cd "$(dirname "$0")/.."
what=${1:?build, cross, demo, test or vm}
PATH=$PATH:/usr/sbin:/sbin
cnitool_version=v1.3.0
kustomize_version=v5.5.0
missing=

# need PACKAGE PROGRAM...: notes the package unless all of its programs (or files) are there.
need() {
  package=$1
  shift
  for program; do
    command -v "$program" >/dev/null 2>&1 && continue
    missing="$missing $package"
    return
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    echo "setup: $* needs root, and there is no sudo" >&2
    return 1
  fi
}

# Packages start their daemons when they are installed; these are wanted for their programs, and tests start daemons of
# their own. Both invoke-rc.d and systemd's helper ask this file first: 101 is "not allowed". One that is there is the
# machine's owner's, and stays as it is.
policy=/usr/sbin/policy-rc.d
forbid_daemons() {
  [ ! -e "$policy" ] || return 0
  trap 'as_root rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

apt_install() {
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: not a Debian system; please install what these packages hold:$missing" >&2
    return 1
  fi
  echo "setup: installing$missing"
  forbid_daemons
  log=$(mktemp)
  # shellcheck disable=SC2086 # a list of package names
  if as_root apt-get -qq update >"$log" 2>&1 &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install \
      --yes --no-install-recommends $missing >>"$log" 2>&1; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    echo "setup: apt-get could not install$missing" >&2
    return 1
  fi
}

# What npm ci has installed is remembered by a copy of the lock file: times say nothing after a git checkout.
lock_copy=node_modules/.cache/plumbline/package-lock.json
npm_is_current() {
  [ -x node_modules/.bin/node ] && cmp -s package-lock.json "$lock_copy"
}

npm_install() {
  npm_is_current && return 0
  echo 'setup: npm ci'
  # Where a registry lacks what another platform would need, ci finds the lock file at odds with it; install takes the
  # same versions from it, and passes over what is not for this platform.
  npm ci --no-fund --no-audit --loglevel=error || npm install --no-save --no-fund --no-audit --loglevel=error
  # It is optional to npm, since each processor has a package of its own.
  [ -x node_modules/.bin/node ] || {
    echo "setup: npm has no package of Node for $(uname -m)" >&2
    return 1
  }
  mkdir -p "${lock_copy%/*}"
  cp package-lock.json "$lock_copy"
}

cnitool_install() {
  [ "$(cat .cache/bin/cnitool.version 2>/dev/null)" = "$cnitool_version" ] && [ -x .cache/bin/cnitool ] && return 0
  command -v go >/dev/null 2>&1 || return 0
  echo "setup: go install cnitool $cnitool_version"
  mkdir -p .cache/bin
  # The tests that need it name it as missing, and fail where CI=true: no reason to stop all others here.
  if GOBIN="$PWD/.cache/bin" GOFLAGS=-buildvcs=false \
    go install "github.com/containernetworking/cni/cnitool@$cnitool_version"; then
    echo "$cnitool_version" >.cache/bin/cnitool.version
  else
    echo 'setup: cnitool could not be built' >&2
  fi
}

# Builds the variants of deploy/ for their tests; kubectl has it in it.
kustomize_install() {
  for program in kubectl kustomize .cache/bin/kustomize; do
    command -v "$program" >/dev/null 2>&1 && return 0
  done
  command -v go >/dev/null 2>&1 || return 0
  echo "setup: go install kustomize $kustomize_version"
  GOBIN="$PWD/.cache/bin" go install "sigs.k8s.io/kustomize/kustomize/v5@$kustomize_version" ||
    echo 'setup: kustomize could not be built' >&2
}

# go_build NAME MODULE VERSION PACKAGE SUM GOMOD-SUM: builds a program of a module, with the dependencies that the module's
# own go.sum pins, into .cache/bin. The module's two sums, of its files and of its go.mod, stand here, so that neither it
# nor a dependency is ever other than what was tried; no list of versions is asked for, which not all proxies have.
# The tests that need a program name it as missing, and fail where CI=true: no reason to stop all others here.
go_build() {
  [ "$(cat ".cache/bin/$1.version" 2>/dev/null)" = "$3" ] && [ -x ".cache/bin/$1" ] && return 0
  command -v go >/dev/null 2>&1 || return 0
  echo "setup: go build $1 $3"
  mkdir -p .cache/bin
  work=$(mktemp -d)
  if go_build_in "$work" "$PWD/.cache/bin/$1" "$@"; then
    echo "$3" >".cache/bin/$1.version"
  else
    echo "setup: $1 could not be built" >&2
  fi
  rm -rf "$work"
}

go_build_in() (
  work=$1 target=$2 module=$4 version=$5 package=$6 sum=$7 gomod_sum=$8
  cd "$work"
  echo 'module tools' >go.mod
  printf '%s\n' "$module $version $sum" "$module $version/go.mod $gomod_sum" >go.sum
  # Compared with the sums above; its dependencies are left for below, where its own go.sum has theirs.
  source=$(go mod download -json "$module@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p') &&
    [ -n "$source" ] &&
    cp -R "$source" source &&
    chmod -R u+w source &&
    cd source &&
    go build -mod=readonly -buildvcs=false -ldflags '-s -w' -o "$target" "$package"
)

need binutils strip
npm_is_current || need npm npm

# Executables for the other processor, and their libraries.
need_cross() {
  case $(uname -m) in
    x86_64) machine=aarch64 arch=arm64 triplet=aarch64-linux-gnu ;;
    aarch64) machine=x86_64 arch=amd64 triplet=x86-64-linux-gnu ;;
    *) return 0 ;;
  esac
  need qemu-user "qemu-$machine"
  need "binutils-$triplet" "$machine-linux-gnu-strip"
  need "libc6-$arch-cross" "/usr/$machine-linux-gnu/lib/libc.so.6"
  need "libstdc++6-$arch-cross" "/usr/$machine-linux-gnu/lib/libstdc++.so.6"
}

if [ "$what" != build ] && [ "$what" != cross ]; then
  need iproute2 ip
  need nftables nft
  need util-linux nsenter unshare flock
  need iputils-ping ping
  need procps sysctl
fi
if [ "$what" = cross ] || [ "$what" = test ]; then need_cross; fi
if [ "$what" = test ]; then
  need containernetworking-plugins /usr/lib/cni/bridge
  need iptables iptables
  need strace strace
  # The memory of a call, in make bench; a shell's own word of that name will not do.
  need time /usr/bin/time
  need tcpdump tcpdump
  need socat socat
  need dnsmasq-base dnsmasq
  need openvswitch-switch ovs-vsctl ovsdb-server ovs-vswitchd
  need iperf3 iperf3
  # Offloads of links, ours and hand-made ones.
  need ethtool ethtool
  # Completion is tried in real shells, manual pages by who shows them.
  need zsh zsh
  need fish fish
  need man-db man
  need groff-base groff
  # Real runtimes: an image made of one static program, a CRI, and what runs a container. The image of make image is loaded
  # into them, too, and the operator's guide is followed in a fresh tree.
  need busybox-static busybox
  need containerd containerd ctr
  need runc runc
  need debootstrap debootstrap
  # Go fetches over TLS.
  need ca-certificates /usr/sbin/update-ca-certificates
fi

apt_install
npm_install
if [ "$what" = test ] || [ "$what" = vm ]; then cnitool_install; fi
if [ "$what" = test ]; then
  kustomize_install
  # A client of the CRI as containerd 1.6 and 2 serve it.
  go_build crictl sigs.k8s.io/cri-tools v1.34.0 ./cmd/crictl \
    h1:KqL9EJ+WgHtz1HR1exezm91n+o8O2uMLs/eHzHJHAWw= h1:JyYVG0YFsly+p/hfDfmQcQBNFVHh0+BpMTn49YpasMA=
  go_build multus gopkg.in/k8snetworkplumbingwg/multus-cni.v4 v4.2.2 ./cmd/multus \
    h1:4RN85m1tvk4mF92NgXX2UO5tKxsdJpE8kOlK7aAH9DE= h1:riY8/U2dSjStqzhDmbXEkDxmAb/MV1e2Fc7zQ9GxGd4=
fi

if [ "$what" = vm ]; then
  missing=
  need debootstrap debootstrap
  # Without it the tests of the virtual machine are skipped by name, or fail where CI=true.
  apt_install || :
fi
