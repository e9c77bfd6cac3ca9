import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommandError } from '../../../../cli/command.ts';
import { makeScratch } from '../../../../cli/explain/scratch.ts';
import { temporaryFolder } from '../../../../cli/temporary.ts';
import { type Runner, realRunner } from '../../../../lib/exec/runner.ts';

const real = realRunner({ searchPath: process.env['PATH'], runDir: tmpdir() });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-scratch-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** cp, of which another call replaces a file while it runs, so many times. */
function busy(times: number): Runner {
  let round = 0;
  return {
    ...real,
    async run(program, args, options) {
      const done = await real.run(program, args, options);
      round += 1;
      if (round > times) return done;
      rmSync(join(String(args.at(-1)), '10.88.0.2'));
      const stderr = "cp: skipping file '10.88.0.2', as it was replaced while being copied\n";
      return { ...done, status: 1, stderr };
    },
  };
}

describe('a copy of the files of plugins', () => {
  test('is made again where another call has replaced one meanwhile', async () => {
    writeFileSync(join(folder, '10.88.0.2'), 'blue');
    using scratch = makeScratch(busy(2));
    const copy = await scratch.mirror(folder);
    expect(readFileSync(join(copy, '10.88.0.2'), 'utf8')).toBe('blue');
  });

  test('is given up where that never ends', async () => {
    writeFileSync(join(folder, '10.88.0.2'), 'blue');
    using scratch = makeScratch(busy(Number.POSITIVE_INFINITY));
    await expect(scratch.mirror(folder)).rejects.toThrow(/cannot be copied.*replaced while being copied/);
  });

  test('is none where cp is killed', async () => {
    const killed = { ...real, run: async () => ({ status: 137, stdout: '', stderr: '' }) };
    using scratch = makeScratch(killed);
    await expect(scratch.mirror(folder)).rejects.toThrow(/cannot be copied.*cp ended with status 137/);
  });

  test('does not go where links lead', async () => {
    vi.stubEnv('TMPDIR', undefined);
    for (let number = 0; number < 100; number += 1) writeFileSync(join(folder, `${number}`), '');
    symlinkSync('.', join(folder, 'itself'));
    using scratch = makeScratch(real);
    const copy = await scratch.mirror(folder);
    // Counted again through the link, they would be too many for the memory.
    expect(dirname(dirname(copy))).toBe(temporaryFolder());
    expect(readdirSync(copy)).toHaveLength(101);
  });

  test('needs a folder, which TMPDIR names', async () => {
    vi.stubEnv('TMPDIR', join(folder, 'gone'));
    using scratch = makeScratch(real);
    const failure = await scratch.mirror(folder).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandError);
    expect(String(failure)).toContain(`${folder}/gone takes no copies; name another folder in TMPDIR`);
  });
});
