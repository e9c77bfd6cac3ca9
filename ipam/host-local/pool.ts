/**
 * Which address comes next: ranges, sets of ranges, and the round robin over them. Pure; what is taken is store.ts's
 * matter.
 */
import {
  type Address,
  addressBits,
  type Bounds,
  type Cidr,
  compareAddresses,
  formatAddress,
  sameAddress,
} from '../../lib/net/address.ts';

/** Addresses of one subnet, `first` and `last` inclusive. The gateway need not lie between them. */
export interface Range extends Bounds {
  readonly subnet: Cidr;
  readonly gateway: Address;
}

/** Ranges of one family that do not overlap; an attachment gets one address out of each set. */
export type RangeSet = readonly Range[];

/** An address to try, with its text, which is the name of its reservation. */
export interface Candidate {
  readonly address: Address;
  readonly text: string;
  readonly range: Range;
}

/** What of a subnet's addresses is for hosts: not the network's own, nor IPv4's broadcast address. */
export function hostBounds({ first, last }: Bounds): Bounds {
  const { family } = first;
  return {
    first: { family, value: first.value + 1n },
    last: { family, value: family === 4 ? last.value - 1n : last.value },
  };
}

/** Whether a subnet has room for a gateway and a host beside its first and last address: not so /31, /32, /127, /128. */
export function isTooSmall(subnet: Cidr): boolean {
  return subnet.prefix > addressBits(subnet.address.family) - 2;
}

export function isInRange({ first, last }: Bounds, address: Address): boolean {
  return first.family === address.family && first.value <= address.value && address.value <= last.value;
}

/** The set's range that holds the address. */
export function rangeOf(set: RangeSet, address: Address): Range | undefined {
  return set.find((range) => isInRange(range, address));
}

/** Whether two ranges share an address; their subnets may be the same. */
export function rangesOverlap(a: Bounds, b: Bounds): boolean {
  return a.first.family === b.first.family && a.first.value <= b.last.value && b.first.value <= a.last.value;
}

/** The gateways of all sets: none of them is ever handed out, by whichever range. */
export function gatewaysOf(sets: readonly RangeSet[]): readonly Address[] {
  return sets.flat().map((range) => range.gateway);
}

/**
 * The addresses of a set in the order in which they are to be tried: after the last reserved one, through the ranges
 * in their order, around, and the last reserved one itself at the end. From the set's first address where there is
 * none, or where it lies in no range. So an address rests for a whole round before it is used again.
 * @param taken texts of addresses that are known to be taken, and are passed over
 */
export function* candidates(
  set: RangeSet,
  gateways: readonly Address[],
  last: Address | undefined,
  taken: Iterable<string> = [],
): Generator<Candidate, void> {
  const excluded = new Set(taken);
  for (const gateway of gateways) excluded.add(formatAddress(gateway));
  const start = last === undefined ? -1 : set.findIndex((range) => isInRange(range, last));
  const begun = set[start];
  if (begun === undefined || last === undefined) {
    for (const range of set) yield* stretch(range, range.first.value, range.last.value, excluded);
    return;
  }
  yield* stretch(begun, last.value + 1n, begun.last.value, excluded);
  for (const range of [...set.slice(start + 1), ...set.slice(0, start)]) {
    yield* stretch(range, range.first.value, range.last.value, excluded);
  }
  yield* stretch(begun, begun.first.value, last.value, excluded);
}

/**
 * Goes through a part of a range, block by block. Within a block, addresses differ only in the last byte or group of
 * their text, so that thousands of taken ones are passed over in a millisecond.
 */
function* stretch(
  range: Range,
  from: bigint,
  to: bigint,
  excluded: ReadonlySet<string>,
): Generator<Candidate, void> {
  const { family } = range.first;
  const [size, base] = family === 4 ? [256n, 10] : [65536n, 16];
  for (let value = from; value <= to; ) {
    const block = value - (value % size);
    // The block's first address can be shortened in another way (fd00:: but fd00::1), so it is no prefix of the rest.
    const prefix = formatAddress({ family, value: block + 1n }).slice(0, -1);
    const end = Number(to - block < size ? to - block : size - 1n);
    for (let low = Number(value - block); low <= end; low += 1) {
      const text = low === 0 ? formatAddress({ family, value: block }) : `${prefix}${low.toString(base)}`;
      if (excluded.has(text)) continue;
      yield { address: { family, value: block + BigInt(low) }, text, range };
    }
    value = block + size;
  }
}

/** How many addresses a set can hand out. */
export function capacity(set: RangeSet, gateways: readonly Address[]): bigint {
  const within = distinct(gateways).filter((gateway) => rangeOf(set, gateway) !== undefined);
  const all = set.reduce((sum, { first, last }) => sum + (last.value - first.value + 1n), 0n);
  return all - BigInt(within.length);
}

/** How many of the taken addresses are among those that a set can hand out. */
export function countTaken(set: RangeSet, gateways: readonly Address[], taken: readonly Address[]): number {
  return taken.filter(
    (address) =>
      rangeOf(set, address) !== undefined && !gateways.some((gateway) => sameAddress(gateway, address)),
  ).length;
}

function distinct(addresses: readonly Address[]): readonly Address[] {
  const sorted = addresses.toSorted(compareAddresses);
  return sorted.filter((address, index) => {
    const before = sorted[index - 1];
    return before === undefined || !sameAddress(before, address);
  });
}

/** `10.0.0.1-10.0.0.254, 10.0.1.10-10.0.1.20`: a set as messages name it. */
export function describeSet(set: RangeSet): string {
  const shown = set.slice(0, 4).map(({ first, last }) => `${formatAddress(first)}-${formatAddress(last)}`);
  return `${shown.join(', ')}${set.length > 4 ? `, … (${set.length} ranges)` : ''}`;
}

/** Why asked-for addresses cannot be given. */
export type AskedFault =
  | { readonly kind: 'outside'; readonly address: Address }
  | { readonly kind: 'gateway'; readonly address: Address }
  | { readonly kind: 'crowded'; readonly address: Address; readonly other: Address };

/**
 * Which set gives which of the asked-for addresses: each set gives one, and none may be left over. An address that is
 * asked for twice is one.
 */
export function assignAsked(
  sets: readonly RangeSet[],
  asked: readonly Address[],
): { readonly bySet: ReadonlyMap<number, Address>; readonly faults: readonly AskedFault[] } {
  const bySet = new Map<number, Address>();
  const faults: AskedFault[] = [];
  const gateways = gatewaysOf(sets);
  for (const address of asked) {
    const index = sets.findIndex((set) => rangeOf(set, address) !== undefined);
    const other = bySet.get(index);
    if (gateways.some((gateway) => sameAddress(gateway, address))) faults.push({ kind: 'gateway', address });
    else if (index < 0) faults.push({ kind: 'outside', address });
    else if (other === undefined) bySet.set(index, address);
    else if (!sameAddress(other, address)) faults.push({ kind: 'crowded', address, other });
  }
  return { bySet, faults };
}
