/** What is taken out of Bun's start: as its own switches would, and nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nativeArch } from '../../../scripts/build/arch.ts';
import { bunFor } from '../../../scripts/build/bun.ts';
import { trimBun } from '../../../scripts/build/trim-bun.ts';
import { differences } from './differences.ts';

const bun = bunFor(nativeArch);
const before = readFileSync(bun);
const after = Buffer.from(before);
let folder = '';
let changed = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-test-'));
  trimBun(after, nativeArch);
  changed = join(folder, 'bun');
  writeFileSync(changed, after, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the executable of a program, on some Bun, prints of the collections of its garbage. */
function collectionsOf(program: string, base: string): string[] {
  const executable = join(folder, 'executable');
  const env = { PATH: process.env['PATH'], HOME: folder };
  const args = [
    'build',
    '--compile',
    `--compile-executable-path=${base}`,
    program,
    `--outfile=${executable}`,
  ];
  execFileSync(bun, args, { cwd: folder, env, stdio: 'ignore' });
  const { stdout, stderr } = spawnSync(executable, {
    encoding: 'utf8',
    env: { ...env, BUN_JSC_logGC: '1' },
  });
  expect(stdout).toBe('done\n');
  return stderr.match(/=> \w+Collection/g) ?? [];
}

describe('a copy of Bun', () => {
  test('is changed in three bytes', () => {
    expect(differences(before, after)).toHaveLength(3);
  });

  test('warms no memory up', () => {
    const [own, trimmed] = [bun, changed].map(
      (binary) =>
        spawnSync(binary, ['--eval', '1'], { encoding: 'utf8', env: { BUN_JSC_dumpOptions: '2' } }).stderr,
    );
    expect(own).toContain('useWarmUpMarkedBlocks=true');
    expect(trimmed).toBe(own?.replace('useWarmUpMarkedBlocks=true', 'useWarmUpMarkedBlocks=false'));
  });

  test('does not collect garbage for having waited, and does when there is much', () => {
    const waits = join(folder, 'waits.js');
    writeFileSync(
      waits,
      `const kept = [];
      void (async () => {
        for (let round = 0; round < 2; round += 1) {
          for (let i = 0; i < 6000; i += 1) kept.push({ i, list: [i] });
          await Bun.spawn(['sleep', '1.2']).exited;
        }
        console.log('done');
      })();`,
    );
    const fills = join(folder, 'fills.js');
    writeFileSync(
      fills,
      `let last;
      for (let i = 0; i < 3000000; i += 1) last = { i, list: [i] };
      console.log('done');`,
    );
    const whenItWaits = collectionsOf(waits, changed).length;
    expect(collectionsOf(waits, bun).length).toBeGreaterThan(whenItWaits);
    expect(whenItWaits).toBeLessThan(2);
    expect(collectionsOf(fills, changed).length).toBeGreaterThan(2);
  });

  test('that is not as it is known is refused', () => {
    expect(() => trimBun(readFileSync('/bin/sh'), nativeArch)).toThrow('scripts/build/trim-bun.ts');
    const isAnother = Buffer.from(before).fill(0, before.length >> 2);
    expect(() => trimBun(isAnother, nativeArch)).toThrow('binary 0 times');
  });
});
