/** The config of host-local: what it accepts, and the ranges and wishes that follow from it. */
import * as z from '#zod';
import { baseConfigSchema, offByDefault, optionalText, optionalTexts } from '../../lib/cni/config.ts';
import type { Context } from '../../lib/cni/plugin.ts';
import type { Route } from '../../lib/cni/result.ts';
import { atLeast } from '../../lib/cni/version.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import {
  type Address,
  addressBits,
  boundsOf,
  compareAddresses,
  type Family,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  sameAddress,
} from '../../lib/net/address.ts';
import { cidrText, optionalAddress } from '../../lib/net/schema.ts';
import { once } from '../../lib/once.ts';
import {
  type AskedFault,
  assignAsked,
  describeSet,
  hostBounds,
  isInRange,
  isTooSmall,
  type Range,
  type RangeSet,
  rangesOverlap,
} from './pool.ts';

const rangeSchema = once(() =>
  z.object({
    subnet: cidrText(),
    rangeStart: optionalAddress(),
    rangeEnd: optionalAddress(),
    gateway: optionalAddress(),
  }),
);
export const rangeSetsSchema = once(() => z.array(z.array(rangeSchema())));

const optionalUint32 = once(() => z.optional(z.int().check(z.gte(0), z.lte(0xffffffff))));

const routeSchema = once(() =>
  z.object({
    dst: cidrText(),
    gw: optionalAddress(),
    mtu: optionalUint32(),
    advmss: optionalUint32(),
    priority: optionalUint32(),
    table: optionalUint32(),
    scope: z.optional(z.int().check(z.gte(0), z.lte(255))),
  }),
);

export const isPath = (path: string): boolean => !path.includes('\0');
export const isAbsoluteOrEmpty = (path: string): boolean => path === '' || path.startsWith('/');

const pathText = once(() => z.string().check(z.refine(isPath, { error: 'a path' })));

const ipamSchema = once(() =>
  z.looseObject({
    type: optionalText(),
    // The old form: one range.
    subnet: z.optional(cidrText()),
    rangeStart: optionalAddress(),
    rangeEnd: optionalAddress(),
    gateway: optionalAddress(),
    ranges: z._default(rangeSetsSchema(), []),
    routes: z._default(z.array(routeSchema()), []),
    resolvConf: z._default(pathText(), ''),
    dataDir: z.optional(pathText().check(z.refine(isAbsoluteOrEmpty, { error: 'an absolute path' }))),
    reclaimOnReboot: z._default(z.boolean(), true),
    reclaimForeign: offByDefault(),
  }),
);

export const configSchema = once(() =>
  z.extend(baseConfigSchema(), {
    ipam: ipamSchema(),
    runtimeConfig: z.optional(
      z.looseObject({
        mac: optionalText(),
        ips: optionalTexts(),
        ipRanges: z.optional(rangeSetsSchema()),
      }),
    ),
  }),
);
export type Config = z.infer<ReturnType<typeof configSchema>>;
type RangeConfig = z.infer<ReturnType<typeof rangeSchema>>;

export const defaultDataDir = '/var/lib/cni/networks';

export function dataDirOf({ ipam }: Config): string {
  return ipam.dataDir || defaultDataDir;
}

/** A range set with the field it comes from, for messages. */
interface NamedSet {
  readonly field: string;
  readonly set: RangeSet;
}

/**
 * The range sets, in the order in which they give addresses: the runtime's, the old form, then `ranges`. The order
 * numbers the sets on disk, where it must be the peer's.
 * @throws CniError 7 that names the field, the value and the remedy
 */
export function rangeSetsOf({
  config,
  request,
}: Pick<Context<Config>, 'config' | 'request'>): readonly RangeSet[] {
  const { subnet, rangeStart, rangeEnd, gateway } = config.ipam;
  const named: readonly NamedSet[] = [
    ...setsOf(config.runtimeConfig?.ipRanges ?? [], 'runtimeConfig.ipRanges'),
    ...(subnet === undefined
      ? []
      : [{ field: 'ipam', set: [toRange({ subnet, rangeStart, rangeEnd, gateway }, 'ipam')] }]),
    ...setsOf(config.ipam.ranges, 'ipam.ranges'),
  ];
  if (named.length === 0) {
    throw invalid('ipam.ranges: missing; give at least one range, such as [[{"subnet": "10.1.0.0/24"}]]');
  }
  refuseOverlaps(named);
  const sets = named.map(({ set }) => set);
  if (!atLeast(request.cniVersion, '0.3.0')) refuseMoreThanOne(sets, request.cniVersion);
  return sets;
}

function setsOf(sets: readonly (readonly RangeConfig[])[], field: string): readonly NamedSet[] {
  return sets.map((ranges, index) => ({
    field: `${field}[${index}]`,
    set: toSet(ranges, `${field}[${index}]`),
  }));
}

function toSet(ranges: readonly RangeConfig[], field: string): RangeSet {
  if (ranges.length === 0)
    throw invalid(`${field}: [], expected at least one range; add one, or leave the set out`);
  const set = ranges.map((range, index) => toRange(range, `${field}[${index}]`));
  const families = new Set(set.map(({ first }) => first.family));
  if (families.size > 1) {
    throw invalid(`${field}: ${describeSet(set)} mixes IPv4 and IPv6; put each family into a set of its own`);
  }
  return set;
}

function toRange(range: RangeConfig, field: string): Range {
  const subnet = parseCidr(range.subnet);
  if (subnet === undefined) throw invalid(`${field}.subnet: ${show(range.subnet)} is no network`);
  const bounds = boundsOf(subnet);
  if (!sameAddress(bounds.first, subnet.address)) {
    const network = formatCidr({ address: bounds.first, prefix: subnet.prefix });
    throw invalid(`${field}.subnet: ${show(range.subnet)} has host bits set; write ${network}`);
  }
  if (isTooSmall(subnet)) {
    throw invalid(
      `${field}.subnet: ${show(range.subnet)} is too small to give addresses from; ` +
        `use a prefix of at most /${addressBits(subnet.address.family) - 2}`,
    );
  }
  const addressAt = (key: 'gateway' | 'rangeStart' | 'rangeEnd', bad: string): Address | undefined => {
    const address = parseAddress(range[key] ?? '');
    // A gateway may be on the link and not in the subnet, as in the reference: 169.254.1.1, say, for pods of any subnet.
    const isGateway = key === 'gateway' && address?.family === bounds.first.family;
    if (address === undefined || isGateway || isInRange(bounds, address)) return address;
    throw invalid(
      `${field}.${key}: ${show(range[key])} is not ${bad} the subnet ${range.subnet}; correct one of them`,
    );
  };
  const hosts = hostBounds(bounds);
  const first = addressAt('rangeStart', 'in') ?? hosts.first;
  const last = addressAt('rangeEnd', 'in') ?? hosts.last;
  if (first.value > last.value) {
    throw invalid(
      `${field}.rangeStart: ${formatAddress(first)} comes after the range's end ${formatAddress(last)}; exchange them`,
    );
  }
  return { subnet, first, last, gateway: addressAt('gateway', 'of the family of') ?? hosts.first };
}

/** No two ranges may share an address, be they of one set or of two. Sorted, they need only look at their neighbour. */
function refuseOverlaps(named: readonly NamedSet[]): void {
  const sorted = named
    .flatMap(({ field, set }) => set.map((range) => ({ field, range })))
    .sort((a, b) => compareAddresses(a.range.first, b.range.first));
  for (const [index, { field, range }] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined || !rangesOverlap(before.range, range)) continue;
    throw invalid(
      `${field}: ${describeSet([range])} overlaps with ${describeSet([before.range])} of ${before.field}; ` +
        'separate them by rangeStart and rangeEnd',
    );
  }
}

function refuseMoreThanOne(sets: readonly RangeSet[], version: string): void {
  for (const family of [4, 6] satisfies Family[]) {
    const count = sets.filter(([range]) => range?.first.family === family).length;
    if (count > 1) {
      throw invalid(
        `cniVersion: ${show(version)} has room for one IPv${family} address, and there are ${count} range sets; ` +
          'raise cniVersion to 0.3.0 or later, or leave one set',
      );
    }
  }
}

/**
 * The addresses that are asked for, by the index of the set that gives them: the union of CNI_ARGS (IP), args.cni.ips
 * and runtimeConfig.ips. A prefix length behind an address is taken and means nothing; the range's own counts.
 * @throws CniError 4 (CNI_ARGS) or 7 where one is no address, or cannot be given
 */
export function askedOf(
  { config, request }: Pick<Context<Config>, 'config' | 'request'>,
  sets: readonly RangeSet[],
): ReadonlyMap<number, Address> {
  const asked = [
    ...(request.args.get('IP')?.split(',') ?? []).map((text) =>
      toAsked(text.trim(), 'CNI_ARGS: IP', ErrorCode.invalidEnvironment),
    ),
    ...(config.args?.cni?.ips ?? []).map((text, index) => toAsked(text, `args.cni.ips[${index}]`)),
    ...(config.runtimeConfig?.ips ?? []).map((text, index) => toAsked(text, `runtimeConfig.ips[${index}]`)),
  ];
  const { bySet, faults } = assignAsked(
    sets,
    asked.map(({ address }) => address),
  );
  if (faults.length > 0) {
    const texts = faults.map((fault) => {
      const origin = asked.find(({ address }) => sameAddress(address, fault.address));
      return `${origin?.field}: ${formatAddress(fault.address)} ${tellFault(fault, sets)}`;
    });
    throw invalid(texts.join('; '));
  }
  return bySet;
}

function toAsked(
  text: string,
  field: string,
  code: number = ErrorCode.invalidConfig,
): { address: Address; field: string } {
  const address = text.includes('/') ? parseCidr(text)?.address : parseAddress(text);
  if (address !== undefined) return { address, field };
  throw new CniError(code, `${field}: ${show(text)}, expected an address such as 10.1.0.5 or 10.1.0.5/24`);
}

function tellFault(fault: AskedFault, sets: readonly RangeSet[]): string {
  switch (fault.kind) {
    case 'gateway':
      return 'is a gateway, which is never given; ask for another address';
    case 'crowded':
      return `and ${formatAddress(fault.other)} are of one range set, which gives one address; ask for one of them`;
    case 'outside':
      return `is in no range (${sets.map(describeSet).join('; ')}); ask for an address of a range`;
  }
}

/** The routes of the result, their texts as the reference prints them; an empty gateway is as good as none. */
export function routesOf({ ipam }: Config): readonly Route[] {
  return ipam.routes.map(({ dst, gw, ...rest }) => {
    const [network, gateway] = [parseCidr(dst), parseAddress(gw ?? '')];
    return { ...rest, dst: network ? formatCidr(network) : dst, gw: gateway && formatAddress(gateway) };
  });
}

/** Whether an address is one of those that the sets give. */
export function isInSets(sets: readonly RangeSet[], address: Address): boolean {
  return sets.flat().some((range) => isInRange(range, address));
}

const invalid = (message: string): CniError => new CniError(ErrorCode.invalidConfig, message);
