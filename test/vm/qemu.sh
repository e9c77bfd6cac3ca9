#!/bin/sh
# Starts the prepared virtual machine; its serial console is this process's standard input and output.
#
#   sh test/vm/qemu.sh MODE RESULTS [-- WORD...]
#
# MODE is what guest/boot.sh shall do; RESULTS a folder that the guest may write into; WORDs go to the kernel's command
# line. All mounts are in a mount namespace of this process's own, and QEMU is the only process of a process namespace
# that ends with its parent, so nothing is left however this ends.
set -eu
PATH=$PATH:/usr/sbin:/sbin
mode=$1
results=$2
shift 2
[ "${1:-}" != -- ] || shift

if [ "${PLUMBLINE_VM_STARTING:-}" = '' ]; then
  PLUMBLINE_VM_STARTING=1 exec setpriv --pdeathsig KILL \
    unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh "$0" "$mode" "$results" "$@"
fi

cd "$(dirname "$0")/../.."
tree=$PWD/.cache/vm/tree
# In the guest: / is the image of the tree, /checkout this checkout, /results the folder for results.
mount --bind "$PWD" "$tree/vm/checkout"
mount --bind "$results" "$tree/vm/results"
mount --bind /dev "$tree/dev"
mount -t proc proc "$tree/proc"
mount -t tmpfs tmpfs "$tree/tmp"

case $mode in
  shell) console=mon:stdio ;;
  *) console=stdio ;;
esac

# What an emulated processor does slowly is left out: the kernel's checks on itself, and programs at random addresses,
# whose code is translated anew each time. The processor is an old one, without AVX and without moving memory by one
# instruction: QEMU carries those out piece by piece, and a start of Node takes two to three times as long with them.
words='mitigations=off nokaslr init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off audit=0 no5lvl'
words="$words norandmaps clearcpuid=rep_good"
# A driver of userspace (vfio-pci) takes nothing without an IOMMU; all others pass it by.
words="$words intel_iommu=on iommu=pt"

# One processor: emulated ones that share memory wait for each other, and each command takes twice as long beside a
# second one. Two NICs with virtual functions, each behind a port of its own, on one wire. A guest that ends, in
# whichever way, ends QEMU.
exec chroot "$tree" env -i PATH=/usr/bin:/bin TERM="${TERM:-dumb}" qemu-system-x86_64 \
  -M q35 -accel tcg -cpu Westmere -smp 1 -m 4G \
  -nodefaults -no-user-config -display none -no-reboot -serial "$console" \
  -kernel /boot/vmlinuz -initrd /boot/initrd.gz \
  -append "console=ttyS0 quiet panic=-1 rdinit=/init $words plumbline.mode=$mode $*" \
  -drive file=/vm/root.erofs,format=raw,if=virtio,readonly=on \
  -fsdev local,id=checkout,path=/vm/checkout,security_model=none,readonly=on,multidevs=remap \
  -device virtio-9p-pci,fsdev=checkout,mount_tag=checkout \
  -fsdev local,id=results,path=/vm/results,security_model=none \
  -device virtio-9p-pci,fsdev=results,mount_tag=results \
  -device intel-iommu,intremap=off \
  -device virtio-rng-pci \
  -device pcie-root-port,id=port1,chassis=1,slot=1 -netdev hubport,id=wire1,hubid=0 \
  -device igb,bus=port1,netdev=wire1,mac=52:54:00:00:00:01 \
  -device pcie-root-port,id=port2,chassis=2,slot=2 -netdev hubport,id=wire2,hubid=0 \
  -device igb,bus=port2,netdev=wire2,mac=52:54:00:00:00:02
