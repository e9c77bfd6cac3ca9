import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Address,
  addressBits,
  boundsOf,
  type Cidr,
  compareAddresses,
  contains,
  formatAddress,
  formatCidr,
  hostCidr,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  lastOf,
  networkCidr,
  networkOf,
  next,
  overlaps,
  parseAddress,
  parseCidr,
  parsePrefix,
  previous,
  sameAddress,
} from '../../../lib/net/address.ts';

const ip = (text: string): Address => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
};
const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`${text} is no network`);
  return parsed;
};

const MAPPED = 0xffffn;
const anyV4 = fc.bigInt(0n, 2n ** 32n - 1n).map((value): Address => ({ family: 4, value }));
const anyV6 = fc
  .oneof(
    fc.bigInt(0n, 2n ** 128n - 1n),
    // Many zero groups, where the text is shortened.
    fc
      .array(fc.oneof(fc.constant(0n), fc.bigInt(0n, 0xffffn)), { minLength: 8, maxLength: 8 })
      .map((groups) => groups.reduce((value, group) => (value << 16n) | group, 0n)),
  )
  .filter((value) => value >> 32n !== MAPPED)
  .map((value): Address => ({ family: 6, value }));
const anyAddress = fc.oneof(anyV4, anyV6);
const anyCidr = anyAddress.chain((address) =>
  fc.nat(addressBits(address.family)).map((prefix): Cidr => ({ address, prefix })),
);

describe('addresses as text', () => {
  // Each right-hand side is what Go 1.24's net.ParseIP(text).String() prints.
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['FD00::ABCD', 'fd00::abcd'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['0:0:1::', '0:0:1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:a00:1', '10.0.0.1'],
  ])('%s is %s, as Go prints it', (text, printed) => {
    expect(formatAddress(ip(text))).toBe(printed);
  });

  test.each([
    '',
    '10.1',
    '10.0.0.1.',
    '10.0.0.256',
    '010.0.0.1',
    '0x0a.0.0.1',
    '167772161',
    ' 10.0.0.1',
    '10.0.0.1\n',
    '10.0.0.1/24',
    'fe80::1%eth0',
    ':::',
    '1::2::3',
    '12345::',
    '::ffff:010.0.0.1',
    'localhost',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test('what is printed reads back as the same address', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(ip(formatAddress(address))).toEqual(address);
      }),
    );
  });

  test('any spelling of an address is the same address', () => {
    fc.assert(
      fc.property(anyV6, fc.boolean(), (address, upper) => {
        const groups = address.value.toString(16).padStart(32, '0').match(/.{4}/g) ?? [];
        const text = groups.join(':');
        expect(ip(upper ? text.toUpperCase() : text)).toEqual(address);
      }),
    );
  });

  test('text that node:net refuses is no address', () => {
    fc.assert(fc.property(fc.string(), (text) => isIP(text) !== 0 || parseAddress(text) === undefined));
  });
});

describe('networks', () => {
  test.each([
    ['10.1.2.3/24', '10.1.2.0', '10.1.2.255'],
    ['10.1.2.3/0', '0.0.0.0', '255.255.255.255'],
    ['10.1.2.3/31', '10.1.2.2', '10.1.2.3'],
    ['255.255.255.255/32', '255.255.255.255', '255.255.255.255'],
    ['fd00::1/64', 'fd00::', 'fd00::ffff:ffff:ffff:ffff'],
    ['::1/0', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::3/127', '2001:db8::2', '2001:db8::3'],
    // ip-cidr alone takes this for the IPv4 network 1.2.3.0/24.
    ['::1.2.3.4/120', '::102:300', '::102:3ff'],
  ])('%s goes from %s to %s', (text, first, last) => {
    expect(formatAddress(networkOf(cidr(text)))).toBe(first);
    expect(formatAddress(lastOf(cidr(text)))).toBe(last);
  });

  test.each([
    '10.1/16',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/8 ',
    '10.0.0.0/0x8',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/8/8',
    'fd00::/129',
    'fe80::%eth0/64',
    '::ffff:10.0.0.0/104',
    '/8',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  test('host bits are kept, and cleared on request', () => {
    expect(formatCidr(cidr('10.1.2.3/24'))).toBe('10.1.2.3/24');
    expect(formatCidr(networkCidr(cidr('10.1.2.3/24')))).toBe('10.1.2.0/24');
    expect(formatCidr(hostCidr(ip('fd00::1')))).toBe('fd00::1/128');
    expect(parsePrefix('128', 6)).toBe(128);
    expect(parsePrefix('128', 4)).toBeUndefined();
  });

  test('bounds are those of the mask', () => {
    fc.assert(
      fc.property(anyCidr, (any) => {
        const { family, value } = any.address;
        const hostBits = BigInt(addressBits(family) - any.prefix);
        const first = (value >> hostBits) << hostBits;
        const last = first + (1n << hostBits) - 1n;
        expect(boundsOf(any)).toEqual({ first: { family, value: first }, last: { family, value: last } });
        expect(contains(any, any.address)).toBe(true);
        expect(sameAddress(networkOf(any), { family, value: first })).toBe(true);
      }),
    );
  });

  test('a network ends at its bounds', () => {
    fc.assert(
      fc.property(anyCidr, (any) => {
        const { first, last } = boundsOf(any);
        const [before, after] = [previous(first), next(last)];
        expect(before === undefined || !contains(any, before)).toBe(true);
        expect(after === undefined || !contains(any, after)).toBe(true);
      }),
    );
  });

  test('networks overlap where one contains the other, either way round', () => {
    fc.assert(
      fc.property(anyCidr, anyCidr, (a, b) => {
        const expected = contains(a, networkOf(b)) || contains(b, networkOf(a));
        expect(overlaps(a, b)).toBe(expected);
        expect(overlaps(b, a)).toBe(expected);
      }),
    );
    expect(overlaps(cidr('10.0.0.0/8'), cidr('10.1.2.3/32'))).toBe(true);
    expect(overlaps(cidr('10.0.0.0/24'), cidr('10.0.1.0/24'))).toBe(false);
    expect(overlaps(cidr('0.0.0.0/0'), cidr('::/0'))).toBe(false);
  });
});

describe('single addresses', () => {
  test('next and previous undo each other', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        const after = next(address);
        if (after === undefined) return;
        expect(previous(after)).toEqual(address);
        expect(compareAddresses(address, after)).toBeLessThan(0);
      }),
    );
    expect(next(ip('255.255.255.255'))).toBeUndefined();
    expect(next(ip('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'))).toBeUndefined();
    expect(previous(ip('::'))).toBeUndefined();
  });

  test('IPv4 sorts before IPv6', () => {
    const sorted = ['fd00::1', '10.0.0.10', '10.0.0.9', '::1'].map(ip).sort(compareAddresses);
    expect(sorted.map(formatAddress)).toEqual(['10.0.0.9', '10.0.0.10', '::1', 'fd00::1']);
  });

  test.each([
    [
      isLinkLocal,
      ['169.254.0.1', 'fe80::1', 'febf::1'],
      ['169.255.0.1', 'fec0::1', 'fd00::1', '254.128.0.1'],
    ],
    [isMulticast, ['224.0.0.1', '239.255.255.255', 'ff02::1'], ['223.255.255.255', '240.0.0.0', 'fe80::1']],
    [isLoopback, ['127.0.0.1', '127.255.255.255', '::1'], ['128.0.0.1', '::2', '0.0.0.1']],
    [isUnspecified, ['0.0.0.0', '::'], ['0.0.0.1', '::1']],
  ])('%o', (is, those, others) => {
    expect(those.map(ip).every(is)).toBe(true);
    expect(others.map(ip).some(is)).toBe(false);
  });
});
