/**
 * What `ip -details -json` prints, typed. Only the fields that plumbline looks at; ip adds more with each release.
 * The schemas are built when they are first needed: a DEL reads neither links nor routes, most often.
 */
import * as z from 'zod/mini';
import { CniError, ErrorCode } from '../errors.ts';
import { type Cidr, parseAddress } from '../net/address.ts';
import { once } from '../once.ts';
import type { Command } from './command.ts';

const addressInfo = once(() =>
  z.object({
    family: z.string(),
    local: z.string(),
    prefixlen: z.number(),
    scope: z.optional(z.string()),
    broadcast: z.optional(z.string()),
    label: z.optional(z.string()),
    dynamic: z.optional(z.boolean()),
    tentative: z.optional(z.boolean()),
    dadfailed: z.optional(z.boolean()),
    noprefixroute: z.optional(z.boolean()),
    valid_life_time: z.optional(z.number()),
    preferred_life_time: z.optional(z.number()),
  }),
);
export type AddressInfo = z.infer<ReturnType<typeof addressInfo>>;

const linkInfo = once(() =>
  z.object({
    ifindex: z.number(),
    ifname: z.string(),
    flags: z.array(z.string()),
    mtu: z.number(),
    operstate: z.optional(z.string()),
    master: z.optional(z.string()),
    address: z.optional(z.string()),
    ifalias: z.optional(z.string()),
    promiscuity: z.optional(z.number()),
    /** The peer's index, where it is in another namespace or unnamed. */
    link_index: z.optional(z.number()),
    link: z.optional(z.nullable(z.string())),
    /** Of a device on a bus: its address there, such as 0000:03:00.2 (Linux 5.14, iproute2 5.14). */
    parentdev: z.optional(z.string()),
    linkinfo: z.optional(
      z.object({
        info_kind: z.optional(z.string()),
        info_data: z.optional(z.record(z.string(), z.unknown())),
        info_slave_kind: z.optional(z.string()),
        info_slave_data: z.optional(z.record(z.string(), z.unknown())),
      }),
    ),
    addr_info: z.optional(z.array(addressInfo())),
  }),
);
const linkList = once(() => z.array(linkInfo()));
/** A link, with its addresses where it was read by `ip address show`. */
export type LinkInfo = z.infer<ReturnType<typeof linkInfo>>;

const nexthop = once(() => z.object({ gateway: z.optional(z.string()), dev: z.optional(z.string()) }));

const routeInfo = once(() =>
  z.object({
    dst: z.string(),
    gateway: z.optional(z.string()),
    dev: z.optional(z.string()),
    metric: z.optional(z.number()),
    table: z.optional(z.string()),
    scope: z.optional(z.string()),
    protocol: z.optional(z.string()),
    type: z.optional(z.string()),
    prefsrc: z.optional(z.string()),
    /** Seconds that a router's advertisement still holds. */
    expires: z.optional(z.number()),
    pref: z.optional(z.string()),
    flags: z.optional(z.array(z.string())),
    metrics: z.optional(z.array(z.record(z.string(), z.unknown()))),
    nexthops: z.optional(z.array(nexthop())),
  }),
);
const routeList = once(() => z.array(routeInfo()));
export type RouteInfo = z.infer<ReturnType<typeof routeInfo>>;

/**
 * Link attributes and addresses of one device. Never `link show` for what shares a batch with other reads: it leaves
 * ip's address family at AF_PACKET for the lines after it, and `address show` then prints no addresses.
 */
export const showDevice = (device: string): Command => ['address', 'show', 'dev', device];
/**
 * Routes of one device, of all tables, both families. Routes over several devices are not among them: ip's filter
 * passes those over.
 */
export const showRoutes = (device: string): readonly Command[] => [
  ['route', 'show', 'table', 'all', 'dev', device],
  // The prefix makes ip take IPv6; a batch has no -6 of its own for a line.
  ['route', 'show', 'table', 'all', 'root', '::/0', 'dev', device],
];

/** Routes of all devices, of all tables, both families. */
export const showAllRoutes: readonly Command[] = [
  ['route', 'show', 'table', 'all'],
  ['route', 'show', 'table', 'all', 'root', '::/0'],
];

/** ip fills a list with empty objects for what a filter left out. */
const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

function readList<T>(schema: z.ZodMiniType<T[]>, document: unknown, what: string): T[] {
  const entries = Array.isArray(document) ? document.filter((entry) => !isEmpty(entry)) : document;
  const parsed = z.safeParse(schema, entries);
  if (parsed.success) return parsed.data;
  throw new CniError(
    ErrorCode.internal,
    `ip printed ${what} in a form that is not known here; iproute2 5.10 or later is needed`,
    JSON.stringify(parsed.error.issues.slice(0, 3)),
  );
}

export function readLinks(document: unknown): LinkInfo[] {
  return readList(linkList(), document ?? [], 'links');
}

export function readLink(document: unknown): LinkInfo | undefined {
  return readLinks(document)[0];
}

export function readRoutes(document: unknown): RouteInfo[] {
  return readList(routeList(), document ?? [], 'routes');
}

/** The part of a route that leads through a device: itself, or one hop of a route over several. */
export function throughDevice(route: RouteInfo, device: string): RouteInfo[] {
  const hops = route.nexthops ?? [route];
  return hops.filter(({ dev }) => dev === device).map(({ gateway, dev }) => ({ ...route, gateway, dev }));
}

export function isUp(link: LinkInfo): boolean {
  return link.flags.includes('UP');
}

export function kindOf(link: LinkInfo): string | undefined {
  return link.linkinfo?.info_kind;
}

/** Addresses of a link as it was read. */
export function addressesOf(link: LinkInfo): Cidr[] {
  return (link.addr_info ?? []).flatMap(({ local, prefixlen }) => {
    const address = parseAddress(local);
    return address === undefined ? [] : [{ address, prefix: prefixlen }];
  });
}
