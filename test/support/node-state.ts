/** What a failed call must leave as it was. */
import type { Node } from './node.ts';

/**
 * All of a node in one text: links, addresses, routes, nft's rules, plumbline's files. Without the kernel's own link-local addresses,
 * which come in their own time, and without what the allocator keeps of a network that had an address (the one that it gave
 * last, and the boot in which that was), or was looked through for one.
 * @param withoutLinkStates leaves out whether a link is up, where somebody else changes that
 */
export async function stateOf(node: Node, { withoutLinkStates = false } = {}): Promise<string> {
  const brief = withoutLinkStates ? `| awk '{ $2 = ""; print }'` : '';
  return node.sh(`
    { ip -brief link ${brief}; ip -brief address ${brief}; ip route; ip -6 route; } |
      sed '/^fe80:/d; s/ fe80:[^ ]*//g; s/  */ /g; s/ $//' | sort
    if type nft >/dev/null 2>&1; then nft -s list ruleset; fi
    for folder in '${node.dataDir}' /run/plumbline; do
      [ -d "$folder" ] || continue
      cd "$folder"
      find . -type f ! -path './locks/*' ! -name 'last_reserved_ip.*' ! -name 'boot.*' ! -name indexed ! -name lock | sort |
        while read -r file; do echo "$file: $(cat "$file")"; done
    done
  `);
}
