/** What is made of schemas: tables that build on others, and what is refused or left to the schema. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import type { SchemaLike } from '../../../lib/cni/json.ts';
import { generateReaders } from '../../../scripts/plain/generate.ts';
import type { Known } from '../../../scripts/plain/source.ts';

const isOdd = (value: number): boolean => value % 2 === 1;
const nameOf = (fn: unknown) => (fn === isOdd ? { name: 'isOdd', from: './odd.ts' } : undefined);

/** The last constant's expression, of a schema's members, in one line. */
function expressionOf(members: Record<string, SchemaLike>, folds = true, shared: Known[] = []): string {
  const schema = z.object(members as Record<string, z.ZodMiniType>);
  const text = generateReaders([{ name: 'x', schema, folds }], nameOf, './plain.ts', shared);
  return (text.split('export const x = ')[1] ?? '').replaceAll(/\s+/g, ' ').replace('; ', '');
}

const text = z.string();
const flag = z.optional(z.boolean());
const pair = z.object({ a: text, b: flag });
const table = (name: string, schema: SchemaLike): Known => ({
  ...{ name, schema, folds: true },
  ...{ isShape: true, from: './base.ts' },
});

describe('a table', () => {
  test('spreads the members that are those of another', () => {
    const { shape } = z.extend(pair, { c: z.string() });
    expect(expressionOf(shape, true, [table('pair', pair)])).toBe('config({ ...pair, c: text })');
  });

  test('says what is another schema, be it alike', () => {
    const three = z.extend(pair, { c: z.string() });
    const { shape } = z.extend(three, { b: z.optional(z.boolean()), d: text });
    expect(expressionOf(shape, true, [table('three', three)])).toBe(
      'config({ ...three, b: optional(flag), d: text })',
    );
  });

  test('does not spread what has a member that the object lacks', () => {
    const more = z.extend(pair, { more: z.string() });
    expect(expressionOf({ ...pair.shape, c: text }, true, [table('more', more)])).not.toContain('...');
  });

  test('of two that say the same takes the one of its name', () => {
    const shared = [table('left', pair), table('right', pair)];
    const right = z.extend(pair, { c: text });
    expect(expressionOf({ right }, true, shared)).toBe('config({ right: config({ ...right, c: text }) })');
  });
});

test.each([
  ['a format that is a type', z.email()],
  ['a number that is not just an integer', z.int32()],
  ['an object that takes no other key', z.strictObject({ a: text })],
  ['a record', z.record(z.string(), z.string())],
  ['a union', z.union([z.string(), z.number()])],
])('%s is left to the schema', (_, schema) => {
  expect(expressionOf({ a: schema })).toBe('config({ a: unread })');
  expect(expressionOf({ a: z.optional(z.array(schema)) })).toBe('config({ a: optional(list(unread)) })');
});

test('so is what may be left out within a list', () => {
  expect(expressionOf({ a: z.array(flag) })).toBe('config({ a: list(unread) })');
});

test('bounds of an integer are told by their values, other checks by their names', () => {
  const bounded = z.int().check(z.gte(1), z.lte(9), z.refine(isOdd));
  expect(expressionOf({ a: bounded })).toBe('config({ a: such(integer(1, 9), isOdd) })');
  expect(expressionOf({ a: z.int().check(z.lte(9)) })).toBe('config({ a: integer(undefined, 9) })');
});

test('an empty text is absent in configs, and not in what tools print', () => {
  expect(expressionOf({ a: z.optional(text) })).toBe('config({ a: optionalOrEmpty(text) })');
  expect(expressionOf({ a: z.optional(text) }, false)).toBe('printed({ a: optional(text) })');
});

test.each([
  ['a bound that is not reached', z.int().check(z.gt(1)), 'greater_than'],
  ['a bound of any number', z.number().check(z.lte(1)), 'less_than'],
  ['a length', z.array(text).check(z.minLength(1)), 'min_length'],
  ['a text that is changed', z.string().check(z.trim()), 'overwrite'],
  ['a check of what may be left out', flag.check(z.refine(() => true)), 'may be left out'],
  ['a default that others could change', z._default(z.array(text), ['a']), '["a"] as a default'],
])('%s is refused', (_, schema, message) => {
  expect(() => expressionOf({ a: schema })).toThrow(message);
});
