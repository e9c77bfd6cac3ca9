/**
 * Anti-spoofing: a guarded bridge port passes on only frames that come from its container's own MAC address.
 *
 * Two sets in the bridge family, whatever the number of containers: the guarded ports, and the (port, MAC) pairs that
 * may send. A port's name is made from its attachment's identity, so an element cannot be another's.
 */
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
    `create element ${table} allowed { ${quoted(port)} . ${mac} comment ${quoted(comment)} }`,
  ];
}

export function deleteGuard({ port, mac }: Pick<GuardedPort, 'port' | 'mac'>): readonly string[] {
  return [`delete element ${table} guarded { ${quoted(port)} }`, deleteAllowed(port, mac)];
}

export function deleteAllowed(port: string, mac: string): string {
  return `delete element ${table} allowed { ${quoted(port)} . ${mac} }`;
}

export function deleteGuarded(port: string): string {
  return `delete element ${table} guarded { ${quoted(port)} }`;
}
