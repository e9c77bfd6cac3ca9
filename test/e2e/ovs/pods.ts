/** Networks of ovs as these tests use them, containers that are attached to them, and what the database says of both. */
import { expect } from 'vitest';
import {
  type AttachOptions,
  asPod,
  type CniResult,
  type Component,
  type Config,
  type Container,
  createPods,
  type NamedConfig,
  type Node,
  type Ovs,
  type OvsRow,
  type Pod,
  type Pods,
  stateOf as stateOfNode,
} from '../../support/index.ts';

export type { NamedConfig, Pod, Pods } from '../../support/index.ts';

export const portTypes = ['veth', 'internal'] as const;
export type PortType = (typeof portTypes)[number];

/** What the default network gives: 10.40.0.2 and fd40::2 to the first container. */
export const subnets = ['10.40.0.0/24', 'fd40::/64'];

export const forOvs: readonly Component[] = ['ovs', 'ipv6'];

/** host-local over the node's own folder: one range set a subnet. */
export function hostLocal(node: Node, ...ranges: readonly string[]): Config {
  return { type: 'host-local', dataDir: node.dataDir, ranges: ranges.map((subnet) => [{ subnet }]) };
}

/** A dual-stack network on br-int. A field that is undefined is left out. */
export function ovsConfig(node: Node, fields: Config = {}): NamedConfig {
  return {
    cniVersion: '1.1.0',
    name: 'pods',
    type: 'ovs',
    bridge: 'br-int',
    ipam: hostLocal(node, ...subnets),
    ...fields,
  };
}

/** Of the port and of the container's link among the result's interfaces. */
const places = { port: 0, mac: 1 } as const;

export const ovsNetwork = (node: Node, fields: Config = {}, defaults: AttachOptions = {}): Pods =>
  createPods(node, ovsConfig(node, fields), places, defaults);

/** Without IPAM, on layer 2 alone: addresses are put on by hand. */
export const layer2 = (node: Node, name: string, fields: Config = {}): Pods =>
  ovsNetwork(node, { name, ipam: undefined, ...fields });

export const podOf = (container: Container, result: CniResult): Pod => asPod(container, result, places);

/** The Port and the Interface row of a pod. */
export async function rowsOf(
  ovs: Ovs,
  { port }: Pick<Pod, 'port'>,
): Promise<{ readonly port: OvsRow; readonly iface: OvsRow }> {
  const [found, iface] = [await ovs.row('Port', port), await ovs.row('Interface', port)];
  if (found === undefined || iface === undefined) throw new Error(`no port ${port} in the database`);
  return { port: found, iface };
}

/** Expects that a bridge has no port but its own, and that no row of limits is left. */
export async function expectNoRows(ovs: Ovs, bridge = 'br-int'): Promise<void> {
  expect(await ovs.ports(bridge)).toEqual([]);
  expect(await ovs.rows('QoS')).toEqual([]);
  expect(await ovs.rows('Queue')).toEqual([]);
}

/**
 * All that a failed call must leave as it was, in one text: the node and the rows. Without the state of a link: that of a bridge's is
 * told one way or the other after a daemon's restart.
 */
export async function stateOf(node: Node, ovs?: Ovs): Promise<string> {
  const onNode = await stateOfNode(node, { withoutLinkStates: true });
  const facts = (await ovs?.facts()) ?? [];
  return [onNode, ...facts.map(({ text }) => text).sort()].join('\n');
}
