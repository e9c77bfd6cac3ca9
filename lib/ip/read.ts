/**
 * What `ip -details -json` prints, typed. Only the fields that plumbline looks at; ip adds more with each release.
 * The schemas are built when they are first needed: a DEL reads neither links nor routes, most often.
 */
import * as z from '#zod';
import { CniError, ErrorCode } from '../errors.ts';
import { type Cidr, parseAddress } from '../net/address.ts';
import { once } from '../once.ts';
import { isProperties, type Reader } from '../plain.ts';
import type { Command } from './command.ts';
import { plainLinks, plainRoutes } from './plain.ts';

type JsonProperties = Readonly<Record<string, unknown>>;

const text = once(() => z.optional(z.string()));
const flag = once(() => z.optional(z.boolean()));
const number = once(() => z.optional(z.number()));
/** Not looked into: a bridge has fifty of them, of which one or two are read. */
const properties = once(() => z.custom<JsonProperties>(isProperties));

const addressInfo = once(() =>
  z.object({
    family: z.string(),
    local: z.string(),
    prefixlen: z.number(),
    scope: text(),
    broadcast: text(),
    label: text(),
    dynamic: flag(),
    tentative: flag(),
    dadfailed: flag(),
    noprefixroute: flag(),
    valid_life_time: number(),
    preferred_life_time: number(),
  }),
);
export type AddressInfo = z.infer<ReturnType<typeof addressInfo>>;

const linkInfo = once(() =>
  z.object({
    ifindex: z.number(),
    ifname: z.string(),
    flags: z.array(z.string()),
    mtu: z.number(),
    operstate: text(),
    master: text(),
    address: text(),
    ifalias: text(),
    promiscuity: number(),
    /** The peer's index, where it is in another namespace or unnamed. */
    link_index: number(),
    link: z.optional(z.nullable(z.string())),
    /** Of a device on a bus: its address there, such as 0000:03:00.2 (Linux 5.14, iproute2 5.14). */
    parentdev: text(),
    linkinfo: z.optional(
      z.object({
        info_kind: text(),
        info_data: z.optional(properties()),
        info_slave_kind: text(),
      }),
    ),
    addr_info: z.optional(z.array(addressInfo())),
  }),
);
export const linkList = once(() => z.array(linkInfo()));
/** A link, with its addresses where it was read by `ip address show`. */
export type LinkInfo = z.infer<ReturnType<typeof linkInfo>>;

const nexthop = once(() => z.object({ gateway: text(), dev: text() }));

const routeInfo = once(() =>
  z.object({
    dst: z.string(),
    gateway: text(),
    dev: text(),
    metric: number(),
    table: text(),
    scope: text(),
    protocol: text(),
    type: text(),
    prefsrc: text(),
    /** Seconds that a router's advertisement still holds. */
    expires: number(),
    pref: text(),
    flags: z.optional(z.array(z.string())),
    metrics: z.optional(z.array(properties())),
    nexthops: z.optional(z.array(nexthop())),
  }),
);
export const routeList = once(() => z.array(routeInfo()));
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
const isEmpty = (value: unknown): boolean => isProperties(value) && Object.keys(value).length === 0;

export interface PrintedForm<T> {
  readonly plain: Reader;
  readonly schema: () => z.ZodMiniType<T>;
  /** What is told of anything else. */
  readonly otherwise: string;
}

/** @throws CniError 999 for what ip has never printed */
export function readPrinted<T>({ plain, schema, otherwise }: PrintedForm<T>, document: unknown): T {
  const read = plain(document);
  if (read !== undefined) return read as T;
  const parsed = z.safeParse(schema(), document);
  if (parsed.success) return parsed.data;
  throw new CniError(ErrorCode.internal, otherwise, JSON.stringify(parsed.error.issues.slice(0, 3)));
}

const formOf = <T>(what: string, plain: Reader, schema: () => z.ZodMiniType<T>): PrintedForm<T> => ({
  plain,
  schema,
  otherwise: `ip printed ${what} in a form that is not known here; iproute2 5.10 or later is needed`,
});
const links = formOf('links', plainLinks, linkList);
const routes = formOf('routes', plainRoutes, routeList);

const withoutEmpty = (document: unknown): unknown =>
  Array.isArray(document) ? document.filter((entry) => !isEmpty(entry)) : (document ?? []);

export function readLinks(document: unknown): LinkInfo[] {
  return readPrinted(links, withoutEmpty(document));
}

export function readLink(document: unknown): LinkInfo | undefined {
  return readLinks(document)[0];
}

export function readRoutes(document: unknown): RouteInfo[] {
  return readPrinted(routes, withoutEmpty(document));
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
