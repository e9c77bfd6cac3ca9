/** The JSON Schemas in schemas/: fresh, whole, content with what is right, and not with what is wrong. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { baseConfigSchema, parseConfig } from '../../../lib/cni/config.ts';
import { findPlugin } from '../../../plugins/index.ts';
import { documentOf } from '../../../scripts/schemas/document.ts';
import { allSchemas } from '../../../scripts/schemas/schemas.ts';
import { repoRoot } from '../../support/paths.ts';
import { mistakes } from '../cli/lint/mistakes.ts';

type Json = Readonly<Record<string, unknown>>;

const folder = join(repoRoot, 'schemas');
const readJson = (file: string): Json => JSON.parse(readFileSync(file, 'utf8')) as Json;

const validators = new Map<string, ReturnType<Ajv['compile']>>();

/** What is wrong by a schema, a line each. */
function faults(name: string, value: unknown): readonly string[] {
  const validate =
    validators.get(name) ??
    // All of the strict mode but what is usual in schemas for editors.
    new Ajv({
      allErrors: true,
      strict: true,
      strictTypes: false,
      strictRequired: false,
      allowMatchingProperties: true,
    }).compile(readJson(join(folder, `${name}.schema.json`)));
  validators.set(name, validate);
  validate(value);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

const schemaOf = (file: string): string => (file.endsWith('.conflist') ? 'conflist' : 'conf');

const filesBelow = (path: string): readonly string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.conf(list)?$/.test(name))
    .map((name) => join(path, name));

test('they are what the sources make', () => {
  const there = Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
  expect(there).toEqual(allSchemas());
});

describe('what is right', () => {
  test.each(filesBelow(join(repoRoot, 'conf-examples')))('%s', (file) => {
    expect(faults(schemaOf(file), readJson(file))).toEqual([]);
  });

  // One of them has what a schema cannot know: keys in another case, nulls, empty texts.
  const peers = filesBelow(join(repoRoot, 'test/unit/cli/lint/peers')).filter(
    (file) => !file.endsWith('notes.conflist'),
  );

  test.each(peers)('%s', (file) => {
    expect(faults(schemaOf(file), readJson(file))).toEqual([]);
  });

  test.each(['veth-bridge', 'ovs', 'macvlan', 'ipvlan', 'sriov'])(
    'each plugin of the examples by the schema of its own: %s',
    (name) => {
      const lists = filesBelow(join(repoRoot, 'conf-examples', name)).filter((file) =>
        file.endsWith('.conflist'),
      );
      const plugins = lists.flatMap((file) => readJson(file)['plugins'] as readonly Json[]);
      const own = plugins.filter(({ type }) => type === name);
      expect(own.length).toBeGreaterThan(0);
      expect(own.map((plugin) => faults(name, plugin))).toEqual(own.map(() => []));
    },
  );

  test('the ipam of the examples by the schema of host-local', () => {
    const files = filesBelow(join(repoRoot, 'conf-examples', 'host-local'));
    const ipams = files.flatMap((file) =>
      (readJson(file)['plugins'] as readonly Json[]).map(({ ipam }) => ipam),
    );
    expect(ipams.map((ipam) => faults('host-local', ipam))).toEqual(ipams.map(() => []));
  });
});

describe('what is wrong', () => {
  // A schema knows no other fields of a file but by name, and compares none.
  const beyond =
    /twice|two cases|exclude|of many|longer|uplink that|sources|MAC address for|access port|two kinds|plumbline's|QoS|rate|overlap|host bits|too small$|outside|before the|families|no range|delegate|room for|level|chained|at the head|misspelled (type|IPAM|capability)|peer's misspelled|for ipam|ipam without|^a version of|VLAN's gateway/;
  const seeded = Object.entries(mistakes).filter(([name, { text }]) => {
    try {
      JSON.parse(text.replace('⟦', ''));
      return !beyond.test(name);
    } catch {
      return false;
    }
  });

  test('there is enough of it', () => expect(seeded.length).toBeGreaterThan(25));

  test.each(seeded)('%s', (_, { file, text }) => {
    expect(faults(schemaOf(file), JSON.parse(text.replace('⟦', '')))).not.toEqual([]);
  });

  test('an MTU that no link has', () => {
    expect(faults('macvlan', { type: 'macvlan', mtu: 67 })).not.toEqual([]);
    expect(faults('macvlan', { type: 'macvlan', mtu: 0 })).toEqual([]);
  });
});

describe('for people', () => {
  test.each(Object.keys(allSchemas()))(
    'every field of %s has a text, and a default where it has one',
    (name) => {
      const bare: string[] = [];
      const look = (node: unknown, path: string): void => {
        if (typeof node !== 'object' || node === null) return;
        for (const [key, child] of Object.entries(node)) {
          if (key === 'properties') {
            for (const [field, { description }] of Object.entries(child as Record<string, Json>)) {
              if (description === undefined) bare.push(`${path}/${field}`);
            }
          }
          look(child, `${path}/${key}`);
        }
      };
      look(readJson(join(folder, name)), '');
      const listed = /\/(capabilities|if|allOf\/\d+\/if)\/|\/(nerdctlID|nerdctlLabels|args|cniVersions)$/;
      expect(bare.filter((path) => !listed.test(path))).toEqual([]);
    },
  );

  test('defaults are those of the plugins', () => {
    expect(readJson(join(folder, 'veth-bridge.schema.json'))).toMatchObject({
      properties: {
        bridge: { default: 'cni0' },
        ipMasqBackend: { default: 'nftables' },
        isGateway: { default: false },
      },
    });
  });
});

test.each(['veth-bridge', 'ovs', 'macvlan', 'ipvlan', 'sriov'])('%s takes $schema', (name) => {
  const plugin = findPlugin(name);
  if (plugin === undefined) throw new Error(name);
  const config = {
    $schema: '../../schemas/conf.schema.json',
    name: 'net',
    type: name,
    ipam: { type: 'dhcp' },
  };
  expect(parseConfig(plugin.config.schema(), config)).toMatchObject({ name: 'net' });
});

describe('a table of fields', () => {
  const schema = z.extend(baseConfigSchema(), { colour: z.optional(z.string()) });

  test('has to have every field', () => {
    expect(() => documentOf(schema, {})).toThrow('no text for the field colour');
  });

  test('has to have no other', () => {
    expect(() => documentOf(schema, { colour: 'a', taste: 'b' })).toThrow('no such field: taste');
  });
});
