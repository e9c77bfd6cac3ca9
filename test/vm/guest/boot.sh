#!/bin/sh
# The guest's init after guest/init: loads what the tests need of the kernel, does what the host has asked for, and
# switches the machine off.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=/root
export PATH HOME
LC_ALL=C
export LC_ALL

# word NAME: the value of a word of the kernel's command line.
word() { tr ' ' '\n' </proc/cmdline | sed -n "s/^plumbline\.$1=//p" | tail -n 1; }

hostname plumbline-vm
# Kinds of links are not all asked for by themselves, and one call here is quicker than many later. With br_netfilter
# bridged packets pass iptables and nft, as on every node of Kubernetes.
modprobe -a llc stp bridge br_netfilter 8021q dummy macvlan macvtap ipvlan ipvtap veth vrf tun ifb igb igbvf openvswitch \
  nf_tables nft_chain_nat nft_masq nft_meta_bridge nft_ct nft_compat xt_MASQUERADE xt_comment xt_conntrack \
  sch_tbf sch_htb sch_ingress act_police cls_matchall cls_basic
mkdir -p /sys/fs/cgroup /run/lock
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
cd /checkout
echo "plumbline-vm: up after $(cut -d " " -f 1 /proc/uptime) s"

mode=$(word mode)
case $mode in
  shell) . test/vm/guest/shell.sh ;;
  suite) . test/vm/guest/suite.sh ;;
  bench) . test/vm/guest/bench.sh ;;
esac

echo plumbline-vm: off
sync
echo o >/proc/sysrq-trigger
# Switching off takes a moment, and the end of the first process would be a panic.
sleep 60
