import { ip2long, long2ip, Netmask } from 'netmask';
import { runtime } from '#runtime';
import { ipVersion } from './ip-version.ts';

/**
 * IPv4 and IPv6 addresses and networks as plain values.
 *
 * Text is read strictly first (ip-version.ts and a decimal prefix) and only then given to the libraries, which do the
 * arithmetic: `netmask` for IPv4, `ip-cidr` for IPv6. Alone they are too generous: netmask reads `10.1/16` as
 * 10.0.0.0/16, `010.0.0.1` as octal and takes hex; ip-cidr reads `::1.2.3.4` as the IPv4 address 1.2.3.4.
 */

export type Family = 4 | 6;

/** An address: `value` is its 32 or 128 bits as an unsigned integer. An IPv4-mapped IPv6 address is IPv4, as in Go. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** An address and a prefix length. `address` keeps its host bits: 10.1.2.3/24 is not 10.1.2.0/24. */
export interface Cidr {
  readonly address: Address;
  readonly prefix: number;
}

/** First and last address of a network, both inclusive. */
export interface Bounds {
  readonly first: Address;
  readonly last: Address;
}

const MAPPED = 0xffffn; // ::ffff:0:0/96, RFC 4291 section 2.5.5.2

/** Length of an address of this family in bits: 32 or 128. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/**
 * Reads an address as Go's net.ParseIP does: dotted decimal without leading zeros, or RFC 4291 text. A zone
 * (`fe80::1%eth0`) is no part of an address. `undefined` where the text is none.
 */
export function parseAddress(text: string): Address | undefined {
  const version = ipVersion(text);
  if (version === 0) return undefined;
  if (version === 4) return { family: 4, value: BigInt(ip2long(text)) };
  const value = parseIPv6(text);
  return value >> 32n === MAPPED ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}

/**
 * The text of an address exactly as Go's net.IP.String prints it: RFC 5952, lower case. It is a file's name in
 * host-local's store, shared with the reference plugin, where any other spelling would be another reservation.
 */
export function formatAddress(address: Address): string {
  if (address.family === 4) return long2ip(Number(address.value));
  if (address.value >> 32n === MAPPED) return long2ip(Number(address.value & 0xffffffffn));
  const groups = groupsOf(address.value);
  const gap = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (gap.length < 2) return hex.join(':');
  return `${hex.slice(0, gap.start).join(':')}::${hex.slice(gap.start + gap.length).join(':')}`;
}

/**
 * Reads `address/prefix`, the prefix a decimal number without sign or leading zero. An IPv4-mapped IPv6 address has no
 * meaningful prefix here and is refused. `undefined` where the text is none.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  if (address === undefined) return undefined;
  if (address.family === 4 && text.includes(':')) return undefined;
  const prefix = parsePrefix(text.slice(slash + 1), address.family);
  return prefix === undefined ? undefined : { address, prefix };
}

/** Reads a prefix length: decimal, 0 to 32 or 128. */
export function parsePrefix(text: string, family: Family): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const prefix = Number(text);
  return prefix <= addressBits(family) ? prefix : undefined;
}

/** `address/prefix`, host bits kept. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.address)}/${cidr.prefix}`;
}

/** The address alone as a network: /32 or /128. */
export function hostCidr(address: Address): Cidr {
  return { address, prefix: addressBits(address.family) };
}

/** The network that a CIDR lies in: host bits cleared. */
export function networkCidr(cidr: Cidr): Cidr {
  return { address: networkOf(cidr), prefix: cidr.prefix };
}

/** First and last address of the network that a CIDR lies in. */
export function boundsOf(cidr: Cidr): Bounds {
  const { family } = cidr.address;
  if (family === 4) {
    const block = new Netmask(`${formatAddress(cidr.address)}/${cidr.prefix}`);
    const first = BigInt(block.netLong);
    return { first: { family, value: first }, last: { family, value: first + BigInt(block.size) - 1n } };
  }
  // Eight full groups, since ip-cidr takes some compressed forms for IPv4.
  const full = groupsOf(cidr.address.value).map((group) => group.toString(16));
  const block = new (runtime.ipCidr())(`${full.join(':')}/${cidr.prefix}`);
  return {
    first: { family, value: block.start<bigint>({ type: 'bigInteger' }) },
    last: { family, value: block.end<bigint>({ type: 'bigInteger' }) },
  };
}

/** The network's own address, its first. */
export function networkOf(cidr: Cidr): Address {
  return boundsOf(cidr).first;
}

/** The network's last address; for IPv4 this is the broadcast address. */
export function lastOf(cidr: Cidr): Address {
  return boundsOf(cidr).last;
}

/** Whether the address lies in the CIDR's network. Families never mix. */
export function contains(cidr: Cidr, address: Address): boolean {
  if (cidr.address.family !== address.family) return false;
  const { first, last } = boundsOf(cidr);
  return first.value <= address.value && address.value <= last.value;
}

/** Whether two networks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.prefix <= b.prefix ? contains(a, b.address) : contains(b, a.address);
}

/** The address after this one; `undefined` after the family's last. */
export function next(address: Address): Address | undefined {
  const value = address.value + 1n;
  return value >> BigInt(addressBits(address.family)) === 0n ? { family: address.family, value } : undefined;
}

/** The address before this one; `undefined` before the family's first. */
export function previous(address: Address): Address | undefined {
  return address.value === 0n ? undefined : { family: address.family, value: address.value - 1n };
}

/** Whether two addresses are one. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value;
}

/** Below, at or above zero, as `a` sorts before, with or after `b`; IPv4 sorts before IPv6. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291). */
export function isLinkLocal({ family, value }: Address): boolean {
  return family === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan;
}

/** 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291). */
export function isMulticast({ family, value }: Address): boolean {
  return family === 4 ? value >> 28n === 0xen : value >> 120n === 0xffn;
}

/** 0.0.0.0 or `::`. */
export function isUnspecified({ value }: Address): boolean {
  return value === 0n;
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

// Takes only what isIPv6 has accepted.
function parseIPv6(text: string): bigint {
  const dot = text.includes('.') ? text.lastIndexOf(':') + 1 : -1;
  const hex = dot < 0 ? text : `${text.slice(0, dot)}${dottedToHex(text.slice(dot))}`;
  const [left = '', right] = hex.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const digits = [...head, ...zeros, ...tail].map((group) => group.padStart(4, '0'));
  return BigInt(`0x${digits.join('')}`);
}

function dottedToHex(text: string): string {
  const long = ip2long(text);
  return `${(long >>> 16).toString(16)}:${(long & 0xffff).toString(16)}`;
}

function groupsOf(value: bigint): number[] {
  const hex = value.toString(16).padStart(32, '0');
  return Array.from({ length: 8 }, (_, index) => Number.parseInt(hex.slice(index * 4, index * 4 + 4), 16));
}

// The longest run of zero groups, the first of equals (RFC 5952 section 4.2.3).
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}
