/** Folders, made on a real file system. */
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inRunDir, makeFolder } from '../../../lib/exec/folder.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'plumbline-folder-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

test('makes what is missing, with its mode, and tells the topmost', () => {
  expect(makeFolder(join(dir, 'a/b/c'), 0o700)).toBe(join(dir, 'a'));
  for (const made of ['a', 'a/b', 'a/b/c']) expect(statSync(join(dir, made)).mode & 0o777).toBe(0o700);
  expect(makeFolder(join(dir, 'a/b/c/d'), 0o700)).toBe(join(dir, 'a/b/c/d'));
});

test('leaves what is there, also by a link', () => {
  mkdirSync(join(dir, 'there'), { mode: 0o755 });
  symlinkSync('there', join(dir, 'link'));
  for (const name of ['there', 'link']) expect(makeFolder(join(dir, name), 0o700)).toBeUndefined();
  expect(makeFolder('/', 0o700)).toBeUndefined();
  expect(statSync(join(dir, 'there')).mode & 0o777).toBe(0o755);
});

test.each([
  ['a file', () => writeFileSync(join(dir, 'x'), ''), 'x', 'EEXIST'],
  ['below a file', () => writeFileSync(join(dir, 'x'), ''), 'x/y', 'ENOTDIR'],
  ['a link to nowhere', () => symlinkSync('/nowhere/at/all', join(dir, 'x')), 'x', 'EEXIST'],
])('%s is an error', (_what, prepare, name, code) => {
  prepare();
  expect(() => makeFolder(join(dir, name), 0o700)).toThrow(expect.objectContaining({ code }));
});

test('ends where a folder that is there takes no new one', () => {
  expect(() => makeFolder('/proc/x/y', 0o700)).toThrow(
    expect.objectContaining({ code: 'ENOENT', path: '/proc/x' }),
  );
});

test('what fails in the folder of locks says what it is for', () => {
  writeFileSync(join(dir, 'run'), '');
  const path = join(dir, 'run/locks');
  expect(() => inRunDir(path, () => makeFolder(path, 0o700))).toThrow(
    expect.objectContaining({
      code: 5,
      message: expect.stringMatching(
        /run\/locks: ENOTDIR.*plumbline keeps its locks there: make it a folder/,
      ),
    }),
  );
  expect(() =>
    inRunDir(path, () => {
      throw new RangeError('a mistake of ours');
    }),
  ).toThrow(RangeError);
});
