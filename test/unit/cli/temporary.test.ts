import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../../cli/temporary.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the folder for files of a command', () => {
  test('is in memory where there is such a file system', () => {
    vi.stubEnv('TMPDIR', undefined);
    const hasShm = statSync('/dev/shm', { throwIfNoEntry: false })?.isDirectory() === true;
    expect(temporaryFolder()).toBe(hasShm ? '/dev/shm' : '/tmp');
  });

  test('is on the disk for thousands of files', () => {
    vi.stubEnv('TMPDIR', undefined);
    expect(temporaryFolder(100_000)).toBe(tmpdir());
  });

  test('is where TMPDIR says', () => {
    vi.stubEnv('TMPDIR', '/var/elsewhere');
    expect(temporaryFolder()).toBe('/var/elsewhere');
    expect(temporaryFolder(100_000)).toBe('/var/elsewhere');
  });
});
