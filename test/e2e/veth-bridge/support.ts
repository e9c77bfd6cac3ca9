/** Networks of veth-bridge as these tests use them, and containers that are attached to them. */
import {
  type AttachOptions,
  type Component,
  type Config,
  createPods,
  type IpObject,
  type NamedConfig,
  type Node,
  type Pods,
} from '../../support/index.ts';

export type { NamedConfig, Pod, Pods } from '../../support/index.ts';
export { stateOf } from '../../support/index.ts';

/** What masquerading and anti-spoofing need, and a look at the state of a node. */
export const forRules: readonly Component[] = ['nft-masquerade', 'nft-bridge', 'ipv6'];

/** What the default network gives: 10.22.0.2 and fd22::2 to the first container. */
export const subnets = ['10.22.0.0/24', 'fd22::/64'];

/** host-local over the node's own folder: one range set a subnet, or a range with more to say. */
export function hostLocal(node: Node, ...ranges: readonly (string | Config)[]): Config {
  const sets = ranges.map((range) => [typeof range === 'string' ? { subnet: range } : range]);
  return { type: 'host-local', dataDir: node.dataDir, ranges: sets };
}

/** A dual-stack network without a gateway. A field that is undefined is left out. */
export function bridgeConfig(node: Node, fields: Config = {}): NamedConfig {
  return {
    cniVersion: '1.1.0',
    name: 'pods',
    type: 'veth-bridge',
    bridge: 'cni0',
    ipam: hostLocal(node, ...subnets),
    ...fields,
  };
}

/** A network of veth-bridge on a node. The result's interfaces are the bridge, the host's end, the container's. */
export const podNetwork = (node: Node, fields: Config = {}, defaults: AttachOptions = {}): Pods =>
  createPods(node, bridgeConfig(node, fields), { port: 1, mac: 2 }, defaults);

/** What ip tells of a bridge port's own settings: `hairpin`, `isolated`. */
export async function portSettings(node: Node, port: string): Promise<Readonly<Record<string, unknown>>> {
  const link: IpObject | undefined = await node.link(port);
  return link?.linkinfo?.info_slave_data ?? {};
}
