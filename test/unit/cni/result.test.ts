import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseResult, printable, type Result } from '../../../lib/cni/result.ts';
import { atLeast, parseVersion, type SpecVersion, supportedVersions } from '../../../lib/cni/version.ts';

/** As it goes over a pipe. */
const printed = (result: Result, version: SpecVersion): unknown =>
  JSON.parse(JSON.stringify(printable(result, version)));
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const full: Result = {
  interfaces: [
    { name: 'cni0', mac: '02:00:00:00:00:01', mtu: 1500 },
    {
      name: 'eth0',
      mac: '02:00:00:00:00:02',
      mtu: 1400,
      sandbox: '/run/netns/blue',
      socketPath: '/s',
      pciID: '0:1',
    },
  ],
  ips: [
    { address: '10.1.0.2/16', gateway: '10.1.0.1', interface: 1 },
    { address: 'fd00::2/64', gateway: 'fd00::1', interface: 1 },
  ],
  routes: [
    { dst: '0.0.0.0/0', gw: '10.1.0.1', mtu: 1400, advmss: 1360, priority: 10, table: 100, scope: 0 },
    { dst: 'fd01::/64' },
  ],
  dns: { nameservers: ['10.1.0.1'], domain: 'local', search: ['a', 'b'], options: ['ndots:2'] },
};

const { dns, routes } = full;
const oldForm = {
  ip4: { ip: '10.1.0.2/16', gateway: '10.1.0.1', routes: [{ dst: '0.0.0.0/0', gw: '10.1.0.1' }] },
  ip6: { ip: 'fd00::2/64', gateway: 'fd00::1', routes: [{ dst: 'fd01::/64' }] },
  dns,
};
const bareInterfaces = [
  { name: 'cni0', mac: '02:00:00:00:00:01' },
  { name: 'eth0', mac: '02:00:00:00:00:02', sandbox: '/run/netns/blue' },
];
const middleForm = {
  interfaces: bareInterfaces,
  ips: [
    { version: '4', ...full.ips[0] },
    { version: '6', ...full.ips[1] },
  ],
  routes,
  dns,
};
const forms: Readonly<Record<SpecVersion, object>> = {
  '0.1.0': oldForm,
  '0.2.0': oldForm,
  '0.3.0': middleForm,
  '0.3.1': middleForm,
  '0.4.0': middleForm,
  '1.0.0': { interfaces: bareInterfaces, ips: full.ips, routes, dns },
  '1.1.0': full,
};

describe('a result', () => {
  test.each(supportedVersions)('is printed in the form of %s', (version) => {
    expect(printed(full, version)).toEqual({ cniVersion: version, ...forms[version] });
  });

  test.each(supportedVersions)('is read in the form of %s', (version) => {
    const read = plain(parseResult({ cniVersion: version, ...forms[version] }, 'prevResult'));
    expect(read).toEqual(plain(surviving(full, version)));
  });

  test('without addresses and interfaces is an empty one of its version', () => {
    const empty: Result = { ips: [], routes: [], dns: {} };
    expect(printed(empty, '0.2.0')).toEqual({ cniVersion: '0.2.0', dns: {} });
    expect(printed(empty, '1.0.0')).toEqual({ cniVersion: '1.0.0', ips: [], dns: {} });
  });

  test('goes through every version and comes back with what the version has room for', () => {
    fc.assert(
      fc.property(anyResult, fc.constantFrom(...supportedVersions), (result, version) => {
        if (!fits(result, version)) return;
        const back = parseResult(printed(result, version), 'result');
        expect(plain(back)).toEqual(plain(surviving(result, version)));
        expect(printed(back, version)).toEqual(printed(result, version));
      }),
      { numRuns: 500 },
    );
  });

  test('with two addresses of a family is no result of 0.2.0', () => {
    const two = { ...full, ips: [...full.ips, { address: '10.1.0.3/16' }] };
    for (const version of ['0.1.0', '0.2.0'] as const) {
      expect(() => printable(two, version)).toThrow(/2 IPv4 addresses.*raise cniVersion/);
    }
    expect(() => printable(two, '0.3.0')).not.toThrow();
  });

  test('is read with its keys in any case, and null as absent', () => {
    const odd = {
      CNIVersion: '1.0.0',
      Interfaces: [{ NAME: 'eth0', Mac: null, SandBox: '/run/netns/x' }],
      IPs: [{ Address: '10.1.0.2/16', GATEWAY: '10.1.0.1', Interface: 0 }],
      ROUTES: null,
      DNS: { NameServers: ['1.1.1.1'], search: null },
    };
    expect(plain(parseResult(odd, 'prevResult'))).toEqual({
      interfaces: [{ name: 'eth0', sandbox: '/run/netns/x' }],
      ips: [{ address: '10.1.0.2/16', gateway: '10.1.0.1', interface: 0 }],
      routes: [],
      dns: { nameservers: ['1.1.1.1'] },
    });
  });

  test.each([
    ['a string', 'result', /"result" is not an object/],
    ['a list', [], /\[\] is not an object/],
    ['ips of another type', { ips: {} }, /prevResult\.ips: \{\} is not a list/],
    [
      'an address that is missing',
      { ips: [{ gateway: '10.0.0.1' }] },
      /prevResult\.ips\[0\].*address is missing/,
    ],
    [
      'an address that is a number',
      { ips: [{ address: 10 }] },
      /prevResult\.ips\[0\]\.address: 10 is not a string/,
    ],
    [
      'an interface without a name',
      { interfaces: [{ mac: '' }] },
      /prevResult\.interfaces\[0\].*name is missing/,
    ],
    [
      'an index below 0',
      { ips: [{ address: '10.0.0.1/8', interface: -1 }] },
      /interface: -1 is not a whole number/,
    ],
    [
      'a fraction',
      { routes: [{ dst: '::/0', mtu: 1.5 }] },
      /prevResult\.routes\[0\]\.mtu: 1\.5 is not a whole number/,
    ],
    ['a number beyond 32 bits', { routes: [{ dst: '::/0', priority: 1e300 }] }, /priority: 1e\+300 is not/],
    ['a route without destination', { routes: [{}] }, /prevResult\.routes\[0\].*dst is missing/],
    [
      'name servers of another type',
      { dns: { nameservers: [1] } },
      /prevResult\.dns\.nameservers\[\]: 1 is not a string/,
    ],
    ['an old form without an address', { ip4: { gateway: '10.0.0.1' } }, /ip is missing/],
    ['an old form of another type', { ip6: [] }, /\[\] is not an object/],
  ])('with %s cannot be read: error 6', (_what, value, message) => {
    expect(() => parseResult(value, 'prevResult')).toThrow(
      expect.objectContaining({ code: 6, message: expect.stringMatching(message) }),
    );
  });
});

describe('cniVersion', () => {
  test('is 0.1.0 where a config has none', () => {
    expect([undefined, null, ''].map(parseVersion)).toEqual(['0.1.0', '0.1.0', '0.1.0']);
  });

  test.each(supportedVersions)('%s is spoken', (version) => expect(parseVersion(version)).toBe(version));

  test.each(['0.5.0', '1.1', '1.1.0 ', 'v1.0.0', '2.0.0', '__proto__'])('%j is not: error 1', (version) => {
    const message = expect.stringContaining(JSON.stringify(version));
    expect(() => parseVersion(version)).toThrow(expect.objectContaining({ code: 1, message }));
  });

  test.each([1, true, {}, []])('%j is no text: error 6', (version) => {
    expect(() => parseVersion(version)).toThrow(expect.objectContaining({ code: 6 }));
  });
});

const isV6 = (text: string): boolean => text.includes(':');

/** What is left of a result once it has been printed in a version. */
function surviving(result: Result, version: SpecVersion): Result {
  if (atLeast(version, '1.1.0')) return result;
  if (atLeast(version, '0.3.0')) {
    return {
      ...result,
      interfaces: result.interfaces?.map(({ name, mac, sandbox }) => ({ name, mac, sandbox })),
    };
  }
  const byFamily = <T>(items: readonly T[], textOf: (item: T) => string): readonly T[] =>
    [false, true].flatMap((v6) => items.filter((item) => isV6(textOf(item)) === v6));
  const ips = byFamily(result.ips, ({ address }) => address).map(({ address, gateway }) => ({
    address,
    gateway,
  }));
  const families = new Set(ips.map(({ address }) => isV6(address)));
  const kept = byFamily(result.routes, ({ dst }) => dst).filter(({ dst }) => families.has(isV6(dst)));
  // Without an address there is no place for a route, and no form by which the old one could be told.
  if (ips.length === 0) return { interfaces: undefined, ips: [], routes: [], dns: result.dns };
  return { ips, routes: kept.map(({ dst, gw }) => ({ dst, gw })), dns: result.dns };
}

function fits({ ips }: Result, version: SpecVersion): boolean {
  return (
    atLeast(version, '0.3.0') ||
    [true, false].every((v6) => ips.filter(({ address }) => isV6(address) === v6).length < 2)
  );
}

const filled = fc.string({ minLength: 1, unit: 'grapheme' });
const uint32 = fc.nat({ max: 0xffffffff });
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const cidr = address.map((text) => `${text}/${isV6(text) ? 64 : 24}`);
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });

const anyResult: fc.Arbitrary<Result> = fc.record({
  interfaces: optional(
    fc.array(
      fc.record({
        name: filled,
        mac: optional(filled),
        mtu: optional(uint32),
        sandbox: optional(filled),
        socketPath: optional(filled),
        pciID: optional(filled),
      }),
    ),
  ),
  ips: fc.array(fc.record({ address: cidr, gateway: optional(address), interface: optional(uint32) }), {
    maxLength: 3,
  }),
  routes: fc.array(
    fc.record({
      dst: cidr,
      gw: optional(address),
      mtu: optional(uint32),
      advmss: optional(uint32),
      priority: optional(uint32),
      table: optional(uint32),
      scope: optional(uint32),
    }),
  ),
  dns: fc.oneof(
    fc.constant({}),
    fc.record({
      nameservers: fc.array(filled),
      domain: filled,
      search: fc.array(filled),
      options: fc.array(filled),
    }),
  ),
});
