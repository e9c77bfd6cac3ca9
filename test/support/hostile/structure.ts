/** Hostile structure: what is no JSON, keys that mean something to JavaScript, nesting without end. */
import * as fc from 'fast-check';
import { anyCommand, anyPlugin, type HostileCall, type Json, ordinary, putJson, withConfig } from './call.ts';
import { deepList, deepMixture, deepObject, evilText, megabyte } from './text.ts';

/** What becomes of a config's text. */
const damage: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc
    .double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    .map((part) => (text: string) => text.slice(0, Math.floor(part * text.length))),
  fc
    .tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom('\0', '\u0001', '}', ',', '\\', "'", '//', '\ufeff'),
    )
    .map(([part, bad]) => (text: string) => {
      const at = Math.floor(part * text.length);
      return `${text.slice(0, at)}${bad}${text.slice(at)}`;
    }),
  fc
    .oneof(
      fc.constantFrom(
        '',
        ' ',
        '\0',
        'null',
        'true',
        '0',
        '""',
        '[]',
        'NaN',
        'undefined',
        '{}{}',
        '\ufeff{}',
        '{"a":1,}',
        "{'name':'x'}",
        '{"name":"\n"}',
      ),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      evilText,
      fc.constantFrom(
        deepList,
        deepList.slice(0, 100_000),
        deepObject.slice(0, 300_000),
        `[${deepObject}]`,
        megabyte,
      ),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => `{${Buffer.from(bytes).toString('utf8')}`),
    )
    .map((other) => () => other),
);

export const brokenJson: fc.Arbitrary<HostileCall> = fc
  .tuple(anyPlugin, anyCommand, damage)
  .map(([plugin, command, change]) => ({
    plugin,
    command,
    stdin: change(JSON.stringify(ordinary(plugin, command))),
  }))
  // A comma within a string, an object that came about by chance: nothing is broken then.
  .filter(({ stdin }) => !isObject(stdin))
  .map((call) => ({
    ...call,
    what: `stdin is ${JSON.stringify(call.stdin).slice(0, 100)}`,
    env: {},
    expected: 6,
  }));

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const wrongVersion: fc.Arbitrary<HostileCall> = fc
  .tuple(
    anyPlugin,
    anyCommand,
    fc.constantFrom<readonly [unknown, number]>(
      [7, 6],
      [true, 6],
      [[], 6],
      [{}, 6],
      ['2.0.0', 1],
      ['1', 1],
      ['__proto__', 1],
    ),
  )
  .map(([plugin, command, [cniVersion, expected]]) =>
    withConfig(
      plugin,
      command,
      { ...ordinary(plugin, command), cniVersion },
      { what: `cniVersion is ${JSON.stringify(cniVersion)}`, expected },
    ),
  );

const oldVersion: fc.Arbitrary<HostileCall> = fc
  .tuple(
    anyPlugin,
    fc.constantFrom<readonly [string, string]>(
      ['CHECK', '0.3.1'],
      ['GC', '1.0.0'],
      ['STATUS', '1.0.0'],
      ['CHECK', '0.1.0'],
      ['STATUS', ''],
    ),
  )
  .map(([plugin, [command, cniVersion]]) =>
    withConfig(
      plugin,
      command,
      { ...ordinary(plugin, command), cniVersion },
      { what: `${command} of ${cniVersion}`, expected: 1 },
    ),
  );

/** Members that every object of JavaScript has, in all objects of the config. */
const keys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'toJSON',
  'then',
  '__defineGetter__',
  '',
  '\0',
  '$ref',
  'bridge\0',
];
const values = [
  '{"bridge":"evil","isGateway":"x","ipam":{"type":"../evil"}}',
  '"x"',
  '1',
  'true',
  '[]',
  '{"prototype":{"a":1}}',
  '{"__proto__":{"mtu":1}}',
];

/** JSON text, since an object literal cannot have a member of its own named __proto__. */
const poisoned: fc.Arbitrary<HostileCall> = fc
  .tuple(anyPlugin, anyCommand, fc.constantFrom(...keys), fc.constantFrom(...values))
  .map(([plugin, command, key, value]) => {
    const call = withConfig(plugin, command, ordinary(plugin, command), {
      what: `${key} everywhere`,
      expected: 0,
    });
    const member = `${JSON.stringify(key)}:${value}`;
    return { ...call, stdin: call.stdin.replace(/\{(?=")/g, () => `{${member},`) };
  });

/** The same keys in another case, nulls, repeated keys: all fine. */
const odd: fc.Arbitrary<HostileCall> = fc
  .tuple(
    anyPlugin,
    anyCommand,
    fc.constantFrom(
      ',"Bridge":7,"IPAM":null',
      ',"routes":null,"DNS":null',
      ',"name":"pods","name":"pods"',
      ',"unknown":[null,{"a":null}]',
    ),
  )
  .map(([plugin, command, members]) => {
    const call = withConfig(plugin, command, ordinary(plugin, command), { what: members, expected: 0 });
    return { ...call, stdin: `${call.stdin.slice(0, -1)}${members}}` };
  });

/** Deep nesting in a member; as text, for JSON.stringify does not bear it. */
const deepMembers: readonly (readonly [path: readonly (string | number)[], expected: number])[] = [
  [['unknown'], 0],
  [['ipam', 'unknown'], 0],
  [['args', 'unknown'], 0],
  [['runtimeConfig', 'unknown'], 0],
  [['args', 'cni', 'labels'], 0],
  [['name'], 7],
  [['bridge'], 7],
  [['mtu'], 7],
  [['vlanTrunk', 0, 'id'], 7],
  [['dns', 'nameservers'], 7],
  [['logFile'], 7],
  [['ipam', 'type'], 7],
  [['cniVersion'], 6],
  [['cni.dev/valid-attachments', 0, 'ifname'], 7],
];

const deep: fc.Arbitrary<HostileCall> = fc
  .tuple(anyCommand, fc.constantFrom(...deepMembers), fc.constantFrom(deepList, deepObject, deepMixture))
  .map(([command, [path, expected], text]) => {
    const config: Json = putJson(ordinary('veth-bridge', command), path, '@DEEP@');
    const call = withConfig('veth-bridge', command, config, { what: `${path.join('.')} is deep`, expected });
    return { ...call, stdin: call.stdin.replace('"@DEEP@"', () => text) };
  });

const long: fc.Arbitrary<HostileCall> = fc
  .tuple(
    anyCommand,
    fc.constantFrom<readonly [Json, number]>(
      [{ name: megabyte }, 7],
      [{ bridge: megabyte }, 7],
      [{ [megabyte]: megabyte }, 0],
      [{ cniVersion: megabyte }, 1],
      [{ dns: { search: [megabyte] } }, 0],
      [{ mac: megabyte, type: megabyte }, 7],
    ),
  )
  .map(([command, [more, expected]]) =>
    withConfig(
      'veth-bridge',
      command,
      { ...ordinary('veth-bridge', command), ...more },
      { what: `a megabyte of ${Object.keys(more).join().slice(0, 20)}`, expected },
    ),
  );

const many: fc.Arbitrary<HostileCall> = fc
  .tuple(anyCommand, fc.constantFrom('vlanTrunk', 'unknown'))
  .map(([command, key]) => {
    const list = Array.from({ length: 20_000 }, (_, index) => (key === 'unknown' ? index : 'x'));
    return withConfig(
      'veth-bridge',
      command,
      { ...ordinary('veth-bridge', command), [key]: list },
      { what: `20,000 of ${key}`, expected: key === 'unknown' ? 0 : 7 },
    );
  });

export const evilStructure: fc.Arbitrary<HostileCall> = fc.oneof(
  { weight: 4, arbitrary: wrongVersion },
  { weight: 4, arbitrary: oldVersion },
  { weight: 8, arbitrary: poisoned },
  { weight: 4, arbitrary: odd },
  { weight: 3, arbitrary: deep },
  { weight: 2, arbitrary: long },
  { weight: 1, arbitrary: many },
);
