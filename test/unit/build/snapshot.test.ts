import { expect, test } from 'vitest';
import { cutCodeCache } from '../../../scripts/build/snapshot.ts';

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value);
  return bytes;
}

function withLength(bytes: Buffer): Buffer {
  return Buffer.concat([number(bytes.length), bytes]);
}

function codeCache(modules: number): Buffer {
  const entries = Array.from({ length: modules }, (_, index) =>
    Buffer.concat([
      withLength(Buffer.from(`internal/module_${index}`)),
      withLength(Buffer.alloc(index, 0xff)),
    ]),
  );
  return Buffer.concat([number(modules), ...entries]);
}

const heap = Buffer.from('a heap, in which a count may stand, too'.repeat(20));

test('the code cache at the end becomes an empty one', () => {
  const snapshot = Buffer.concat([heap, number(300), heap, codeCache(300)]);
  expect(cutCodeCache(snapshot)).toEqual(Buffer.concat([heap, number(300), heap, number(0)]));
});

test.each([
  ['none', heap],
  ['one that does not reach to the end', Buffer.concat([codeCache(300), heap])],
  ['one that reaches beyond it', Buffer.concat([heap, codeCache(300).subarray(0, -1)])],
  ['one with too few modules', Buffer.concat([heap, codeCache(3)])],
])('a snapshot with %s is refused', (_, snapshot) => {
  expect(() => cutCodeCache(snapshot)).toThrow('0 code caches found');
});
