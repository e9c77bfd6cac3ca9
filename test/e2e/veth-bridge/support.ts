/** Networks of veth-bridge as these tests use them, and containers that are attached to them. */
import {
  type AttachOptions,
  addressIn,
  type CniResult,
  type Component,
  type Config,
  type Container,
  type ContainerOptions,
  createContainer,
  type IpObject,
  type Network,
  type Node,
  network,
} from '../../support/index.ts';

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
export function bridgeConfig(node: Node, fields: Config = {}): Config & { name: string } {
  return {
    cniVersion: '1.1.0',
    name: 'pods',
    type: 'veth-bridge',
    bridge: 'cni0',
    ipam: hostLocal(node, ...subnets),
    ...fields,
  };
}

/** A container with an interface in a network. */
export interface Pod extends Container {
  readonly result: CniResult;
  readonly ip4: string;
  readonly ip6: string;
  /** Name of the veth's end on the node. */
  readonly port: string;
  readonly mac: string;
}

export interface Pods extends Network {
  readonly config: Config & { readonly name: string };
  /** A new container, attached by ADD. */
  start(name?: string, options?: ContainerOptions & AttachOptions): Promise<Pod>;
  /** DEL of all that have been started and not deleted yet. */
  clear(): Promise<void>;
}

/** A network of veth-bridge on a node. */
export function podNetwork(node: Node, fields: Config = {}, defaults: AttachOptions = {}): Pods {
  const config = bridgeConfig(node, fields);
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

/** A container with what its ADD said; ip4 and ip6 throw where there is no such address. */
function podOf(container: Container, result: CniResult): Pod {
  const port = result.interfaces?.[1]?.name ?? '';
  const mac = result.interfaces?.[2]?.mac ?? '';
  // By prototype: `alive` is a getter and must stay one.
  return Object.create(container, {
    result: { value: result },
    port: { value: port },
    mac: { value: mac },
    ip4: { get: () => addressIn(result, 4) },
    ip6: { get: () => addressIn(result, 6) },
  }) as Pod;
}

/** What ip tells of a bridge port's own settings: `hairpin`, `isolated`. */
export async function portSettings(node: Node, port: string): Promise<Readonly<Record<string, unknown>>> {
  const link: IpObject | undefined = await node.link(port);
  return link?.linkinfo?.info_slave_data ?? {};
}

/**
 * All of a node that a failed call must leave as it was, in one text: without the kernel's own link-local addresses,
 * which come when their detection is over, and without what the allocator keeps of a network that had an address: the
 * one that it gave last, and the boot in which that was.
 */
export async function stateOf(node: Node): Promise<string> {
  return node.sh(`
    { ip -brief link; ip -brief address; ip route; ip -6 route; } | sed 's/ *fe80::[^ ]*//' | sort
    nft -s list ruleset
    if [ -d '${node.dataDir}' ]; then
      cd '${node.dataDir}' && find . -type f ! -name 'last_reserved_ip.*' ! -name 'boot.*' | sort | xargs grep '' || :
    fi
  `);
}
