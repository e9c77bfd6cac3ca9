/** A real DHCP server on a network, and the reference's dhcp daemon on a node: IPAM of type dhcp. */
import { join } from 'node:path';
import type { Node } from './node.ts';
import { referenceDir } from './paths.ts';
import { eventually } from './place.ts';

export interface DhcpServer {
  /** Lines of its own file: expiry, MAC address, address, name, client. */
  leases(): Promise<string>;
  /** Whether the server has no lease of an address any more, or will have none in a moment. */
  isReleased(address: string): Promise<boolean>;
}

/**
 * Starts dnsmasq at a link of a place outside.
 * @param range first and last address, and the netmask: `10.30.0.200,10.30.0.220,255.255.255.0`
 */
export async function startDhcpServer(outside: Node, link: string, range: string): Promise<DhcpServer> {
  const server = outside.start(
    'dnsmasq',
    ...['--no-daemon', '--conf-file=/dev/null', '--user=root', '--port=0', '--no-ping'],
    ...[`--interface=${link}`, '--bind-interfaces', '--dhcp-authoritative', '--dhcp-leasefile=/run/leases'],
    `--dhcp-range=${range},5m`,
  );
  await server.ready(/DHCP, sockets bound|DHCP, IP range/);
  const leases = (): Promise<string> => outside.run('cat', '/run/leases');
  return {
    leases,
    isReleased: (address) => eventually(async () => !(await leases()).includes(`${address} `)),
  };
}

/** Starts the reference's daemon, which keeps the leases of a node's containers, at its default socket. */
export async function startDhcpDaemon(node: Node): Promise<void> {
  const socket = '/run/cni/dhcp.sock';
  node.start(join(referenceDir, 'dhcp'), 'daemon', '-socketpath', socket);
  const isThere = async (): Promise<boolean> => (await node.try('test', '-S', socket)).code === 0;
  if (!(await eventually(isThere))) throw new Error(`the dhcp daemon has made no ${socket}`);
}
