/** Rows as ovs-vsctl prints them, and texts as it takes them. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  listOf,
  mapArguments,
  mapOf,
  numberOf,
  quote,
  type Row,
  readTable,
  textOf,
} from '../../../lib/ovs/row.ts';
import { parseVsctl, unquote } from '../../support/recording/vsctl.ts';

describe('a table', () => {
  const row = (headings: readonly string[], ...values: readonly unknown[]): Row | undefined =>
    readTable(JSON.stringify({ headings, data: [values] }))[0];

  test('has rows by their columns', () => {
    const line = '{"data":[["a",1],["b",2]],"headings":["name","tag"]}';
    expect(readTable(line)).toEqual([
      { name: 'a', tag: 1 },
      { name: 'b', tag: 2 },
    ]);
    expect(readTable('{"data":[],"headings":["name"]}')).toEqual([]);
  });

  test('has sets, maps and UUIDs (RFC 7047, section 5.1)', () => {
    const id = '5587304a-42d4-4e22-9e5d-49f34d7df707';
    const found = row(
      ['_uuid', 'trunks', 'tag', 'interfaces', 'external_ids', 'queues', 'up'],
      ['uuid', id],
      ['set', [5, 6]],
      ['set', []],
      ['set', [['uuid', id]]],
      [
        'map',
        [
          ['a', 'b'],
          ['__proto__', 'c'],
        ],
      ],
      ['map', [[0, ['uuid', id]]]],
      true,
    );
    expect(found).toMatchObject({ _uuid: id, trunks: [5, 6], tag: [], interfaces: [id], up: true });
    expect(Object.entries(mapOf(found ?? {}, 'external_ids'))).toEqual([
      ['a', 'b'],
      ['__proto__', 'c'],
    ]);
    expect(mapOf(found ?? {}, 'queues')).toEqual({ 0: id });
  });

  test('has columns of one value, or of none', () => {
    const found: Row = { name: 'a', empty: '', tag: 7, none: [], trunks: [5, 6], ids: { a: 'b' } };
    expect([textOf(found, 'name'), textOf(found, 'empty'), textOf(found, 'none')]).toEqual([
      'a',
      undefined,
      undefined,
    ]);
    expect([numberOf(found, 'tag'), numberOf(found, 'none'), numberOf(found, 'name')]).toEqual([
      7,
      undefined,
      undefined,
    ]);
    expect([listOf(found, 'tag'), listOf(found, 'none'), listOf(found, 'trunks')]).toEqual([[7], [], [5, 6]]);
    expect(listOf(found, 'missing')).toEqual([]);
    expect([mapOf(found, 'ids'), mapOf(found, 'trunks'), mapOf(found, 'missing')]).toEqual([
      { a: 'b' },
      {},
      {},
    ]);
  });

  test.each(['{}', '[]', 'null', '7', '{"headings":[]}', '{"headings":{},"data":[]}'])(
    '%s is none',
    (line) => {
      expect(() => readTable(line)).toThrow(expect.objectContaining({ code: 999 }));
    },
  );
});

/** Any text without NUL and halves of surrogate pairs: the config takes no other. */
const anyText = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'"\\\n\t,=:[]{}!<>-@ é💩\u2028') }),
  )
  .map((text) => text.replaceAll('\0', ''));

describe('quoting', () => {
  test('gives any text back, as ovs-vsctl reads it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(unquote(quote(text))).toBe(text);
      }),
    );
  });

  test('keeps any key and value within one argument', () => {
    fc.assert(
      fc.property(anyText, anyText, (key, value) => {
        const [argument = ''] = mapArguments('external_ids', { [key]: value });
        const flags = ['--db=unix:/x', '--timeout=3', '--verbose=syslog:off'];
        const { commands } = parseVsctl([...flags, '--', 'set', 'Port', 'p', argument]);
        expect(commands).toHaveLength(1);
        expect(commands[0]?.assignments).toEqual([
          { column: 'external_ids', key, operator: '=', value: { text: value } },
        ]);
      }),
    );
  });

  test('leaves out what is undefined', () => {
    expect(mapArguments('external_ids', { a: 'b', c: undefined })).toEqual(['external_ids:"a"="b"']);
  });

  test.each([String.raw`"\u0000"`, String.raw`"\ud800"`, String.raw`"\x"`, 'x', '"x', '"a"b"'])(
    '%s is refused by ovs-vsctl',
    (token) => {
      expect(() => unquote(token)).toThrow();
    },
  );
});

describe('a run is read back only where every word is known', () => {
  const flags = ['--db=unix:/x', '--timeout=3', '--verbose=syslog:off', '--no-wait'];
  test.each<readonly string[]>([
    ['--if-exists', 'del-port', '--'],
    ['--if-exists', 'del-port', '-x'],
    ['--if-exists', 'del-port', 'a', 'b'],
    ['--if-exists', 'del-br', 'a'],
    ['del-port', 'a'],
    ['add-port', 'br0', 'p', 'tag=1 2'],
    ['add-port', 'br0', 'p', 'external_ids:"a"="b'],
    ['add-port', 'br0', 'p', 'external_ids:"a"="b" tag=5'],
    ['add-port', 'br0', 'p', 'external_ids:"a"=b'],
    ['add-port', 'br0', '--', 'del-br', 'br0'],
    ['set', 'Interface', 'p', 'type=evil'],
    ['set', 'Interface', 'p', 'type="evil",name=x'],
    ['--columns=name', 'find', 'Port', 'name=@x y'],
    ['emer-reset'],
  ])('%s %s %s %s', (...words) => {
    expect(() => parseVsctl([...flags, '--', ...words])).toThrow(/expected/);
  });

  test('options', () => {
    expect(() => parseVsctl(['--db=exec:x', ...flags.slice(1), '--', 'list'])).toThrow(/flags/);
    expect(() => parseVsctl([...flags, '--dry-run', '--', 'list'])).toThrow(/flags/);
    expect(() => parseVsctl(flags)).toThrow(/a command/);
  });
});
