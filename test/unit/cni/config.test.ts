import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configSchema as hostLocal } from '../../../ipam/host-local/config.ts';
import { baseConfigSchema, fieldName, parseConfig } from '../../../lib/cni/config.ts';
import type { JsonObject } from '../../../lib/cni/json.ts';
import { configSchema as vethBridge } from '../../../plugins/veth-bridge/config.ts';

const full: JsonObject = {
  cniVersion: '1.0.0',
  name: 'pods',
  type: 'veth-bridge',
  bridge: 'br7',
  isGateway: true,
  ipMasq: true,
  ipMasqBackend: 'iptables',
  mtu: 1400,
  hairpinMode: true,
  macspoofchk: true,
  vlanTrunk: [{ id: 5 }, { minID: 7, maxID: 9 }],
  uplink: { device: 'eth7', migrateAddresses: true },
  dns: { nameservers: ['10.0.0.1'], search: ['local'] },
  args: { cni: { mac: '02:00:00:00:00:01', ips: ['10.0.0.5'] } },
  runtimeConfig: { mac: '02:00:00:00:00:02', ips: ['10.0.0.6/24'] },
  ipam: { type: 'host-local' },
  'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }],
};

const ipam: JsonObject = {
  cniVersion: '1.0.0',
  name: 'pods',
  ipam: {
    type: 'host-local',
    ranges: [[{ subnet: '10.1.0.0/24', rangeStart: '10.1.0.10' }], [{ subnet: 'fd00::/64' }]],
    routes: [{ dst: '0.0.0.0/0', gw: '10.1.0.1', mtu: 1400 }],
    resolvConf: '/etc/resolv.conf',
    reclaimForeign: true,
  },
  runtimeConfig: { ipRanges: [[{ subnet: '10.2.0.0/24' }]] },
};

describe('the keys of a config', () => {
  test.each([
    ['veth-bridge', vethBridge(), full],
    ['host-local', hostLocal(), ipam],
  ])('%s: are taken in any case', (_name, schema, config) => {
    const expected = parseConfig(schema, config);
    fc.assert(
      fc.property(fc.infiniteStream(fc.boolean()), (coins) => {
        expect(parseConfig(schema, recase(config, coins) as JsonObject)).toEqual(expected);
      }),
    );
  });

  test('of which one fits exactly win over those that do not', () => {
    expect(parseConfig(vethBridge(), { name: 'n', BRIDGE: 'a', bridge: 'b' }).bridge).toBe('b');
    expect(parseConfig(vethBridge(), { name: 'n', bridge: 'b', BRIDGE: 'a' }).bridge).toBe('b');
    expect(parseConfig(vethBridge(), { name: 'n', bridge: null, BRIDGE: 'a' }).bridge).toBe('a');
  });

  test('empty texts are absent, where a text may stand', () => {
    const named = { name: 'n', type: 'veth-bridge' };
    expect(parseConfig(vethBridge(), { ...named, bridge: '', ipMasqBackend: '' })).toEqual(
      parseConfig(vethBridge(), named),
    );
    for (const field of ['mtu', 'isGateway', 'vlanTrunk', 'uplink'])
      expect(() => parseConfig(vethBridge(), { ...named, [field]: '' }), field).toThrow(field);
  });

  test('fold as they do in Go', () => {
    const config = parseConfig(vethBridge(), { name: 'n', iſGateway: true, 'mac\u017fpoofch\u212a': true });
    expect([config.isGateway, config.macspoofchk]).toEqual([true, true]);
  });

  test.each([
    ['veth-bridge', vethBridge(), full],
    ['host-local', hostLocal(), ipam],
  ])('%s: with null are as good as absent', (_name, schema, config) => {
    for (const path of optionalPaths(config)) {
      expect(parseConfig(schema, change(config, path, null)), path.join('.')).toEqual(
        parseConfig(schema, change(config, path, undefined)),
      );
    }
  });

  test('that are not known are taken and ignored, whatever they hold', () => {
    const deep: unknown = JSON.parse(`${'{"a":['.repeat(10_000)}1${']}'.repeat(10_000)}`);
    const odd = { constructor: 1, toString: {}, hasOwnProperty: [], unknown: deep, 'bridge ': 'x' };
    expect(parseConfig(vethBridge(), { ...full, ...odd })).toEqual(parseConfig(vethBridge(), full));
  });

  test('__proto__ changes nothing', () => {
    const text =
      '{"name":"n","__proto__":{"bridge":"evil","isGateway":true},"ipam":{"__proto__":{"type":"x"}}}';
    const config = parseConfig(vethBridge(), JSON.parse(text) as JsonObject);
    expect([config.bridge, config.isGateway, config.ipam?.type]).toEqual(['cni0', false, undefined]);
    expect(({} as Record<string, unknown>)['bridge']).toBeUndefined();
  });
});

describe('a config that does not fit is told: field, value, expectation', () => {
  const told: readonly (readonly [JsonObject, RegExp])[] = [
    [{ bridge: 7 }, /^bridge: 7, expected a string$/],
    [{ bridge: null, BRIDGE: 7 }, /^bridge: 7, expected a string$/],
    [{ bridge: 'a b' }, /^bridge: "a b", expected an interface name of 1 to 15 bytes/],
    [{ bridge: 'a'.repeat(16) }, /^bridge: "a{16}", expected an interface name/],
    [{ isGateway: 'true' }, /^isGateway: "true", expected a boolean$/],
    [{ mtu: '1500' }, /^mtu: "1500", expected an? (?:number|integer)$/],
    [{ mtu: 1.5 }, /^mtu: 1\.5, expected an integer$/],
    [{ mtu: 65536 }, /^mtu: 65536, expected at most 65535$/],
    [{ mtu: -1 }, /^mtu: -1, expected at least 0$/],
    [{ ipMasqBackend: 'ipfw' }, /^ipMasqBackend: "ipfw", expected one of "nftables", "iptables"$/],
    [{ vlanTrunk: [{ id: 5 }, { id: 'x' }] }, /^vlanTrunk\[1\]\.id: "x", expected an? (?:number|integer)$/],
    [{ vlanTrunk: [{ minID: 5 }] }, /^vlanTrunk\[0\]: \{"minID":5\}, expected minID and maxID together$/],
    [{ vlanTrunk: [{ minID: 5, maxID: 4 }] }, /^vlanTrunk\[0\]: .*, expected minID no larger than maxID$/],
    [{ uplink: {} }, /^uplink\.device: missing, expected a string$/],
    [{ ipam: [] }, /^ipam: \[\], expected an object$/],
    [{ ipam: { type: '../x' } }, /^ipam\.type: "\.\.\/x", expected a bare file name/],
    [{ type: 'a\\b' }, /^type: "a\\\\b", expected a bare file name/],
    [{ dns: { nameservers: 'x' } }, /^dns\.nameservers: "x", expected an array$/],
    [{ name: null }, /^name: missing, expected a string$/],
    [{ mtu: 'x', bridge: 1 }, /^(?=.*bridge: 1, expected a string)(?=.*mtu: "x", expected).*; /],
    [
      { 'cni.dev/valid-attachments': [{ containerID: 1, ifname: 'x' }] },
      /^cni\.dev\/valid-attachments\[0\]\.containerID: 1, expected a string$/,
    ],
  ];

  test.each(told)('%j', (wrong, message) => {
    expect(() => parseConfig(vethBridge(), { ...full, ...wrong })).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringMatching(message) }),
    );
  });

  test('a long value and many faults are cut to what a log line bears', () => {
    const config = {
      ...full,
      bridge: 'x'.repeat(1_000_000),
      vlanTrunk: Array.from({ length: 5_000 }, () => 1),
    };
    expect(() => parseConfig(vethBridge(), config)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{1,2000}$/) }),
    );
  });

  test('paths are written as jq writes them', () => {
    expect(fieldName(['ipam', 'ranges', 0, 1, 'subnet'])).toBe('ipam.ranges[0][1].subnet');
  });
});

test.each(['a/b', 'a\\b', '.', '..', '/etc', 'a\0b', 'x'.repeat(256)])(
  'ipam.type %j leads nowhere',
  (type) => {
    expect(() => parseConfig(baseConfigSchema(), { name: 'n', ipam: { type } })).toThrow(
      expect.objectContaining({ code: 7 }),
    );
  },
);

/** The same value, each letter of each key in upper or lower case as a coin falls. */
function recase(value: unknown, coins: Iterator<boolean>): unknown {
  if (Array.isArray(value)) return value.map((item) => recase(item, coins));
  if (typeof value !== 'object' || value === null) return value;
  const flip = (letter: string): string => (coins.next().value ? letter.toUpperCase() : letter.toLowerCase());
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.replace(/[a-z]/gi, flip), recase(item, coins)]),
  );
}

const needed = new Set([
  'name',
  'device',
  'subnet',
  'dst',
  'containerID',
  'ifname',
  'ipam',
  'minID',
  'maxID',
]);

/** Paths of all members that may be left out. */
function optionalPaths(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const own = [...path, key];
    const isOptional = !Array.isArray(value) && !needed.has(key);
    return [...(isOptional ? [own] : []), ...optionalPaths(item, own)];
  });
}

/** A copy in which one member is null, or gone where it is to be undefined. */
function change(config: JsonObject, path: readonly string[], to: null | undefined): JsonObject {
  const copy = structuredClone(config) as Record<string, unknown>;
  const holder = path
    .slice(0, -1)
    .reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, copy);
  const last = path.at(-1) ?? '';
  if (to === null) holder[last] = null;
  else delete holder[last];
  return copy;
}
