/** Networks of macvlan and ipvlan on a LAN as these tests use them, and containers that are attached to them. */
import {
  type AttachOptions,
  addressIn,
  type CniResult,
  type Config,
  type Container,
  type ContainerOptions,
  createContainer,
  inVirtualMachine,
  type Network,
  type Node,
  network,
} from '../../support/index.ts';

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

export type NamedConfig = Config & { readonly name: string };

/** A dual-stack network on the LAN's uplink. A field that is undefined is left out. */
export function childConfig(node: Node, type: Kind, fields: Config = {}): NamedConfig {
  return { cniVersion: '1.1.0', name: 'pods', type, master: 'uplink', ipam: hostLocal(node), ...fields };
}

/** A container with an interface in a network. */
export interface Pod extends Container {
  readonly result: CniResult;
  readonly ip4: string;
  readonly ip6: string;
  readonly mac: string;
}

export interface Pods extends Network {
  readonly config: NamedConfig;
  /** A new container, attached by ADD. */
  start(name?: string, options?: ContainerOptions & AttachOptions): Promise<Pod>;
  /** DEL of all that have been started and not deleted yet. */
  clear(): Promise<void>;
}

/** A network of macvlan or ipvlan on a node. */
export function childNetwork(
  node: Node,
  kind: Kind,
  fields: Config = {},
  defaults: AttachOptions = {},
): Pods {
  const config = childConfig(node, kind, fields);
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
  const mac = result.interfaces?.[0]?.mac ?? '';
  // By prototype: `alive` is a getter and must stay one.
  return Object.create(container, {
    result: { value: result },
    mac: { value: mac },
    ip4: { get: () => addressIn(result, 4) },
    ip6: { get: () => addressIn(result, 6) },
  }) as Pod;
}

/**
 * All of a node that a failed call must leave as it was, in one text: without the kernel's own link-local addresses,
 * and without what the allocator keeps of a network that had an address.
 */
export async function stateOf(node: Node): Promise<string> {
  return node.sh(`
    { ip -brief link; ip -brief address; ip route; ip -6 route; } | sed 's/ *fe80::[^ ]*//' | sort
    for folder in '${node.dataDir}' /run/plumbline; do
      [ -d "$folder" ] || continue
      cd "$folder"
      find . -type f ! -path './locks/*' ! -name 'last_reserved_ip.*' ! -name 'boot.*' ! -name lock | sort |
        while read -r file; do echo "$file: $(cat "$file")"; done
    done
  `);
}
