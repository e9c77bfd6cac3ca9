/** The master of a macvlan or ipvlan where the config names none: the device of the default route. */
import type { Host, Netns } from '../exec/host.ts';
import { ipBatch, ipInSandbox } from './batch.ts';
import { type RouteInfo, readRoutes, showAllRoutes } from './read.ts';

/**
 * Bytes of /proc/net/route, 128 a route, that have all default routes in them: the kernel tells routes by their
 * destination, 0.0.0.0 first (fib_route_seq_show in net/ipv4/fib_trie.c). There may be one for each container behind them.
 */
const beginning = 8192;

/** The device of the plugin's own default route, IPv4 before IPv6, the smallest metric first. */
export async function defaultRouteDevice(host: Host): Promise<string | undefined> {
  // From /proc/net, which follows the reader's namespace, without a child. IPv6's file there has all tables in one.
  const device = ipv4Default(host.kernel.read('/proc/net/route', beginning));
  return device ?? smallest(await ipBatch(host, showAllRoutes, { force: true }));
}

/** The same inside a sandbox, for masters that are there. */
export async function defaultRouteDeviceIn(host: Host, sandbox: Netns): Promise<string | undefined> {
  return smallest(await ipInSandbox(host, sandbox, showAllRoutes, { force: true }));
}

interface DefaultRoute {
  readonly device: string;
  readonly metric: number;
}

const best = (routes: readonly DefaultRoute[]): string | undefined =>
  routes.toSorted((a, b) => a.metric - b.metric)[0]?.device;

/** @param documents the routes of IPv4, then those of IPv6 */
function smallest(documents: readonly unknown[]): string | undefined {
  return documents.map((document) => best(readRoutes(document).flatMap(asDefault))).find(Boolean);
}

/** A default route of the main table that leads somewhere. */
function asDefault({
  dst,
  type = 'unicast',
  table = 'main',
  metric = 0,
  dev,
  nexthops,
}: RouteInfo): DefaultRoute[] {
  const device = dev ?? nexthops?.[0]?.dev;
  const leads = dst === 'default' && type === 'unicast' && table === 'main';
  return leads && device !== undefined ? [{ device, metric }] : [];
}

/** Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask … (proc(5)); an unreachable route's Iface is `*`. */
function ipv4Default(text = ''): string | undefined {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return best(
    rows
      .filter((row) => row[0] !== '*' && row[1] === '00000000' && row[7] === '00000000')
      .map((row) => ({ device: row[0] ?? '', metric: Number(row[6]) })),
  );
}
