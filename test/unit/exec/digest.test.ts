import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { digest } from '../../../lib/exec/digest.ts';

test('digests are the same however often and in whatever order they are asked for', () => {
  const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`);
  const expected = (text: string): string =>
    createHash('sha256').update(`a\0${text}`).digest('hex').slice(0, 15);
  for (const text of [...texts, ...texts.toReversed()]) {
    expect(digest(15, 'a', text)).toBe(expected(text));
    expect(digest(3, 'a', text)).toBe(expected(text).slice(0, 3));
  }
});
