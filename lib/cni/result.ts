/**
 * Results, inside always in the form of 1.1.0, and their older forms for reading and printing.
 *
 * Source: CNI specification 1.1.0, "Success"; the older forms from the specification's earlier releases. As the
 * reference does, the newer fields of a route are kept in all printed forms from 0.3.0 on.
 */
import { CniError, ErrorCode, show } from '../errors.ts';
import { isObject, type JsonObject, member } from './json.ts';
import { atLeast, type SpecVersion } from './version.ts';

export interface ResultInterface {
  readonly name: string;
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
  readonly sandbox?: string | undefined;
  readonly socketPath?: string | undefined;
  readonly pciID?: string | undefined;
}

export interface ResultIp {
  /** `address/prefix`. */
  readonly address: string;
  readonly gateway?: string | undefined;
  /** Index into interfaces. */
  readonly interface?: number | undefined;
}

export interface Route {
  /** `network/prefix`. */
  readonly dst: string;
  readonly gw?: string | undefined;
  readonly mtu?: number | undefined;
  readonly advmss?: number | undefined;
  readonly priority?: number | undefined;
  readonly table?: number | undefined;
  /** rtnetlink(7): 0 universe, 253 link, 254 host. */
  readonly scope?: number | undefined;
}

export interface Dns {
  readonly nameservers?: readonly string[] | undefined;
  readonly domain?: string | undefined;
  readonly search?: readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

export interface Result {
  readonly interfaces?: readonly ResultInterface[] | undefined;
  readonly ips: readonly ResultIp[];
  readonly routes: readonly Route[];
  readonly dns: Dns;
}

export const emptyResult: Result = { ips: [], routes: [], dns: {} };

export function hasDns(dns: Dns | undefined): dns is Dns {
  if (dns === undefined) return false;
  return (
    dns.nameservers !== undefined || dns.search !== undefined || dns.options !== undefined || !!dns.domain
  );
}

/** A result in the form of the given version, ready for JSON.stringify. */
export function printable(result: Result, version: SpecVersion): JsonObject {
  const dns = hasDns(result.dns) ? result.dns : {};
  if (!atLeast(version, '0.3.0')) {
    return {
      cniVersion: version,
      ip4: oldFamily(result, 4),
      ip6: oldFamily(result, 6),
      dns,
    };
  }
  return {
    cniVersion: version,
    interfaces: result.interfaces?.map((entry) => printableInterface(entry, version)),
    ips: result.ips.map((ip) =>
      atLeast(version, '1.0.0') ? ip : { version: String(familyOf(ip.address)), ...ip },
    ),
    routes: result.routes.length > 0 ? result.routes : undefined,
    dns,
  };
}

function printableInterface(entry: ResultInterface, version: SpecVersion): ResultInterface {
  if (atLeast(version, '1.1.0')) return entry;
  const { name, mac, sandbox } = entry;
  return { name, mac, sandbox };
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** 0.1.0 and 0.2.0 have one address a family, and only the plain route. */
function oldFamily(result: Result, family: 4 | 6): JsonObject | undefined {
  const [ip, ...more] = result.ips.filter(({ address }) => familyOf(address) === family);
  if (ip === undefined) return undefined;
  if (more.length > 0) {
    throw new CniError(
      ErrorCode.incompatibleVersion,
      `the result has ${more.length + 1} IPv${family} addresses, and cniVersion before 0.3.0 has room for one; ` +
        'raise cniVersion',
    );
  }
  const routes = result.routes
    .filter(({ dst }) => familyOf(dst) === family)
    .map(({ dst, gw }) => ({ dst, gw }));
  return { ip: ip.address, gateway: ip.gateway, routes: routes.length > 0 ? routes : undefined };
}

/**
 * A result in any version's form, as a delegate prints it or a runtime gives it back, in the inner form.
 * @param what names it in errors: `prevResult`, `result of host-local`
 * @throws CniError 6 when it does not have the form
 */
export function parseResult(value: unknown, what: string): Result {
  const object = expectObject(value, what);
  const dns = parseDns(member(object, 'dns'), `${what}.dns`);
  const old = [member(object, 'ip4'), member(object, 'ip6')].filter((family) => family !== undefined);
  if (old.length > 0) return { ...parseOldFamilies(old, what), dns };
  return {
    interfaces: listOf(object, 'interfaces', what, parseInterface),
    ips: listOf(object, 'ips', what, parseIp) ?? [],
    routes: listOf(object, 'routes', what, parseRoute) ?? [],
    dns,
  };
}

function parseOldFamilies(families: readonly unknown[], what: string): Pick<Result, 'ips' | 'routes'> {
  const objects = families.map((family) => expectObject(family, what));
  return {
    ips: objects.map((family) => ({
      address: text(family, 'ip', what) ?? missing(what, 'ip'),
      gateway: text(family, 'gateway', what),
    })),
    routes: objects.flatMap((family) => listOf(family, 'routes', what, parseRoute) ?? []),
  };
}

function parseInterface(value: unknown, what: string): ResultInterface {
  const object = expectObject(value, what);
  return {
    name: text(object, 'name', what) ?? missing(what, 'name'),
    mac: text(object, 'mac', what),
    mtu: integer(object, 'mtu', what),
    sandbox: text(object, 'sandbox', what),
    socketPath: text(object, 'socketPath', what),
    pciID: text(object, 'pciID', what),
  };
}

function parseIp(value: unknown, what: string): ResultIp {
  const object = expectObject(value, what);
  return {
    address: text(object, 'address', what) ?? missing(what, 'address'),
    gateway: text(object, 'gateway', what),
    interface: integer(object, 'interface', what),
  };
}

function parseRoute(value: unknown, what: string): Route {
  const object = expectObject(value, what);
  return {
    dst: text(object, 'dst', what) ?? missing(what, 'dst'),
    gw: text(object, 'gw', what),
    mtu: integer(object, 'mtu', what),
    advmss: integer(object, 'advmss', what),
    priority: integer(object, 'priority', what),
    table: integer(object, 'table', what),
    scope: integer(object, 'scope', what),
  };
}

function parseDns(value: unknown, what: string): Dns {
  if (value === undefined) return {};
  const object = expectObject(value, what);
  return {
    nameservers: texts(object, 'nameservers', what),
    domain: text(object, 'domain', what),
    search: texts(object, 'search', what),
    options: texts(object, 'options', what),
  };
}

function expectObject(value: unknown, what: string): JsonObject {
  if (!isObject(value)) throw malformed(what, value, 'an object');
  return value;
}

function list(value: unknown, what: string): readonly unknown[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw malformed(what, value, 'a list');
  return value;
}

/** The items of a member that is a list, each read with its place for errors: `prevResult.ips[0]`. */
function listOf<T>(
  object: JsonObject,
  key: string,
  what: string,
  read: (item: unknown, what: string) => T,
): readonly T[] | undefined {
  const place = `${what}.${key}`;
  return list(member(object, key), place)?.map((item, index) => read(item, `${place}[${index}]`));
}

function text(object: JsonObject, key: string, what: string): string | undefined {
  const value = member(object, key);
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw malformed(`${what}.${key}`, value, 'a string');
  return value;
}

function texts(object: JsonObject, key: string, what: string): readonly string[] | undefined {
  return list(member(object, key), `${what}.${key}`)?.map((item) => {
    if (typeof item !== 'string') throw malformed(`${what}.${key}[]`, item, 'a string');
    return item;
  });
}

function integer(object: JsonObject, key: string, what: string): number | undefined {
  const value = member(object, key);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw malformed(`${what}.${key}`, value, 'a whole number of 32 bits');
  }
  return value;
}

function missing(what: string, key: string): never {
  throw new CniError(ErrorCode.undecodable, `${what}: ${key} is missing`);
}

function malformed(what: string, value: unknown, expected: string): CniError {
  return new CniError(ErrorCode.undecodable, `${what}: ${show(value)} is not ${expected}`);
}
