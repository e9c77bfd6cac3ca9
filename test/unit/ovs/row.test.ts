/** Rows as the server prints them, and operations that are read back only where every word is known. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { insert, mapOfTexts } from '../../../lib/ovs/operation.ts';
import { listOf, mapOf, numberOf, type Row, readRow, textOf } from '../../../lib/ovs/row.ts';
import { parseOvsdb } from '../../support/recording/ovsdb.ts';

describe('a row', () => {
  test('has sets, maps and UUIDs (RFC 7047, section 5.1)', () => {
    const id = '5587304a-42d4-4e22-9e5d-49f34d7df707';
    const found = readRow({
      _uuid: ['uuid', id],
      name: 'a',
      trunks: ['set', [5, 6]],
      tag: ['set', []],
      interfaces: ['set', [['uuid', id]]],
      external_ids: [
        'map',
        [
          ['a', 'b'],
          ['__proto__', 'c'],
        ],
      ],
      queues: ['map', [[0, ['uuid', id]]]],
      up: true,
    });
    expect(found).toMatchObject({
      _uuid: id,
      name: 'a',
      trunks: [5, 6],
      tag: [],
      interfaces: [id],
      up: true,
    });
    expect(Object.entries(mapOf(found, 'external_ids'))).toEqual([
      ['a', 'b'],
      ['__proto__', 'c'],
    ]);
    expect(mapOf(found, 'queues')).toEqual({ 0: id });
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
});

/** Any text without NUL and halves of surrogate pairs: the config takes no other. */
const anyText = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'"\\\n\t,=:[]{}!<>-@ é💩\u2028') }),
  )
  .map((text) => text.replaceAll('\0', ''));

const options = ['--timeout=3', '--verbose=syslog:off'];
const select = { op: 'select', table: 'Port', where: [], columns: ['name'] };
const run = (verb: string, ...operations: readonly unknown[]) =>
  parseOvsdb([...options, verb, 'unix:/x', JSON.stringify(['Open_vSwitch', ...operations])]);

describe('a run', () => {
  test('keeps any key and value within one operation', () => {
    fc.assert(
      fc.property(anyText, anyText, (key, value) => {
        const operation = insert('Port', { external_ids: mapOfTexts({ [key]: value }) }, 'port');
        expect(run('transact', operation).operations).toEqual([operation]);
      }),
    );
  });

  test('leaves out what is undefined', () => {
    expect(mapOfTexts({ a: 'b', c: undefined })).toEqual(['map', [['a', 'b']]]);
  });

  const uuid = '5587304a-42d4-4e22-9e5d-49f34d7df707';
  test.each<readonly [string, object]>([
    ['another operation', { op: 'abort' }],
    ['another table', { ...select, table: 'SSL' }],
    ['another column', { ...select, columns: ['evil'] }],
    ['another comparison', { ...select, where: [['name', '<', 'a']] }],
    ['one member more', { ...select, more: 1 }],
    ['a condition of three and more', { ...select, where: [['name', '==', 'a', 'b']] }],
    ['a number as a name', { ...select, where: [['name', '==', 5]] }],
    ['a text that the server refuses', { ...select, where: [['name', '==', 'a\0']] }],
    ['half of a pair', { ...select, where: [['name', '==', '\ud800']] }],
    ['a reference that is none', { ...select, where: [['_uuid', '==', ['uuid', 'x']]] }],
    ['a map of numbers', { ...select, where: [['external_ids', 'includes', ['map', [['a', 5]]]]] }],
    ['a comment of its own', { op: 'comment', comment: 'x' }],
    ['all rows', { op: 'delete', table: 'QoS', where: [] }],
    ['a change of all rows', { op: 'update', table: 'Port', where: [], row: { tag: 5 } }],
    ['a name that is none', { op: 'insert', table: 'Port', row: {}, 'uuid-name': 'a b' }],
    [
      'another mutation',
      { op: 'mutate', table: 'Bridge', where: [], mutations: [['ports', '-=', ['uuid', uuid]]] },
    ],
  ])('is not read back with %s', (_what, operation) => {
    expect(() => run('transact', operation)).toThrow(/expected|No column/);
  });

  test('is not read back with other options, remotes, databases or writing queries', () => {
    const text = JSON.stringify(['Open_vSwitch', select]);
    expect(parseOvsdb([...options, 'query', 'tcp:192.0.2.1:6640', text])).toMatchObject({ seconds: 3 });
    expect(() => parseOvsdb(['--timeout=3', '--private-key=x', 'query', 'unix:/x', text])).toThrow(/options/);
    expect(() => parseOvsdb([...options, 'dump', 'unix:/x', text])).toThrow(/options/);
    expect(() => parseOvsdb([...options, 'query', 'exec:x', text])).toThrow(/remote/);
    expect(() => parseOvsdb([...options, 'query', 'unix:/x', text, 'more'])).toThrow(/options/);
    expect(() => parseOvsdb([...options, 'query', 'unix:/x', `${text} `])).toThrow(/same again/);
    expect(() => parseOvsdb([...options, 'query', 'unix:/x', '["OVN_Southbound",{}]'])).toThrow(
      /transaction/,
    );
    expect(() =>
      run('query', { op: 'delete', table: 'QoS', where: [['_uuid', '==', ['uuid', uuid]]] }),
    ).toThrow(/a query/);
    expect(() => run('query')).toThrow(/transaction/);
  });
});
