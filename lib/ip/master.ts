/** The master of a macvlan or ipvlan where the config names none: the device of the default route. */
import type { Host, Netns } from '../exec/host.ts';
import { ipInSandbox } from './batch.ts';
import { readRoutes } from './read.ts';

/**
 * The device of the plugin's own default route, IPv4 before IPv6, the smallest metric first. Read from /proc/net, which
 * follows the reader's namespace: no child.
 */
export function defaultRouteDevice(host: Host): string | undefined {
  return (
    ipv4Default(host.kernel.read('/proc/net/route')) ?? ipv6Default(host.kernel.read('/proc/net/ipv6_route'))
  );
}

/** The same inside a sandbox, for masters that are there. */
export async function defaultRouteDeviceIn(host: Host, sandbox: Netns): Promise<string | undefined> {
  const documents = await ipInSandbox(host, sandbox, [
    ['route', 'show', 'default'],
    ['route', 'show', 'exact', '::/0'],
  ]);
  const routes = documents.flatMap(readRoutes).filter(({ dev }) => dev !== undefined);
  return routes.sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0))[0]?.dev;
}

interface DefaultRoute {
  readonly device: string;
  readonly metric: number;
}

const best = (routes: readonly DefaultRoute[]): string | undefined =>
  routes.toSorted((a, b) => a.metric - b.metric)[0]?.device;

/** Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask … (proc(5)). */
function ipv4Default(text = ''): string | undefined {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return best(
    rows
      .filter((row) => row[1] === '00000000' && row[7] === '00000000')
      .map((row) => ({ device: row[0] ?? '', metric: Number(row[6]) })),
  );
}

/** Columns: destination, its prefix length, source, its prefix length, next hop, metric (hexadecimal), …, device. */
function ipv6Default(text = ''): string | undefined {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return best(
    rows
      .filter((row) => /^0+$/.test(row[0] ?? '') && row[1] === '00' && row[9] !== 'lo')
      .map((row) => ({ device: row[9] ?? '', metric: Number.parseInt(row[5] ?? '', 16) })),
  );
}
