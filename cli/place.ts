import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { PROGRAM, readMark } from './executable.ts';

/** How the name of each of our temporary files begins; a runtime does not look for plugins of such names. */
const TEMPORARY_PREFIX = '.plumbline-tmp-';

/** Nobody writes one file for so long; older ones were left by an install that was killed. */
const STALE_AFTER_MS = 60 * 60 * 1000;

/** How often {@link placeLinks} looks again before it gives up on others who rename at the same time. */
const SETTLE_ATTEMPTS = 100;

/** A path in `dir` that nobody else uses. */
export function temporaryPath(dir: string): string {
  return join(dir, `${TEMPORARY_PREFIX}${process.pid}-${randomBytes(8).toString('hex')}`);
}

/** Removes the temporary files of installs that were killed long ago. */
export function removeStaleTemporaries(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = join(dir, name);
    const stat = lstatIfThere(path);
    if (stat !== undefined && Date.now() - stat.ctimeMs > STALE_AFTER_MS) rmSync(path, { force: true });
  }
}

/** lstat, or undefined where nothing is there. */
export function lstatIfThere(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** One name to be placed; `keep`, where given, is the name under which the file now at `name` stays. */
export interface Placement {
  readonly name: string;
  readonly keep?: string;
}

/**
 * Makes each name in `dir` a hard link of `file`, which lies in the same file system, by rename: at no moment is a name missing or half
 * written, and a running executable is never written to. All links are made under temporary names before the
 * first rename, so that a full disk or a read-only folder is found while nothing has changed.
 *
 * Two that place different files at once leave one file under all names, not a mixture: whoever renamed last looks last.
 */
export function placeLinks(dir: string, file: string, placements: readonly Placement[]): void {
  const temporaries: string[] = [];
  const link = (from: string): string => {
    const path = temporaryPath(dir);
    linkSync(from, path);
    temporaries.push(path);
    return path;
  };
  try {
    const moves = placements.map(({ name, keep }) => ({
      name,
      from: link(file),
      backup: keep === undefined ? undefined : { from: link(join(dir, name)), to: keep },
    }));
    for (const { name, from, backup } of moves) {
      // Another install may have put our own file there since the caller looked; that one is no backup.
      if (backup !== undefined && readMark(backup.from) === undefined)
        renameSync(backup.from, join(dir, backup.to));
      renameSync(from, join(dir, name));
    }
    settle(dir, placements, link);
    syncFolder(dir);
  } finally {
    // rename(2) between two links of one file does nothing and leaves the old name, so this is needed after success too.
    for (const path of temporaries) rmSync(path, { force: true });
  }
}

/** Repeats until every name is a link of the file that `plumbline` is. */
function settle(dir: string, placements: readonly Placement[], link: (from: string) => string): void {
  const program = join(dir, PROGRAM);
  for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
    const inode = lstatIfThere(program)?.ino;
    const odd = placements.filter(({ name }) => {
      const found = lstatIfThere(join(dir, name))?.ino;
      return found !== undefined && found !== inode;
    });
    if (inode === undefined || odd.length === 0) return;
    for (const { name } of odd) renameSync(link(program), join(dir, name));
  }
}

/** Makes the renames last through a power cut. */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
