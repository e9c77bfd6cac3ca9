/**
 * The network outside a node as a textbook draws it: a switch, of which the node's NIC is one port. The switch is a
 * bridge on a second node, and its own addresses are a station on the same wire.
 */
import type { Background } from './background.ts';
import { createNode, type Node } from './node.ts';
import type { Capture } from './outside.ts';

export interface Lan extends Node {
  /** The switch's own addresses: the outside, for pinging from containers, and their gateway. */
  readonly ip4: string;
  readonly ip6: string;
  /** The node's addresses on its NIC. */
  readonly nodeIp4: string;
  readonly nodeIp6: string;
  /** The node's NIC: the master. */
  readonly uplink: string;
  /** The MAC address of the station outside. */
  readonly mac: string;
  /** Both subnets, of which addresses from `.100` and `::100` on are free for containers. */
  readonly subnets: readonly [string, string];
  /** Whether the switch sends frames back out of the port that they came in by. */
  hairpin(on: boolean): Promise<void>;
  /** Records what passes the switch's port, until it is stopped. */
  capture(filter: string): Promise<Capture>;
}

const [bridge, port, uplink] = ['switch', 'port', 'uplink'];

export async function createLan(node: Node): Promise<Lan> {
  const outside = await createNode(`${node.name}-lan`);
  const mac = '02:00:5e:00:53:01';
  const addresses = { ip4: '10.30.0.1', ip6: 'fd30::1', nodeIp4: '10.30.0.2', nodeIp6: 'fd30::2' };
  await outside.batch(`
    link add ${bridge} address ${mac} type bridge
    link add ${port} master ${bridge} type veth peer name ${uplink} netns /proc/${node.pid}/ns/net
    address add ${addresses.ip4}/24 dev ${bridge}
    address add ${addresses.ip6}/64 dev ${bridge} nodad
    link set ${port} up
    link set ${bridge} up
  `);
  await node.batch(`
    address add ${addresses.nodeIp4}/24 dev ${uplink}
    address add ${addresses.nodeIp6}/64 dev ${uplink} nodad
    link set ${uplink} up
    route add default via ${addresses.ip4} dev ${uplink}
    route add default via ${addresses.ip6} dev ${uplink}
  `);

  return {
    ...outside,
    ...addresses,
    uplink,
    mac,
    subnets: ['10.30.0.0/24', 'fd30::/64'],
    async hairpin(on) {
      await outside.run('bridge', 'link', 'set', 'dev', port, 'hairpin', on ? 'on' : 'off');
    },
    async capture(filter) {
      const background: Background = outside.start(
        ...(['tcpdump', '-nn', '-e', '-l', '-U', '--immediate-mode', '-i', port, filter] as const),
      );
      await background.ready(/listening on/);
      return {
        background,
        stop: async () => (await background.stop('SIGINT')).split('\n').filter(Boolean),
        [Symbol.asyncDispose]: () => background[Symbol.asyncDispose](),
      };
    },
  };
}
