/** The kernel's files, whole or in part. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { read } from '../../../lib/exec/kernel.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-kernel-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file', () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'one\ntwo\n');

  test.each([
    [undefined, 'one\ntwo'],
    [100, 'one\ntwo'],
    [8, 'one\ntwo'],
    [6, 'one\ntw'],
    [4, 'one'],
    [0, ''],
  ])('is read to its end, or to what is asked for: %s', (atMost, text) => {
    expect(read(path, atMost)).toBe(text);
  });

  test('of /proc is given in parts, and read beyond the first', () => {
    const whole = read('/proc/self/smaps') ?? '';
    expect(whole.length).toBeGreaterThan(10_000);
    expect(read('/proc/self/smaps', 9_000)).toHaveLength(9_000);
  });

  test('that is not there is nothing', () => {
    expect(read(join(folder, 'none'))).toBeUndefined();
    expect(read(join(folder, 'none'), 10)).toBeUndefined();
    expect(read(folder, 10)).toBeUndefined();
  });
});
