/** What is taken out of Node for nobody's profiler: that one function, and nothing beside it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nativeArch } from '../../../scripts/build/arch.ts';
import { skipProfiling } from '../../../scripts/build/profiling.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a copy of Node', () => {
  test('is changed in the first instruction of one function, and runs', () => {
    const before = readFileSync(process.execPath);
    const after = Buffer.from(before);
    skipProfiling(after, nativeArch, 'nm', process.execPath);
    const length = nativeArch.node === 'x64' ? 1 : 4;
    const first = before.findIndex((byte, index) => byte !== after[index]);
    expect(first).toBeGreaterThan(0);
    expect(after.subarray(0, first).equals(before.subarray(0, first))).toBe(true);
    expect(after.subarray(first + length).equals(before.subarray(first + length))).toBe(true);

    const changed = join(folder, 'node');
    writeFileSync(changed, after, { mode: 0o755 });
    // A stack still tells lines and columns.
    const program = 'function f() {\n  return new Error("here").stack;\n}\nconsole.log(f());';
    expect(execFileSync(changed, ['--eval', program], { encoding: 'utf8' })).toContain('at f ([eval]:2:10)');
  });

  test('that has no such function is refused', () => {
    const other = '/bin/sh';
    expect(() => skipProfiling(readFileSync(other), nativeArch, 'nm', other)).toThrow(
      'scripts/build/profiling.ts',
    );
  });
});
