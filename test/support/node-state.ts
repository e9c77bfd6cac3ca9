/** What a failed call must leave as it was. */
import type { Node } from './node.ts';

/**
 * Links, addresses and routes, a line each. Without what the kernel does or tells in its own time, perhaps a second later: a
 * link's carrier, and its link-local address, which follows the carrier.
 */
const links = String.raw`
  { ip -brief link; ip -brief address; ip route; ip -6 route; } |
    sed -E '/^fe80:/d; s/^([^ ]+) +[A-Z]+( |$)/\1 /; s/ fe80:[^ ]*//g; s/NO-CARRIER,|,LOWER_UP//; s/ linkdown//; s/ +/ /g; s/ $//' |
    sort`;

/**
 * All of a node in one text: links, addresses, routes, nft's rules, plumbline's files. Without what the allocator keeps of a network
 * that had an address, or was looked through for one.
 */
export async function stateOf(node: Node): Promise<string> {
  return node.sh(`
    ${links}
    if type nft >/dev/null 2>&1; then nft -s list ruleset; fi
    for folder in '${node.dataDir}' /run/plumbline; do
      [ -d "$folder" ] || continue
      cd "$folder"
      find . -type f ! -path './locks/*' ! -name 'last_reserved_ip.*' ! -name 'boot.*' ! -name indexed ! -name lock | sort |
        while read -r file; do echo "$file: $(cat "$file")"; done
    done
  `);
}
