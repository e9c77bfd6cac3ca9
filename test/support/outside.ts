/** The network outside a node: a second node at the other end of an uplink, which knows no way back to any pod. */
import type { Background } from './background.ts';
import { createNode, type Node } from './node.ts';

export interface Outside extends Node {
  /** Its addresses, for pinging from containers. */
  readonly ip4: string;
  readonly ip6: string;
  /** The node's addresses on the uplink: the source that masqueraded packets have. */
  readonly nodeIp4: string;
  readonly nodeIp6: string;
  /** Name of the link on the node, and of its other end outside. */
  readonly uplink: string;
  readonly wan: string;
  /** Records what arrives and leaves here, until it is stopped. */
  capture(filter?: string): Promise<Capture>;
}

export interface Capture extends AsyncDisposable {
  readonly background: Background;
  /** Ends the recording; one line a packet, as `tcpdump -nn` tells it. */
  stop(): Promise<readonly string[]>;
}

export interface OutsideOptions {
  /** Name of the link on the node; `uplink` by default. */
  readonly uplink?: string;
  /** Tells several outsides of one node apart: the third byte of 203.0.x.y, 113 by default. */
  readonly number?: number;
  /** Whether the node's default routes lead here; true by default. */
  readonly defaultRoute?: boolean;
}

/**
 * Joins a node with a new outside by a veth. The node's default routes lead there, and none leads from there to a
 * pod: a ping from a container is answered only where its packets are masqueraded.
 */
export async function createOutside(node: Node, options: OutsideOptions = {}): Promise<Outside> {
  const { uplink = 'uplink', number = 113, defaultRoute = true } = options;
  const outside = await createNode(`${node.name}-outside`);
  const addresses = {
    ip4: `203.0.${number}.1`,
    ip6: `2001:db8:${number}::1`,
    nodeIp4: `203.0.${number}.2`,
    nodeIp6: `2001:db8:${number}::2`,
  };
  const wan = 'wan';
  await outside.batch(`
    link add ${wan} type veth peer name ${uplink} netns /proc/${node.pid}/ns/net
    address add ${addresses.ip4}/24 dev ${wan}
    address add ${addresses.ip6}/64 dev ${wan} nodad
    link set ${wan} up
  `);
  const routes = `
    route add default via ${addresses.ip4} dev ${uplink}
    route add default via ${addresses.ip6} dev ${uplink}
  `;
  await node.batch(`
    address add ${addresses.nodeIp4}/24 dev ${uplink}
    address add ${addresses.nodeIp6}/64 dev ${uplink} nodad
    link set ${uplink} up
    ${defaultRoute ? routes : ''}
  `);

  async function capture(filter = 'ip or ip6'): Promise<Capture> {
    const background = outside.start('tcpdump', '-nn', '-l', '-U', '--immediate-mode', '-i', wan, filter);
    await background.ready(/listening on/);
    return {
      background,
      async stop() {
        return (await background.stop('SIGINT')).split('\n').filter(Boolean);
      },
      [Symbol.asyncDispose]: () => background[Symbol.asyncDispose](),
    };
  }

  return { ...outside, ...addresses, uplink, wan, capture };
}
