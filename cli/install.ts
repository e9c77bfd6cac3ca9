import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../lib/exec/folder.ts';
import { CommandError } from './command.ts';
import { BRIDGE_ALIAS, EXECUTABLES, type Mark, PROGRAM, readMarkFrom } from './executable.ts';
import { explaining } from './explain.ts';
import { lstatIfThere, type Placement, placeLinks, removeStaleTemporaries, temporaryPath } from './place.ts';
import { BACKUP_SUFFIX, type Change, type Found, look } from './survey.ts';

export interface InstallOptions {
  /** The executable to install. */
  readonly source: string;
  /** Absolute path of the folder. */
  readonly binDir: string;
  /** Also under the reference bridge plugin's name. */
  readonly asBridge: boolean;
  /** Replace files that are not ours, and keep them. */
  readonly force: boolean;
}

/**
 * Installs one file under all names. Either all names are in place at the end, or nothing has changed.
 * @returns what became of each name
 * @throws CommandError where files of other origin are in the way, or the folder cannot be written to
 */
export function install(options: InstallOptions): Change[] {
  const { source, binDir, asBridge, force } = options;
  const mark = sourceMark(source);
  if (mark === undefined) {
    throw new CommandError('this is no built executable: run `make build`, then dist/bin/plumbline install');
  }
  const made = explaining(`cannot make ${binDir}`, () => makeFolder(binDir, 0o755));
  try {
    return explaining(`cannot install in ${binDir}`, () => {
      // One that was once linked as bridge stays up to date, whether or not it is asked for this time.
      const bridge = asBridge || look(join(binDir, BRIDGE_ALIAS)) === 'ours';
      const names = bridge ? [...EXECUTABLES, BRIDGE_ALIAS] : EXECUTABLES;
      const found = new Map(names.map((name) => [name, look(join(binDir, name))]));
      refuse(binDir, found, force);
      removeStaleTemporaries(binDir);
      return place(source, mark, binDir, found);
    });
  } catch (error) {
    if (made !== undefined) removeEmptyFolders(binDir, made);
    throw error;
  }
}

/** The source's mark; the source may be a link, as /proc/self/exe is. */
function sourceMark(source: string): Mark | undefined {
  const fd = openSync(source, 'r');
  try {
    return readMarkFrom(fd);
  } finally {
    closeSync(fd);
  }
}

function refuse(dir: string, found: ReadonlyMap<string, Found>, force: boolean): void {
  const names = (what: Found): string[] => [...found].flatMap(([name, is]) => (is === what ? [name] : []));
  const obstacles = names('obstacle').map((name) => `${join(dir, name)} is not a file: please move it away`);
  const foreign = force ? [] : names('foreign').map((name) => `${join(dir, name)} is not plumbline's`);
  if (obstacles.length + foreign.length === 0) return;
  const remedy = `nothing was changed; --force replaces them, and keeps each as NAME${BACKUP_SUFFIX}`;
  throw new CommandError([...obstacles, ...foreign, ...(foreign.length > 0 ? [remedy] : [])].join('\n'));
}

function place(source: string, mark: Mark, dir: string, found: ReadonlyMap<string, Found>): Change[] {
  const program = join(dir, PROGRAM);
  const current = found.get(PROGRAM) === 'ours' && sameExecutable(source, program);
  const before = new Map([...found.keys()].map((name) => [name, lstatIfThere(join(dir, name))?.ino]));
  const inode = current ? before.get(PROGRAM) : undefined;
  const odd = [...found].filter(([name]) => inode === undefined || before.get(name) !== inode);
  const placements = odd.map(
    ([name, is]): Placement => (is === 'foreign' ? { name, keep: name + BACKUP_SUFFIX } : { name }),
  );
  if (placements.length > 0) {
    if (current) placeLinks(dir, program, placements);
    else withCopy(source, dir, (copy) => placeLinks(dir, copy, placements));
  }
  const changed = new Set(placements.map(({ name }) => name));
  return [...found].map(([name, is]) => ({
    path: join(dir, name),
    what: changed.has(name) ? describe(is, name, mark) : `${mark.version} is there already`,
  }));
}

function describe(was: Found, name: string, mark: Mark): string {
  if (was === 'foreign')
    return `installed ${mark.version}; what was there is kept as ${name}${BACKUP_SUFFIX}`;
  return was === 'ours' ? `updated to ${mark.version}` : `installed ${mark.version}`;
}

/** Whether two files hold the same bytes and `path` can be run. Their marks are not enough: a disk may have lost a block. */
function sameExecutable(source: string, path: string): boolean {
  const a = openSync(source, 'r');
  try {
    const b = openSync(path, 'r');
    try {
      const [left, right] = [fstatSync(a), fstatSync(b)];
      if ((right.mode & 0o777) !== 0o755 || left.size !== right.size) return false;
      return (left.dev === right.dev && left.ino === right.ino) || sameBytes(a, b);
    } finally {
      closeSync(b);
    }
  } finally {
    closeSync(a);
  }
}

function sameBytes(a: number, b: number): boolean {
  const left = Buffer.alloc(1 << 20);
  const right = Buffer.alloc(1 << 20);
  for (let position = 0; ; position += left.length) {
    const read = readFully(a, left, position);
    if (read !== readFully(b, right, position)) return false;
    if (!left.subarray(0, read).equals(right.subarray(0, read))) return false;
    if (read < left.length) return true;
  }
}

function readFully(fd: number, buffer: Buffer, position: number): number {
  let filled = 0;
  while (filled < buffer.length) {
    const read = readSync(fd, buffer, filled, buffer.length - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

/** A copy of `source` in `dir`, on the disk to its last byte, for as long as `use` runs. */
function withCopy(source: string, dir: string, use: (copy: string) => void): void {
  const copy = temporaryPath(dir);
  try {
    copyFileSync(source, copy, constants.COPYFILE_EXCL);
    const fd = openSync(copy, 'r+');
    try {
      fchmodSync(fd, 0o755);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    use(copy);
  } finally {
    rmSync(copy, { force: true });
  }
}

/** Removes `dir` and its parents up to `top`, as far as they are empty: what a failed install has made. */
function removeEmptyFolders(dir: string, top: string): void {
  try {
    for (let path = dir; path.startsWith(top); path = dirname(path)) rmdirSync(path);
  } catch {
    // Somebody has put something there meanwhile: then it is not ours to remove.
  }
}
