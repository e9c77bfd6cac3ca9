/**
 * How executables lie in the page cache. What has been written or read as a whole is there in large pieces, what was paged
 * in by running it in small ones, of which a start by Bun then needs 2 of 11 ms more. So all sides begin alike.
 *
 * Where the pieces lie is chance, and stays as it is until they are read anew: it makes a start by Node take a tenth more or
 * less, for as long. So they are read anew again and again, or two runs would differ by that.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Build, builds, neededExecutables } from './contenders.ts';
import { emptyPrograms } from './empty.ts';

/** Takes files out of the page cache; those that a process runs stay. */
export function takeOut(files: readonly string[]): void {
  for (const file of files) execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
}

/** Reads files as a whole, as they lie there when they have been installed. */
export function readWhole(files: readonly string[]): void {
  takeOut(files);
  for (const file of files) execFileSync('dd', [`if=${file}`, 'of=/dev/null', 'bs=1M', 'status=none']);
}

/** The executables of all sides, in other places than before. */
export function layAnew(): void {
  readWhole(executables(undefined));
}

/** Where a folder `dist` has the executables of a build. */
export const within: Readonly<Record<Build, string>> = { pkg: 'bin', bun: 'bun/bin' };

/** All that is measured by name; one of each file's names. */
export function executables(before: string | undefined): readonly string[] {
  const earlier = before === undefined ? [] : builds.map((build) => join(before, within[build]));
  const all = [
    ...neededExecutables(),
    ...Object.values(emptyPrograms).filter(existsSync),
    ...earlier.filter(existsSync).flatMap((folder) => readdirSync(folder).map((name) => join(folder, name))),
  ];
  return [...new Map(all.map((file) => [statSync(file).ino, file])).values()];
}
