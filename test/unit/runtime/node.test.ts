import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { runtime } from '../../../lib/runtime/node.ts';

describe('a hash is that of node:crypto', () => {
  // Around the lengths at which the last block is full: 55, 56, 64 bytes of SHA-256, 111, 112, 128 of SHA-512.
  const lengths = [0, 1, 54, 55, 56, 63, 64, 65, 110, 111, 112, 127, 128, 129, 1000];
  const texts = [
    ...lengths.map((length) => 'x'.repeat(length)),
    'pods\0id\0eth0',
    'Straße 日本 🦆',
    '\ud800',
  ];

  test.each(['sha256', 'sha512'] as const)('%s', (algorithm) => {
    for (const text of texts)
      expect(runtime.hash(algorithm, text)).toBe(createHash(algorithm).update(text).digest('hex'));
  });
});

test('random bytes are as many as were asked for, and others each time', () => {
  const all = Array.from({ length: 100 }, () => Buffer.from(runtime.randomBytes(6)).toString('hex'));
  expect(new Set(all).size).toBe(100);
  expect(all.every((hex) => hex.length === 12)).toBe(true);
  const many = runtime.randomBytes(5000);
  expect(many).toHaveLength(5000);
  // Not the buffer as it was: a tail of zeros has a chance of one in 2^800.
  expect(many.subarray(-100).some((byte) => byte !== 0)).toBe(true);
});
