/** Fills a node's pod CIDRs into a network config. */
import { isObject, type JsonObject } from '../../lib/cni/json.ts';
import {
  type Address,
  boundsOf,
  type Cidr,
  formatAddress,
  formatCidr,
  networkCidr,
  parseCidr,
} from '../../lib/net/address.ts';
import { CommandError } from '../command.ts';

/** What a template has in place of the node's pod CIDR. */
const WORD = 'podCIDR';

/** Whether a template has to know the pod CIDRs. */
export function needsPodCidrs(template: string): boolean {
  return new RegExp(`"${WORD}(?:\\.\\w+)?"`).test(template);
}

/** @throws CommandError for what is no network, or two of one family */
export function parsePodCidrs(texts: readonly string[]): readonly Cidr[] {
  const cidrs = texts.map((text) => {
    const cidr = parseCidr(text);
    if (cidr === undefined)
      throw new CommandError(`pod CIDR ${JSON.stringify(text)} is no network such as 10.244.3.0/24`);
    return networkCidr(cidr);
  });
  if (new Set(cidrs.map(({ address }) => address.family)).size < cidrs.length) {
    throw new CommandError(`pod CIDRs ${texts.join(', ')}: there can be one of a family`);
  }
  return cidrs;
}

/**
 * A config with the pod CIDRs filled in; whatever else it has stays as it is.
 * @param config a .conf or .conflist
 * @throws CommandError where a range asks for a pod CIDR of a family that the node has none of
 */
export function fillIn(config: JsonObject, cidrs: readonly Cidr[]): JsonObject {
  const plugins = config['plugins'];
  if (!Array.isArray(plugins)) return fillPlugin(config, cidrs);
  return {
    ...config,
    plugins: plugins.map((plugin) => (isObject(plugin) ? fillPlugin(plugin, cidrs) : plugin)),
  };
}

function fillPlugin(plugin: JsonObject, cidrs: readonly Cidr[]): JsonObject {
  const ipam = plugin['ipam'];
  const ranges = isObject(ipam) ? ipam['ranges'] : undefined;
  if (!isObject(ipam) || !Array.isArray(ranges)) return plugin;
  return { ...plugin, ipam: { ...ipam, ranges: ranges.flatMap((set) => fillSet(set, cidrs)) } };
}

/** One set for each pod CIDR where the set's subnet is the node's, else the set itself. */
function fillSet(set: unknown, cidrs: readonly Cidr[]): readonly unknown[] {
  if (!Array.isArray(set)) return [set];
  const isNodes = set.some((range) => isObject(range) && range['subnet'] === WORD);
  if (isNodes) return cidrs.map((cidr) => set.map((range) => fillRange(range, [cidr])));
  return [set.map((range) => fillRange(range, cidrs))];
}

function fillRange(range: unknown, cidrs: readonly Cidr[]): unknown {
  if (!isObject(range)) return range;
  const [only] = cidrs;
  const subnet = range['subnet'] === WORD && only !== undefined ? formatCidr(only) : range['subnet'];
  const family = parseCidr(String(subnet))?.address.family;
  const cidr = cidrs.find(({ address }) => address.family === family);
  const values = Object.entries(range).map(
    ([key, value]) => [key, fillAddress(value, cidr, subnet)] as const,
  );
  return { ...Object.fromEntries(values), subnet };
}

function fillAddress(value: unknown, cidr: Cidr | undefined, subnet: unknown): unknown {
  if (value !== `${WORD}.first` && value !== `${WORD}.last`) return value;
  if (cidr === undefined) {
    throw new CommandError(`${value}: the node has no pod CIDR of the family of ${JSON.stringify(subnet)}`);
  }
  return formatAddress(value === `${WORD}.first` ? firstUsable(cidr) : lastUsable(cidr));
}

/** The address after the network's own. */
function firstUsable(cidr: Cidr): Address {
  const { first } = boundsOf(cidr);
  return { ...first, value: first.value + 1n };
}

/** The one before the broadcast address, which IPv6 does not have. */
function lastUsable(cidr: Cidr): Address {
  const { last } = boundsOf(cidr);
  return last.family === 4 ? { ...last, value: last.value - 1n } : last;
}
