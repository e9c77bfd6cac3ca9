import { describe, expect, test } from 'vitest';
import { askedOf, configSchema, dataDirOf, isInSets, rangeSetsOf } from '../../../ipam/host-local/config.ts';
import { describeSet } from '../../../ipam/host-local/pool.ts';
import { parseConfig } from '../../../lib/cni/config.ts';
import { parseRequest } from '../../../lib/cni/request.ts';
import { formatAddress, parseAddress } from '../../../lib/net/address.ts';

interface Call {
  readonly ipam: object;
  readonly more?: object;
  readonly args?: string;
  readonly cniVersion?: string;
}

function call({ ipam, more = {}, args = '', cniVersion = '1.0.0' }: Call) {
  const text = JSON.stringify({ cniVersion, name: 'net', type: 'x', ipam, ...more });
  const env = {
    CNI_CONTAINERID: 'c',
    CNI_NETNS: '/run/netns/c',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: args,
  };
  const request = parseRequest('ADD', env, text);
  return { config: parseConfig(configSchema(), request.config), request };
}

const setsOf = (spec: Call): string[] => rangeSetsOf(call(spec)).map(describeSet);
function askedFrom(spec: Call): unknown {
  const called = call(spec);
  return Object.fromEntries(
    [...askedOf(called, rangeSetsOf(called))].map(([set, address]) => [set, formatAddress(address)]),
  );
}

describe('range sets', () => {
  test('come from the runtime, from the old form, and from ranges, in this order', () => {
    expect(
      setsOf({
        ipam: { subnet: '10.0.0.0/24', rangeStart: '10.0.0.10', ranges: [[{ subnet: '10.1.0.0/24' }]] },
        more: { runtimeConfig: { ipRanges: [[{ subnet: '10.2.0.0/24' }]] } },
      }),
    ).toEqual(['10.2.0.1-10.2.0.254', '10.0.0.10-10.0.0.254', '10.1.0.1-10.1.0.254']);
  });

  test('keys match in any case, null and empty texts are absent', () => {
    const ipam = {
      SUBNET: '10.0.0.0/24',
      rangestart: '10.0.0.10',
      RangeEnd: '',
      Gateway: null,
      routes: null,
    };
    expect(setsOf({ ipam })).toEqual(['10.0.0.10-10.0.0.254']);
  });

  test('of one subnet may lie side by side', () => {
    const subnet = 'fd00::/64';
    const low = { subnet, rangeEnd: 'fd00::ff' };
    const high = { subnet, rangeStart: 'fd00::100', rangeEnd: 'FD00::01FF' };
    expect(setsOf({ ipam: { ranges: [[high], [low]] } })).toEqual([
      'fd00::100-fd00::1ff',
      'fd00::1-fd00::ff',
    ]);
  });

  test('may have a gateway that is not in the subnet, as in the reference', () => {
    expect(setsOf({ ipam: { subnet: '10.0.0.0/24', gateway: '169.254.1.1' } })).toEqual([
      '10.0.0.1-10.0.0.254',
    ]);
  });

  test('may begin and end with any address of the subnet, and have the gateway anywhere in it', () => {
    const whole = {
      subnet: '10.0.0.0/24',
      rangeStart: '10.0.0.0',
      rangeEnd: '10.0.0.255',
      gateway: '10.0.0.128',
    };
    expect(setsOf({ ipam: whole })).toEqual(['10.0.0.0-10.0.0.255']);
  });

  test.each([
    ['ipam.ranges: missing', {}],
    ['ipam.ranges: missing', { rangeStart: '10.0.0.1', ranges: [] }],
    ['ipam.ranges[0]: [], expected at least one range', { ranges: [[]] }],
    [
      'ipam.subnet: "10.1/16", expected an address with a prefix length such as 10.1.0.0/24 or fd00::/64',
      { subnet: '10.1/16' },
    ],
    ['ipam.subnet: "010.0.0.0/8", expected', { subnet: '010.0.0.0/8' }],
    ['ipam.subnet: 7, expected a string', { subnet: 7 }],
    ['ipam.ranges[0][0].subnet: missing', { ranges: [[{ rangeStart: '10.0.0.1' }]] }],
    ['ipam.subnet: "10.1.0.5/24" has host bits set; write 10.1.0.0/24', { subnet: '10.1.0.5/24' }],
    [
      'ipam.ranges[1][0].subnet: "fd00::/127" is too small to give addresses from; use a prefix of at most /126',
      {
        ranges: [[{ subnet: '10.0.0.0/30' }], [{ subnet: 'fd00::/127' }]],
      },
    ],
    ['ipam.subnet: "10.0.0.0/31" is too small', { subnet: '10.0.0.0/31' }],
    ['ipam.subnet: "10.0.0.1/32" is too small', { subnet: '10.0.0.1/32' }],
    [
      'ipam.rangeStart: "10.1.0.5" is not in the subnet 10.0.0.0/24',
      {
        subnet: '10.0.0.0/24',
        rangeStart: '10.1.0.5',
      },
    ],
    [
      'ipam.rangeEnd: "fd00::5" is not in the subnet 10.0.0.0/24',
      { subnet: '10.0.0.0/24', rangeEnd: 'fd00::5' },
    ],
    ['ipam.gateway: "fd00::1" is not of the family of', { subnet: '10.0.0.0/24', gateway: 'fd00::1' }],
    ['ipam.gateway: "10.0.0.1/24", expected an address', { subnet: '10.0.0.0/24', gateway: '10.0.0.1/24' }],
    [
      "ipam.rangeStart: 10.0.0.9 comes after the range's end 10.0.0.8",
      {
        subnet: '10.0.0.0/24',
        rangeStart: '10.0.0.9',
        rangeEnd: '10.0.0.8',
      },
    ],
    [
      'ipam.ranges[0]: 10.0.0.1-10.0.0.254, fd00::1-fd00::ffff:ffff:ffff:ffff mixes IPv4 and IPv6',
      {
        ranges: [[{ subnet: '10.0.0.0/24' }, { subnet: 'fd00::/64' }]],
      },
    ],
    [
      'ipam.ranges[0]: 10.0.0.1-10.0.0.254 overlaps with 10.0.0.0-10.0.0.10',
      {
        ranges: [
          [
            { subnet: '10.0.0.0/24' },
            { subnet: '10.0.0.0/24', rangeStart: '10.0.0.0', rangeEnd: '10.0.0.10' },
          ],
        ],
      },
    ],
    [
      'ipam.ranges[0]: 10.0.0.1-10.0.0.254 overlaps with 10.0.0.1-10.0.255.254 of ipam',
      {
        subnet: '10.0.0.0/16',
        ranges: [[{ subnet: '10.0.0.0/24' }]],
      },
    ],
    ['ipam.dataDir: "networks", expected an absolute path', { subnet: '10.0.0.0/24', dataDir: 'networks' }],
    ['ipam.dataDir: "/a\\u0000b", expected a path', { subnet: '10.0.0.0/24', dataDir: '/a\0b' }],
    ['ipam.routes[0].dst: missing', { subnet: '10.0.0.0/24', routes: [{ gw: '10.0.0.1' }] }],
    [
      'ipam.routes[0].gw: "x", expected an address',
      { subnet: '10.0.0.0/24', routes: [{ dst: '0.0.0.0/0', gw: 'x' }] },
    ],
    ['ipam.routes[0].mtu: -1, expected', { subnet: '10.0.0.0/24', routes: [{ dst: '0.0.0.0/0', mtu: -1 }] }],
    ['ipam.reclaimOnReboot: "yes", expected a boolean', { subnet: '10.0.0.0/24', reclaimOnReboot: 'yes' }],
  ])('%s', (message, ipam) => {
    expect(() => setsOf({ ipam })).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining(message) }),
    );
  });

  test('a config without ipam is an error', () => {
    expect(() => parseConfig(configSchema(), { name: 'net' })).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining('ipam: missing') }),
    );
  });

  test('two of one family need cniVersion 0.3.0', () => {
    const ipam = {
      ranges: [[{ subnet: '10.0.0.0/24' }], [{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]],
    };
    expect(setsOf({ ipam, cniVersion: '0.3.0' })).toHaveLength(3);
    for (const cniVersion of ['0.1.0', '0.2.0']) {
      expect(() => setsOf({ ipam, cniVersion })).toThrow(
        /^cniVersion: "0\.\d\.0" has room for one IPv4 address/,
      );
    }
    expect(setsOf({ ipam: { ranges: ipam.ranges.slice(1) }, cniVersion: '0.2.0' })).toHaveLength(2);
  });

  test('many of them are checked in no time', () => {
    const ranges = Array.from({ length: 5000 }, (_, index) => [
      { subnet: `10.${index >> 8}.${index & 255}.0/24` },
    ]);
    const begin = performance.now();
    expect(setsOf({ ipam: { ranges } })).toHaveLength(5000);
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

describe('asked-for addresses', () => {
  const ipam = {
    ranges: [[{ subnet: '10.0.0.0/24' }], [{ subnet: 'fd00::/64' }], [{ subnet: '10.2.0.0/24' }]],
  };

  test('are the union of CNI_ARGS, args.cni.ips and runtimeConfig.ips', () => {
    expect(
      askedFrom({
        ipam,
        args: 'IP=10.0.0.9',
        more: {
          args: { cni: { ips: ['FD00:0::9/120'] } },
          runtimeConfig: { ips: ['10.2.0.9', '10.0.0.9/16'] },
        },
      }),
    ).toEqual({ 0: '10.0.0.9', 1: 'fd00::9', 2: '10.2.0.9' });
  });

  test.each(['IP=10.0.0.9/24', 'ip=::ffff:10.0.0.9', 'IP=10.0.0.9,10.0.0.9'])('%s', (args) => {
    expect(askedFrom({ ipam, args })).toEqual({ 0: '10.0.0.9' });
  });

  test('CNI_ARGS may hold one for each set', () => {
    expect(askedFrom({ ipam, args: 'IP=10.0.0.9, fd00::9' })).toEqual({ 0: '10.0.0.9', 1: 'fd00::9' });
  });

  test.each([
    ['CNI_ARGS: IP: 192.168.0.1 is in no range', 7, { args: 'IP=192.168.0.1' }],
    ['CNI_ARGS: IP: "10.0.0", expected an address', 4, { args: 'IP=10.0.0' }],
    ['CNI_ARGS: IP: "10.0.0.9/33", expected an address', 4, { args: 'IP=10.0.0.9/33' }],
    ['args.cni.ips[0]: "", expected an address', 7, { more: { args: { cni: { ips: [''] } } } }],
    [
      'args.cni.ips[1]: fd00::1 is a gateway',
      7,
      { more: { args: { cni: { ips: ['10.0.0.9', 'fd00::1'] } } } },
    ],
    [
      'runtimeConfig.ips[1]: 10.0.0.10 and 10.0.0.9 are of one range set, which gives one address',
      7,
      { more: { runtimeConfig: { ips: ['10.0.0.9', '10.0.0.10'] } } },
    ],
  ])('%s', (message, code, spec) => {
    expect(() => askedFrom({ ipam, ...spec })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test('count by the range, not by the subnet', () => {
    const narrow = { subnet: '10.0.0.0/24', rangeStart: '10.0.0.10', rangeEnd: '10.0.0.20' };
    expect(() => askedFrom({ ipam: narrow, args: 'IP=10.0.0.21' })).toThrow(
      /in no range \(10\.0\.0\.10-10\.0\.0\.20\)/,
    );
    const sets = rangeSetsOf(call({ ipam: narrow }));
    expect(isInSets(sets, parseAddress('10.0.0.20')!)).toBe(true);
    expect(isInSets(sets, parseAddress('10.0.0.21')!)).toBe(false);
  });
});

test('dataDir is where the peer has it', () => {
  expect(dataDirOf(call({ ipam: { dataDir: '' } }).config)).toBe('/var/lib/cni/networks');
  expect(dataDirOf(call({ ipam: { dataDir: '/data' } }).config)).toBe('/data');
});
