/** Networks of ovs as these tests use them, containers that are attached to them, and what the database says of both. */
import { expect } from 'vitest';
import {
  type AttachOptions,
  addressIn,
  type CniResult,
  type Component,
  type Config,
  type Container,
  type ContainerOptions,
  createContainer,
  type Network,
  type Node,
  network,
  type Ovs,
  type OvsRow,
} from '../../support/index.ts';

export const portTypes = ['veth', 'internal'] as const;
export type PortType = (typeof portTypes)[number];

/** What the default network gives: 10.40.0.2 and fd40::2 to the first container. */
export const subnets = ['10.40.0.0/24', 'fd40::/64'];

export const forOvs: readonly Component[] = ['ovs', 'ipv6'];

/** host-local over the node's own folder: one range set a subnet. */
export function hostLocal(node: Node, ...ranges: readonly string[]): Config {
  return { type: 'host-local', dataDir: node.dataDir, ranges: ranges.map((subnet) => [{ subnet }]) };
}

export type NamedConfig = Config & { readonly name: string };

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

/** A container with an interface in a network. */
export interface Pod extends Container {
  readonly result: CniResult;
  readonly ip4: string;
  readonly ip6: string;
  /** Name of the port, and of its link on the node where it has one. */
  readonly port: string;
  readonly mac: string;
}

export interface Pods extends Network {
  readonly config: NamedConfig;
  /** A new container, attached by ADD. */
  start(name?: string, options?: ContainerOptions & AttachOptions): Promise<Pod>;
  /** DEL of all that have been started and not deleted yet. */
  clear(): Promise<void>;
}

export function ovsNetwork(node: Node, fields: Config = {}, defaults: AttachOptions = {}): Pods {
  const config = ovsConfig(node, fields);
  const net = network(node, config, defaults);
  const started = new Map<Container, AttachOptions>();
  return {
    ...net,
    config,
    async start(name, options = {}) {
      const container = await createContainer(node, { ...options, ...(name === undefined ? {} : { name }) });
      const result = await net.add(container, options);
      started.set(container, options);
      return podOf(container, result);
    },
    async del(container, options) {
      await net.del(container, options);
      started.delete(container);
    },
    async clear() {
      for (const [container, options] of started) await net.del(container, options);
      started.clear();
    },
  };
}

/** Without IPAM, on layer 2 alone: addresses are put on by hand. */
export const layer2 = (node: Node, name: string, fields: Config = {}): Pods =>
  ovsNetwork(node, { name, ipam: undefined, ...fields });

/** A container with what its ADD said; ip4 and ip6 throw where there is no such address. */
export function podOf(container: Container, result: CniResult): Pod {
  // By prototype: `alive` is a getter and must stay one.
  return Object.create(container, {
    result: { value: result },
    port: { value: result.interfaces?.[0]?.name ?? '' },
    mac: { value: result.interfaces?.[1]?.mac ?? '' },
    ip4: { get: () => addressIn(result, 4) },
    ip6: { get: () => addressIn(result, 6) },
  }) as Pod;
}

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
 * All of a node that a failed call must leave as it was, in one text: links and addresses, reservations, rows.
 * Without the kernel's own link-local addresses, without the state of a link (that of a bridge's is told one way or the
 * other after a daemon's restart), and without what the allocator keeps of a network that had an address.
 */
export async function stateOf(node: Node, ovs?: Ovs): Promise<string> {
  const onNode = await node.sh(`
    { ip -brief link | awk '{ $2 = ""; print }'; ip -brief address | awk '{ $2 = ""; print }'; ip route; ip -6 route; } |
      sed 's/ *fe80::[^ ]*//' | sort
    for folder in '${node.dataDir}' /run/plumbline; do
      [ -d "$folder" ] || continue
      cd "$folder"
      find . -type f ! -path './locks/*' ! -name 'last_reserved_ip.*' ! -name 'boot.*' ! -name lock | sort |
        while read -r file; do echo "$file: $(cat "$file")"; done
    done
  `);
  const facts = (await ovs?.facts()) ?? [];
  return [onNode, ...facts.map(({ text }) => text).sort()].join('\n');
}
