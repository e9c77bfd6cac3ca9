/**
 * Rules that the reference plugins made, for DEL of a pod that was started by them: a node changes plugins while pods
 * run. Nothing here is called for a pod of our own.
 *
 * Source: containernetworking/plugins 1.1 to 1.9: iptables chains `CNI-*`, nft rules in `cni_plugins_masquerade` whose
 * comment begins with a hash of the attachment, chains `cni-br-iface-*` in the bridge table nat.
 */
import { runtime } from '#runtime';
import type { Host } from '../exec/host.ts';
import { referenceChain, removeChain } from './iptables.ts';
import { list, transact } from './transaction.ts';

export interface ReferencePod {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}

const hash16 = (text: string): string => runtime.hash('sha512', text).slice(0, 16);

/** What the comment of the reference's nft rule begins with. */
export function referenceComment({ network, containerId, ifname }: ReferencePod): string {
  return `${hash16(network)}-${hash16(`${ifname}:${containerId}`)}`;
}

/** @param iptables whether iptables is there to be asked: a node without it has no such chains */
export async function removeReferenceMasquerade(
  host: Host,
  pod: ReferencePod,
  lock: string,
  iptables: boolean,
): Promise<void> {
  if (iptables) await removeChain(host, referenceChain(pod.network, pod.containerId), lock);
  const prefix = referenceComment(pod);
  const rules = (await list(host, ['table', 'inet', 'cni_plugins_masquerade'])).filter(
    isRule('masq_checks', (comment) => comment.startsWith(prefix)),
  );
  for (const { rule } of rules) {
    await transact(host, [`delete rule inet cni_plugins_masquerade masq_checks handle ${rule.handle}`], {
      lock,
    });
  }
}

export async function removeReferenceAntiSpoof(host: Host, pod: ReferencePod, lock: string): Promise<void> {
  const id = `${pod.containerId}-${pod.ifname}`;
  const objects = await list(host, ['table', 'bridge', 'nat']);
  const jumps = objects.filter(isRule('PREROUTING', (comment) => comment === `macspoofchk-${id}`));
  const chains = objects.flatMap(({ chain }) => (isChain(chain) ? [chain] : []));
  // By handle: nft takes no quotes around a chain's name, which holds the interface's. The one jumps to the other.
  const ours = [`cni-br-iface-${id}`, `cni-br-iface-${id}-mac`].flatMap((name) =>
    chains.filter((chain) => chain.name === name),
  );
  const lines = [
    ...jumps.map(({ rule }) => `delete rule bridge nat PREROUTING handle ${rule.handle}`),
    ...ours.map(({ handle }) => `delete chain bridge nat handle ${handle}`),
  ];
  await transact(host, lines, { lock });
}

interface RuleObject {
  readonly rule: { readonly handle: number; readonly chain: string; readonly comment: string };
}

function isRule(chain: string, isOurs: (comment: string) => boolean) {
  return (object: Record<string, unknown>): object is Record<string, unknown> & RuleObject => {
    const rule = object['rule'];
    if (typeof rule !== 'object' || rule === null) return false;
    if (!('comment' in rule) || !('chain' in rule) || !('handle' in rule)) return false;
    return rule.chain === chain && typeof rule.comment === 'string' && isOurs(rule.comment);
  };
}

function isChain(value: unknown): value is { readonly name: string; readonly handle: number } {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('handle' in value)) return false;
  return typeof value.name === 'string' && typeof value.handle === 'number';
}
