/** Commands about routes, as lines of a batch (ip-route(8)), and how a route that is there is told from one wanted. */
import { formatAddress, formatCidr, parseAddress, parseCidr } from '../net/address.ts';
import type { Command } from './command.ts';
import type { RouteInfo } from './read.ts';

/** A route with the fields of a CNI result; see Route in lib/cni/result.ts for their units. */
export interface RouteSettings {
  readonly dst: string;
  readonly gw?: string | undefined;
  readonly mtu?: number | undefined;
  readonly advmss?: number | undefined;
  readonly priority?: number | undefined;
  readonly table?: number | undefined;
  readonly scope?: number | undefined;
}

export function addRoute(device: string, route: RouteSettings): Command {
  const option = (name: string, value: number | string | undefined): string[] =>
    value === undefined ? [] : [name, String(value)];
  return [
    ...['route', 'append', route.dst],
    ...option('via', route.gw),
    ...['dev', device],
    ...option('metric', route.priority),
    ...option('table', route.table),
    ...option('scope', route.scope),
    ...option('mtu', route.mtu),
    ...option('advmss', route.advmss),
  ];
}

/** Whether a route that ip shows is the one wanted: same destination, gateway, table and, where asked for, metric. */
export function isRoute(info: RouteInfo, wanted: RouteSettings): boolean {
  if (info.type !== undefined && info.type !== 'unicast') return false;
  return (
    normalDestination(info.dst, wanted.dst) === normalDestination(wanted.dst, wanted.dst) &&
    (wanted.gw === undefined || info.gateway === normalAddress(wanted.gw)) &&
    // 0 leaves it to the kernel, which has other defaults for IPv6.
    (!wanted.priority || info.metric === wanted.priority) &&
    isTable(info.table, wanted.table)
  );
}

/** The tables that have a name everywhere (rt_tables of iproute2). */
const tables: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 };

/** ip leaves out or names the main table, and writes others by name where a node's rt_tables has one for them. */
function isTable(shown: string | undefined, wanted: number | undefined): boolean {
  const number = tables[shown ?? 'main'] ?? Number(shown);
  return Number.isNaN(number) || number === (wanted || 254);
}

/** ip writes an address in its shortest form; a config may hold any. */
function normalAddress(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : formatAddress(address);
}

/** ip writes `default` for the whole family, and a host's address without its prefix. */
function normalDestination(text: string, sibling: string): string {
  const isV6 = sibling.includes(':');
  if (text === 'default') return isV6 ? '::/0' : '0.0.0.0/0';
  const cidr = parseCidr(text.includes('/') ? text : `${text}/${isV6 ? 128 : 32}`);
  return cidr === undefined ? text : formatCidr(cidr);
}
