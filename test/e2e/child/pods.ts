/** Networks of macvlan and ipvlan on a LAN as these tests use them, and containers that are attached to them. */
import {
  type AttachOptions,
  type Config,
  createPods,
  inVirtualMachine,
  type NamedConfig,
  type Node,
  type Pods,
} from '../../support/index.ts';

export type { NamedConfig, Pod, Pods } from '../../support/index.ts';
export { stateOf } from '../../support/index.ts';

/** The two plugins whose links are children of a master. */
export type Kind = 'macvlan' | 'ipvlan';

/**
 * Whether what both plugins do by the same code is tried with this one: on the host with macvlan, as it has no ipvlan,
 * and so in the virtual machine with ipvlan.
 */
export const triesShared = (kind: Kind): boolean => kind === 'ipvlan' || !inVirtualMachine;

/** What the default network gives: 10.30.0.100 and fd30::100 to the first container. */
export const ranges: readonly Config[] = [
  { subnet: '10.30.0.0/24', rangeStart: '10.30.0.100', rangeEnd: '10.30.0.199' },
  { subnet: 'fd30::/64', rangeStart: 'fd30::100', rangeEnd: 'fd30::199' },
];

/** host-local over the node's own folder: one range set a range. */
export function hostLocal(node: Node, sets: readonly Config[] = ranges, more: Config = {}): Config {
  return { type: 'host-local', dataDir: node.dataDir, ranges: sets.map((range) => [range]), ...more };
}

/** A dual-stack network on the LAN's uplink. A field that is undefined is left out. */
export function childConfig(node: Node, type: Kind, fields: Config = {}): NamedConfig {
  return { cniVersion: '1.1.0', name: 'pods', type, master: 'uplink', ipam: hostLocal(node), ...fields };
}

/** A network of macvlan or ipvlan on a node. The result has one interface. */
export const childNetwork = (
  node: Node,
  kind: Kind,
  fields: Config = {},
  defaults: AttachOptions = {},
): Pods => createPods(node, childConfig(node, kind, fields), { mac: 0 }, defaults);
