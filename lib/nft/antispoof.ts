/**
 * Anti-spoofing: a guarded bridge port passes on only frames that come from its container's own MAC address.
 *
 * Two sets in the bridge family, whatever the number of containers: the guarded ports, and the (port, MAC) pairs that
 * may send. The name of a port is made from its attachment's identity, so an element cannot be another's; where a config
 * has chosen the name, the comment tells whose it is.
 */
import { CniError, ErrorCode, show } from '../errors.ts';
import { quoted } from './transaction.ts';

export interface GuardedPort {
  /** Name of the host's end of the veth. */
  readonly port: string;
  readonly mac: string;
  readonly comment: string;
}

const table = 'bridge plumbline';

/** Runs before connection tracking and DNAT of the bridge family, as the peer's rules do. */
export const antiSpoofBase: readonly string[] = [
  `add table ${table}`,
  `add set ${table} guarded { type ifname ; }`,
  `add set ${table} allowed { type ifname . ether_addr ; }`,
  `add chain ${table} prerouting { type filter hook prerouting priority -300 ; policy accept ; }`,
  `flush chain ${table} prerouting`,
  `add rule ${table} prerouting iifname @guarded iifname . ether saddr != @allowed drop`,
];

export function createGuard({ port, mac, comment }: GuardedPort): readonly string[] {
  return [
    `create element ${table} guarded { ${quoted(port)} comment ${quoted(comment)} }`,
    `create element ${table} allowed { ${quoted(port)} . ${macText(mac)} comment ${quoted(comment)} }`,
  ];
}

export function deleteGuard({ port, mac }: Pick<GuardedPort, 'port' | 'mac'>): readonly string[] {
  return [`delete element ${table} guarded { ${quoted(port)} }`, deleteAllowed(port, mac)];
}

export function deleteAllowed(port: string, mac: string): string {
  return `delete element ${table} allowed { ${quoted(port)} . ${macText(mac)} }`;
}

/**
 * A MAC address as it may stand in a transaction. On DEL and CHECK it comes out of prevResult, where it is any text.
 * @throws CniError 7 for what is none
 */
function macText(text: string): string {
  if (/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)) return text;
  throw new CniError(ErrorCode.invalidConfig, `${show(text)} is no MAC address such as 02:00:00:00:00:01`);
}

export function deleteGuarded(port: string): string {
  return `delete element ${table} guarded { ${quoted(port)} }`;
}
