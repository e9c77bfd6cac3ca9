/** The readers that are made of the schemas: what they take, they read as the schemas do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { baseConfigSchema, type ConfigForm, readConfig } from '../../../lib/cni/config.ts';
import { isObject, type JsonObject } from '../../../lib/cni/json.ts';
import { plainConfig } from '../../../lib/cni/plain.ts';
import { plainLinks } from '../../../lib/ip/plain.ts';
import { linkList, readLinks } from '../../../lib/ip/read.ts';
import { findPlugin } from '../../../plugins/index.ts';
import { fieldsSchema } from '../../../plugins/ovs/config.ts';
import { plainFields } from '../../../plugins/ovs/plain.ts';
import { generateReaders } from '../../../scripts/plain/generate.ts';
import { confExamples, readExample } from '../../support/conf-examples.ts';

const formOf = (name: string): ConfigForm => {
  const plugin = findPlugin(name);
  if (plugin === undefined) throw new Error(name);
  return plugin.config;
};

const forms: Readonly<Record<string, ConfigForm>> = {
  'what all have': { schema: baseConfigSchema, plain: plainConfig },
  ...Object.fromEntries(
    ['veth-bridge', 'ovs', 'macvlan', 'ipvlan', 'sriov', 'host-local'].map((name) => [name, formOf(name)]),
  ),
  "ovs's own file": { schema: fieldsSchema, plain: plainFields },
};

/** The plugins' configs of conf-examples, as a runtime hands them over. */
const examples: readonly JsonObject[] = confExamples.flatMap((name) => {
  const { plugins, ...whole } = readExample(name) as JsonObject;
  const members = Array.isArray(plugins) ? (plugins as readonly JsonObject[]) : [whole];
  return members.map((member) => ({ ...member, name: whole['name'], cniVersion: whole['cniVersion'] }));
});
const examplesOf = (name: string): readonly JsonObject[] =>
  examples.filter(({ type, ipam }) =>
    name === 'host-local'
      ? isObject(ipam) && ipam['type'] === name
      : type === name || !['veth-bridge', 'ovs', 'macvlan', 'ipvlan', 'sriov'].includes(name),
  );

const odd = [
  ...['', 'a', 'off', '-br', 'a b', 'eth0/1', '10.1.0.0/24', '10.1.0.5', 'fd00::/64', '/x', 'a\0b', '802.1Q'],
  ...[0, 1, -1, 1.5, 67, 68, 4094, 4095, 65536, 2 ** 32, Number.MAX_SAFE_INTEGER, 2 ** 60],
  ...[true, false, null, [], {}, [null], ['a'], [1], [{}], [[{ subnet: '10.2.0.0/24' }]], { type: 7 }],
  ...[[{ id: 5 }], [{ minID: 9 }], [{ minID: 9, maxID: 3 }], [{ minID: 3, maxID: 9, more: 1 }]],
  ...[{ device: 'e', Device: 'f', MIGRATEADDRESSES: true }],
  ...[{ cni: { mac: 'x', ips: ['10.0.0.1'], other: null } }, { mac: null, IPS: [] }, { a: 'b' }, { '': '' }],
] as const;

type Step = string | number;

const stepsOf = (value: unknown): readonly [Step, unknown][] => {
  if (Array.isArray(value)) return value.map((item, index): [Step, unknown] => [index, item]);
  return isObject(value) ? Object.entries(value) : [];
};

/** Every path in a value at which something may be put in another's place. */
function pathsOf(value: unknown, path: Step[] = []): Step[][] {
  return [path, ...stepsOf(value).flatMap(([step, item]) => pathsOf(item, [...path, step]))];
}

/** A copy with another item at a path; the same where the path leads nowhere. */
function put<T>(value: T, path: readonly Step[], item: unknown): T {
  const copy = structuredClone(value);
  let parent: unknown = copy;
  for (const step of path.slice(0, -1)) parent = stepsOf(parent).find(([one]) => one === step)?.[1];
  const last = path.at(-1);
  if (last !== undefined && typeof parent === 'object' && parent !== null)
    (parent as Record<Step, unknown>)[last] = structuredClone(item);
  return copy;
}

function expectSame({ schema, plain }: ConfigForm, config: JsonObject): boolean {
  const taken = plain(config);
  if (taken === undefined) return false;
  const { config: read, faults } = readConfig(schema(), config);
  expect(faults, JSON.stringify(config)).toBeUndefined();
  expect(taken, JSON.stringify(config)).toStrictEqual(read);
  return true;
}

const keysOf = (form: ConfigForm): readonly string[] =>
  Object.keys((form.schema() as unknown as { shape: object }).shape);

describe.each(Object.entries(forms))('%s', (name, form) => {
  test('the examples are plain', () => {
    const own = examplesOf(name);
    expect(own.length).toBeGreaterThan(0);
    const left = own.filter((config) => !expectSame(form, config));
    expect(left).toEqual([]);
  });

  /** Where something may be changed: every key that is known, some that are not, and all that is within an example. */
  const placesIn = (config: JsonObject): readonly Step[][] => [
    ...[...keysOf(form), 'BRIDGE', 'Ipam', 'MTU', 'more', 'iſGateway', 'toString'].map((key) => [key]),
    ...pathsOf(config).slice(1),
  ];

  test('whatever is put in the place of a member is read alike, or left to the schema', () => {
    let [taken, calls] = [0, 0];
    // The longest of them has most members.
    const [example = {}] = [...examplesOf(name)].sort((a, b) => pathsOf(b).length - pathsOf(a).length);
    for (const place of placesIn(example)) {
      for (const item of odd) {
        calls += 1;
        if (expectSame(form, put(example, place, item))) taken += 1;
      }
    }
    // Neither all nor nothing: the comparison compares something, and the changes change something.
    expect(taken).toBeGreaterThan(calls / 20);
    expect(taken).toBeLessThan(calls);
  });

  test('so is whatever is changed together', () => {
    const change = fc.constantFrom(...examplesOf(name)).chain((example) =>
      fc.tuple(
        fc.constant(example),
        fc.array(fc.tuple(fc.constantFrom(...placesIn(example)), fc.constantFrom<unknown>(...odd)), {
          minLength: 2,
          maxLength: 3,
        }),
      ),
    );
    fc.assert(
      fc.property(change, ([example, changes]) => {
        expectSame(
          form,
          changes.reduce((config, [place, item]) => put(config, place, item), example),
        );
      }),
    );
  });
});

describe('left to the schema is', () => {
  // The long s is the letter that Go folds and toLowerCase leaves alone.
  const otherwise = (key: string): readonly string[] =>
    [key.toUpperCase(), key.replace('s', 'ſ')].filter((other) => other !== key);

  test.each(Object.entries(forms))('a key in another case: %s', (name, form) => {
    const [example = {}] = examplesOf(name);
    expect(form.plain(example)).toBeDefined();
    for (const key of keysOf(form)) {
      const { [key]: value = null, ...rest } = example;
      for (const other of otherwise(key))
        expect(form.plain({ ...rest, [other]: value }), other).toBeUndefined();
    }
  });

  test('what would be the prototype of what is read', () => {
    const args: unknown = JSON.parse('{ "__proto__": { "cni": {} } }');
    expect(plainConfig({ name: 'pods', args: {} })).toStrictEqual({ name: 'pods', args: {} });
    expect(plainConfig({ name: 'pods', args })).toBeUndefined();
  });
});

describe('links', () => {
  const link = {
    ifindex: 7,
    ifname: 'eth0',
    flags: ['UP'],
    mtu: 1500,
    link: null,
    link_netnsid: 0,
    address: '6e:23:ff:cf:ce:bc',
    linkinfo: { info_kind: 'veth', info_slave_data: { state: 'forwarding' } },
    addr_info: [{ family: 'inet', local: '10.1.0.2', prefixlen: 24, scope: 'global' }],
  };

  test('are read as by the schema', () => {
    expect(plainLinks([link])).toStrictEqual(linkList().parse([link]));
    // A filter leaves empty objects: those are for the schema, behind what takes them out.
    expect(plainLinks([{}, link])).toBeUndefined();
    expect(readLinks([{}, link])).toStrictEqual(readLinks([link]));
  });

  test.each([
    ['mtu', '1500'],
    ['flags', 'UP'],
    ['link', 7],
    ['addr_info', [{ family: 'inet' }]],
    ['linkinfo', { info_data: 'veth' }],
  ])('of which %s is something else are refused as before', (key, value) => {
    expect(plainLinks([{ ...link, [key]: value }])).toBeUndefined();
    expect(() => readLinks([{ ...link, [key]: value }])).toThrow('in a form that is not known here');
  });
});

test('a check that nobody exports is an error when readers are made', () => {
  const checked = { _zod: { def: { type: 'string', checks: [{ _zod: { def: { check: 'custom' } } }] } } };
  const schema = { _zod: { def: { type: 'object', shape: { a: checked } } } };
  const make = () => generateReaders([{ name: 'x', schema, folds: true }], () => undefined, './plain.ts');
  expect(make).toThrow('export what it calls');
});
