/** The kernel's share of the work: link, addresses and routes as a person would make them by hand, and nothing else. */
import { systemPath } from '../support/paths.ts';
import { type Plugin, plugIn, trunkOf } from './contenders.ts';
import type { Command } from './protocol.ts';
import type { Sandbox, Station } from './station.ts';

/** Arguments: 1 a name on the node, 2 the sandbox, 3 address, 4 gateway, 5 bridge or NIC. */
type Scripts = Readonly<Record<'ADD' | 'DEL', string>>;

const addressScript = `
exec nsenter --net="$2" ip -batch - <<END
address add $3/16 broadcast + dev eth0
link set dev eth0 up
route add default via $4
END
`;

/** Made under a name of the node's and moved, as older kernels want it where the node has an eth0, too. */
const childScripts = (kind: string): Scripts => ({
  ADD: `
ip -batch - <<END
link add name "$1" link "$5" type ${kind}
link set dev "$1" netns $2 name eth0
END
${addressScript}`,
  DEL: 'exec nsenter --net="$2" ip link delete dev eth0',
});

const scripts: Readonly<Record<Plugin, Scripts>> = {
  'veth-bridge': {
    ADD: `
ip -batch - <<END
link add name "$1" master "$5" type veth peer name eth0 netns $2
link set dev "$1" up
END
${addressScript}`,
    DEL: 'exec ip link delete dev "$1"',
  },
  macvlan: childScripts('macvlan mode bridge'),
  ipvlan: childScripts('ipvlan mode l2 bridge'),
};

/** A network made by hand. */
export interface Floor {
  readonly plugin: Plugin;
  /** Its subnet is `10.<number>.0.0/16`. */
  readonly number: number;
}

/** @param host number of the container: its address is `10.<number>.1.<host>` */
export function floorCall(
  command: 'ADD' | 'DEL',
  { plugin, number }: Floor,
  { netns }: Sandbox,
  host: number,
): Command {
  const addresses = [`10.${number}.1.${host}`, `10.${number}.0.1`];
  const values = [`floor${number}-${host}`, netns, ...addresses, trunkOf(plugin, number)];
  return {
    argv: ['/bin/sh', '-ec', scripts[plugin][command], 'sh', ...values],
    env: { PATH: systemPath },
    input: '',
  };
}

/** Makes what the node has before its first container. */
export async function prepareFloor(station: Station, { plugin, number }: Floor): Promise<void> {
  if (plugin !== 'veth-bridge') return plugIn(station, plugin, number);
  const bridge = trunkOf(plugin, number);
  await station.node.sh(`
    ip link add ${bridge} type bridge
    ip address add 10.${number}.0.1/16 dev ${bridge}
    ip link set ${bridge} up
    sysctl -qw net.ipv4.ip_forward=1
  `);
}
