#!/bin/sh
# Connects two containers' network namespaces through the built plugins and lets them ping each other, their gateway and
# an outside network behind masquerading.
#
#   sh scripts/demo.sh [CONFLIST]
#
#     blue ──┐ node ──────────────┐       outside
#            ├── bridge ── uplink ┼────── 203.0.113.1, and 198.51.100.1 behind it
#     green ─┘                    │       (knows no way back to the containers' addresses)
#
# Everything happens in namespaces of its own, which end with this script, however it ends: nothing on the machine has a
# new name, link, address, rule or file meanwhile or afterwards.
set -eu

if [ "${PLUMBLINE_DEMO:-}" != inside ]; then
  cd "$(dirname "$0")/.."
  [ "$(id -u)" = 0 ] || { echo 'the demonstration makes network namespaces: run it as root' >&2; exit 1; }
  # --kill-child: an interrupted demonstration leaves no process that would hold the namespaces.
  export PLUMBLINE_DEMO=inside
  exec unshare --mount --propagation private --pid --mount-proc --fork --kill-child sh scripts/demo.sh "$@"
fi

PATH=$PATH:/usr/sbin:/sbin
config=${1:-conf-examples/veth-bridge/masquerade.conflist}
state=/run/demo
export CNI_PATH="${CNI_PATH:-$PWD/dist/bin}"

# Private: the names of namespaces and the locks in /run, the reservations of addresses in /var/lib/cni.
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -p /run/netns "$state"

if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
on() { namespace=$1; shift; ip netns exec "$namespace" "$@"; }
runtime() { on node node_modules/.bin/node scripts/runtime.ts "$1" "$config" "$2" "/run/netns/$2" "$state"; }
address() { on "$1" ip -o "$2" address show dev eth0 scope global | awk '{ sub("/.*", "", $4); print $4; exit }'; }

# reach NAMESPACE ADDRESS WHAT
reach() {
  if on "$1" ping -n -q -c 2 -i 0.2 -W 2 "$2" >"$state/ping" 2>&1; then
    printf '  %-6s -> %-22s %-22s %s ms\n' "$1" "$2" "$3" "$(sed -n 's/^rtt .* = //p' "$state/ping" | cut -d/ -f2)"
  else
    printf '  %-6s -> %-22s %-22s NO ANSWER\n' "$1" "$2" "$3"
    failed=1
  fi
}

title 'A node with an uplink, and two containers'
for namespace in node outside blue green; do
  ip netns add "$namespace"
  ip -n "$namespace" link set lo up
done
ip -n node link add uplink type veth peer name wire netns outside
ip -n node address add 203.0.113.2/24 dev uplink
ip -n node address add 2001:db8:113::2/64 dev uplink nodad
ip -n node link set uplink up
ip -n outside address add 203.0.113.1/24 dev wire
ip -n outside address add 2001:db8:113::1/64 dev wire nodad
ip -n outside address add 198.51.100.1/32 dev lo
ip -n outside address add 2001:db8:100::1/128 dev lo nodad
ip -n outside link set wire up
ip -n node route add default via 203.0.113.1
ip -n node route add default via 2001:db8:113::1
echo "  configuration: $config"
ip -n node -brief address show dev uplink | sed 's/^/  node: /'

title 'ADD'
failed=0
for container in blue green; do
  runtime add "$container" >"$state/result"
  echo "  $container:"
  ip -n "$container" -brief address show dev eth0 | sed 's/^/    /'
  { ip -n "$container" route show; ip -n "$container" -6 route show default; } | sed 's/^/    /'
done
title 'What stands on the node now'
ip -n node -brief link show | sed 's/^/  /'

on node nft list ruleset | sed 's/^/  /'
title 'Pings'
for family in -4 -6; do
  green=$(address green "$family")
  [ -n "$green" ] || continue
  gateway=$(on blue ip -o "$family" route show default | awk '{ print $3; exit }')
  outside=198.51.100.1
  [ "$family" = -4 ] || outside=2001:db8:100::1
  reach blue "$green" 'its neighbour'
  reach green "$(address blue "$family")" 'its neighbour'
  reach blue "$gateway" 'its gateway'
  reach green "$gateway" 'its gateway'
  reach blue "$outside" 'outside, masqueraded'
  reach green "$outside" 'outside, masqueraded'
done

title 'DEL'
for container in blue green; do
  runtime del "$container"
  echo "  $container: $(ip -n "$container" -o link show | grep -vc ': lo:' || true) links left"
done
left=$(ip -n node -o link show type veth | grep -vc ': uplink@' || true)
rules=$(on node nft list ruleset | grep -c 'blue\|green' || true)
# The reference's form: a file a reserved address, named for it.
reserved=$(find /var/lib/cni -path '*/.*' -prune -o -type f -print 2>/dev/null | grep -c '/[0-9a-f.:]*$' || true)
echo "  node: $left of the containers' links, $rules of their rules, $reserved of their addresses left"
[ "$left$rules$reserved" = 000 ] || failed=1

if [ "$failed" = 0 ]; then title 'All answered, and nothing is left.'; else title 'The demonstration has failed.'; fi
exit "$failed"
