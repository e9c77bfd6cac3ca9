/** Containers that are attached to one network, and remembered until they are deleted. */
import type { Config } from './cni.ts';
import { addressIn, type CniResult } from './cni-result.ts';
import { type Container, type ContainerOptions, createContainer } from './container.ts';
import { type AttachOptions, type Network, network } from './network.ts';
import type { Node } from './node.ts';

export type NamedConfig = Config & { readonly name: string };

/** A container with an interface in a network. */
export interface Pod extends Container {
  readonly result: CniResult;
  readonly ip4: string;
  readonly ip6: string;
  /** Name of the link's end, or of its port, on the node; empty where it has none. */
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

/** Where a plugin's result has what a pod tells: indices among its interfaces. */
export interface Places {
  readonly port?: number;
  readonly mac: number;
}

/** A network on a node, whose containers it makes itself. */
export function createPods(
  node: Node,
  config: NamedConfig,
  places: Places,
  defaults: AttachOptions = {},
): Pods {
  const net = network(node, config, defaults);
  const started = new Map<Container, AttachOptions>();
  return {
    ...net,
    config,
    async start(name, options = {}) {
      const container = await createContainer(node, { ...options, ...(name === undefined ? {} : { name }) });
      const result = await net.add(container, options);
      started.set(container, options);
      return asPod(container, result, places);
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
export function asPod(container: Container, result: CniResult, { port, mac }: Places): Pod {
  // By prototype: `alive` is a getter and must stay one.
  return Object.create(container, {
    result: { value: result },
    port: { value: port === undefined ? '' : (result.interfaces?.[port]?.name ?? '') },
    mac: { value: result.interfaces?.[mac]?.mac ?? '' },
    ip4: { get: () => addressIn(result, 4) },
    ip6: { get: () => addressIn(result, 6) },
  }) as Pod;
}
