/** From what IPAM answered to the addresses, gateways and routes of this network. */
import type { Dns, Result, ResultIp, Route } from '../cni/result.ts';
import { CniError, ErrorCode, show } from '../errors.ts';
import {
  type Cidr,
  formatAddress,
  formatCidr,
  networkCidr,
  networkOf,
  next,
  parseAddress,
  parseCidr,
} from '../net/address.ts';

export interface Addressing {
  /** As they go into the result: interface index and gateway filled in. */
  readonly ips: readonly ResultIp[];
  readonly routes: readonly Route[];
  readonly addresses: readonly Cidr[];
  /** Addresses of the gateway, each with its subnet's prefix; empty where this plugin is none. */
  readonly gateways: readonly Cidr[];
  readonly dns: Dns;
}

export const noAddressing: Addressing = { ips: [], routes: [], addresses: [], gateways: [], dns: {} };

export interface AddressingOptions {
  /** Whether this plugin is the gateway: one that IPAM does not name is then the subnet's first address. */
  readonly gateway: boolean;
  /** Whether a default route of each family is wanted where IPAM gives none. */
  readonly defaultGateway: boolean;
  /** Place of the sandbox's link among the result's interfaces. */
  readonly sandboxIndex: number;
}

/** @throws CniError 6 where IPAM answered with no address, or with what is none */
export function addressingOf(result: Result, options: AddressingOptions, ipam: string): Addressing {
  if (result.ips.length === 0) {
    throw new CniError(ErrorCode.undecodable, `ipam.type ${show(ipam)}: the plugin answered with no address`);
  }
  const entries = result.ips.map((ip) => withGateway(ip, options, ipam));
  const routes = result.routes.map((route) => normalRoute(route, ipam));
  return {
    ips: entries.map(({ ip }) => ip),
    routes: options.defaultGateway ? [...routes, ...defaultRoutes(entries, routes)] : routes,
    addresses: entries.map(({ address }) => address),
    gateways: options.gateway ? entries.flatMap(({ gateway }) => gateway ?? []) : [],
    dns: result.dns,
  };
}

interface Entry {
  readonly ip: ResultIp;
  readonly address: Cidr;
  readonly gateway: Cidr | undefined;
}

function withGateway(ip: ResultIp, options: AddressingOptions, ipam: string): Entry {
  const address = parseCidr(ip.address);
  if (address === undefined) throw notAnAddress(ip.address, ipam);
  const given = ip.gateway === undefined ? undefined : parseAddress(ip.gateway);
  if (ip.gateway !== undefined && given === undefined) throw notAnAddress(ip.gateway, ipam);
  if (given !== undefined && given.family !== address.address.family) {
    throw new CniError(
      ErrorCode.undecodable,
      `ipam.type ${show(ipam)}: the plugin answered with the address ${ip.address} and a gateway of the other family, ${ip.gateway}`,
    );
  }
  // Where IPAM names none, the gateway is the first address of the subnet.
  const gateway = given ?? (options.gateway ? next(networkOf(address)) : undefined);
  return {
    ip: { ...ip, interface: options.sandboxIndex, gateway: gateway && formatAddress(gateway) },
    address,
    gateway: gateway && { address: gateway, prefix: address.prefix },
  };
}

/** In the kernel's spelling, without host bits: so CHECK finds it again. */
function normalRoute(route: Route, ipam: string): Route {
  const dst = parseCidr(route.dst);
  if (dst === undefined) throw notAnAddress(route.dst, ipam);
  const gw = route.gw === undefined ? undefined : parseAddress(route.gw);
  if (route.gw !== undefined && gw === undefined) throw notAnAddress(route.gw, ipam);
  if (gw !== undefined && gw.family !== dst.address.family) {
    throw new CniError(
      ErrorCode.undecodable,
      `ipam.type ${show(ipam)}: the plugin answered with a route to ${route.dst} and a gateway of the other family, ${route.gw}`,
    );
  }
  return { ...route, dst: formatCidr(networkCidr(dst)), gw: gw && formatAddress(gw) };
}

/** The gateway of a route that names none: that of its family, as in the reference; none for a route of the link itself. */
export function gatewayFor(route: Route, ips: readonly ResultIp[]): string | undefined {
  if (route.gw !== undefined || (route.scope ?? 0) !== 0) return route.gw;
  const isV6 = route.dst.includes(':');
  return ips.find((ip) => ip.gateway !== undefined && ip.address.includes(':') === isV6)?.gateway;
}

/** A default route without a gateway gets its family's, so it is one that the kernel would not take a second time. */
function defaultRoutes(entries: readonly Entry[], routes: readonly Route[]): Route[] {
  const ips = entries.map(({ ip }) => ip);
  const missing = ([4, 6] as const).filter(
    (family) => !routes.some((route) => isDefault(route, family) && gatewayFor(route, ips)),
  );
  return missing.flatMap((family) => {
    const entry = entries.find(({ address }) => address.address.family === family);
    return entry?.gateway
      ? [{ dst: family === 4 ? '0.0.0.0/0' : '::/0', gw: formatAddress(entry.gateway.address) }]
      : [];
  });
}

/** The main table's: one in a table of its own is for whoever looks there by a rule. */
function isDefault({ dst, table }: Route, family: 4 | 6): boolean {
  const cidr = parseCidr(dst);
  return cidr?.prefix === 0 && cidr.address.family === family && (table || mainTable) === mainTable;
}

/** RT_TABLE_MAIN, linux/rtnetlink.h; 0 means it too. */
const mainTable = 254;

function notAnAddress(text: string, ipam: string): CniError {
  return new CniError(
    ErrorCode.undecodable,
    `ipam.type ${show(ipam)}: the plugin answered with ${show(text)}, which is no address`,
  );
}
