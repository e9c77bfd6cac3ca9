/** Masquerading and anti-spoofing: the elements of our own tables. */
import type { Host } from '../../../lib/exec/host.ts';
import { owners } from '../../../lib/nft/masquerade.ts';
import { listElements } from '../../../lib/nft/transaction.ts';
import type { RuleFacts } from '../facts.ts';
import { readLabel } from '../label.ts';

export const noRules: RuleFacts = { masquerade: [], guards: [] };

/**
 * @param withIptables whether a network masquerades by iptables, which nobody else is asked for
 * @throws CniError 101 with nft's words
 */
export async function readRules(host: Host, withIptables: boolean): Promise<RuleFacts> {
  const owned = [
    ...(await listElements(host, 'inet', owners[4])),
    ...(await listElements(host, 'inet', owners[6])),
  ];
  const byNft = owned.flatMap(({ key: [address = ''], comment }) => masqueradeOf(comment, address));
  return {
    masquerade: withIptables ? [...byNft, ...(await readIptables(host))] : byNft,
    guards: await readGuards(host),
  };
}

function masqueradeOf(comment: string, address: string): RuleFacts['masquerade'] {
  const label = readLabel(comment);
  return label === undefined ? [] : [{ label, address }];
}

async function readGuards(host: Host): Promise<RuleFacts['guards']> {
  const allowed = await listElements(host, 'bridge', 'allowed');
  return (await listElements(host, 'bridge', 'guarded')).flatMap(({ key: [port = ''], comment }) => {
    const label = readLabel(comment);
    const macs = allowed.flatMap(({ key: [name, mac = ''] }) => (name === port ? [mac] : []));
    return label === undefined ? [] : [{ label, port, macs }];
  });
}

async function readIptables(host: Host): Promise<RuleFacts['masquerade']> {
  const tools = ['iptables', 'ip6tables'].filter((tool) => host.runner.has(tool));
  const listings = await Promise.all(
    tools.map((tool) => host.runner.run(tool, ['-w', '5', '-t', 'nat', '-S', 'POSTROUTING'])),
  );
  return listings.flatMap(({ stdout }) => masqueradeInIptables(stdout));
}

/** A jump for each address of a container, with its label as the comment (lib/nft/iptables.ts). */
export function masqueradeInIptables(listing: string): RuleFacts['masquerade'] {
  return listing.split('\n').flatMap((rule) => {
    const [, address, comment] =
      /^-A POSTROUTING -s ([^ /]+)\/\d+ .*--comment "?([^" ]*)"? -j PLUMBLINE-/.exec(rule) ?? [];
    return address === undefined || comment === undefined ? [] : masqueradeOf(comment, address);
  });
}
