/** The readers that are made of the schemas: what they take, they read as the schemas do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { baseConfigSchema, type ConfigForm, readConfig } from '../../../lib/cni/config.ts';
import { isObject, type JsonObject } from '../../../lib/cni/json.ts';
import { plainConfig } from '../../../lib/cni/plain.ts';
import { findPlugin } from '../../../plugins/index.ts';
import { fieldsSchema } from '../../../plugins/ovs/config.ts';
import { plainFields } from '../../../plugins/ovs/plain.ts';
import { generateReaders } from '../../../scripts/plain/generate.ts';
import { confExamples, readExample } from '../../support/conf-examples.ts';
import { odd, pathsOf, put, type Step } from './changes.ts';

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

test('a check that nobody exports is an error when readers are made', () => {
  const checked = { _zod: { def: { type: 'string', checks: [{ _zod: { def: { check: 'custom' } } }] } } };
  const schema = { _zod: { def: { type: 'object', shape: { a: checked } } } };
  const make = () => generateReaders([{ name: 'x', schema, folds: true }], () => undefined, './plain.ts');
  expect(make).toThrow('export what it calls');
});
