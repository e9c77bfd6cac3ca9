/**
 * The plugins' own files - reservations, notes, records - as a copy that a call may change: the code that writes them is
 * the real one, and works on the copy. What it has changed there is what the call would write.
 */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Runner } from '../../lib/exec/runner.ts';
import { CommandError } from '../command.ts';
import { explaining } from '../explain.ts';
import { temporaryFolder } from '../temporary.ts';

/** One folder of the plugins', and where its copy is. */
export interface Mirrored {
  readonly real: string;
  readonly copy: string;
}

export interface Change {
  readonly kind: 'write' | 'folder' | 'remove' | 'remove-folder';
  /** The real one. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  /** It was not there before. */
  readonly isNew: boolean;
}

export interface Scratch extends Disposable {
  /** The copy of a folder; of what is in it, only these parts. Made at the first call. */
  mirror(real: string, parts?: readonly string[]): Promise<string>;
  /** What has changed since this was asked the last time. */
  changes(): readonly Change[];
  /** A text with the real folders in place of the copies: for errors. */
  translated(text: string): string;
}

export function makeScratch(runner: Runner): Scratch {
  const folders: Mirrored[] = [];
  const copied = new Set<string>();
  let before: Listing = new Map();
  return {
    async mirror(real, parts) {
      const known = folders.find((folder) => folder.real === real);
      const wanted = (parts ?? ['']).map((part) => join(real, part)).filter((part) => !copied.has(part));
      const folder = known ?? { real, copy: newFolder(wanted) };
      if (known === undefined) folders.push(folder);
      for (const part of wanted) {
        await copyInto(runner, part, join(folder.copy, relative(real, part)));
        copied.add(part);
      }
      before = new Map([...before, ...list([folder])]);
      return folder.copy;
    },
    changes() {
      const after = list(folders);
      const changed = differences(before, after);
      before = after;
      return changed;
    },
    translated: (text) =>
      folders.reduce((translated, { real, copy }) => translated.replaceAll(copy, real), text),
    [Symbol.dispose]() {
      for (const { copy } of folders) rmSync(dirname(copy), { recursive: true, force: true });
    },
  };
}

/** For a copy of these: not there yet, in a folder of its own. */
function newFolder(originals: readonly string[]): string {
  const files = originals.filter(isFolder).reduce((sum, folder) => sum + countIn(folder), 0);
  const parent = temporaryFolder(files);
  const own = explaining(`${parent} takes no copies; name another folder in TMPDIR`, () =>
    mkdtempSync(join(parent, 'plumbline-explain-')),
  );
  return join(own, 'copy');
}

/** Not by readdir's own recursion: it goes where links lead, and two that lead back would keep it for good. */
function countIn(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  return folders.reduce((sum, { name }) => sum + countIn(join(folder, name)), entries.length);
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** How often a copy is made anew, since calls of a busy node have put other files in the place of some meanwhile. */
const mostCopies = 10;

/**
 * With times, modes and what is no file; nothing where it is not there.
 * @throws CommandError where there is no room; a file that its container takes away meanwhile is passed over
 */
async function copyInto(runner: Runner, from: string, to: string): Promise<void> {
  if (!isFolder(from)) return;
  const what = `${from} cannot be copied, to see what a call would change there`;
  for (let round = 1; ; round += 1) {
    explaining(what, () => mkdirSync(to, { recursive: true }));
    const { status, stderr } = await runner.run('cp', ['-a', '--', `${from}/.`, to]);
    const faults = stderr
      .split('\n')
      .filter((line) => line !== '' && !line.endsWith(': No such file or directory'));
    // A cp that is killed, for want of memory, has said nothing: a copy that lacks reservations would tell a taken address.
    if (status > 1) throw new CommandError(`${what}: cp ended with status ${status}`);
    if (faults[0] === undefined) return;
    const isReplaced = faults.every((line) => line.endsWith(', as it was replaced while being copied'));
    if (!isReplaced || round === mostCopies) throw new CommandError(`${what}: ${faults[0]}`);
    rmSync(to, { recursive: true });
  }
}

interface Entry {
  readonly file: string;
  readonly isFolder: boolean;
  readonly mode: number;
  readonly mtime: number;
  /** Tells a file from another one of its name, and from itself before it was written to. */
  readonly identity: string;
}

/** By real path. */
type Listing = ReadonlyMap<string, Entry>;

function list(folders: readonly Mirrored[]): Listing {
  const found = new Map<string, Entry>();
  for (const { real, copy } of folders) {
    const stat = statSync(copy, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    found.set(real, { file: copy, isFolder: true, mode: stat.mode & 0o7777, mtime: 0, identity: 'folder' });
    walk(copy, real, found);
  }
  return found;
}

function walk(folder: string, real: string, found: Map<string, Entry>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const [file, path] = [`${folder}/${entry.name}`, `${real}/${entry.name}`];
    if (isPassing(path)) continue;
    const { ino, mode, mtimeMs, size } = lstatSync(file);
    const isFolder = entry.isDirectory();
    const identity = isFolder ? 'folder' : `${ino} ${mtimeMs} ${size}`;
    found.set(path, { file, isFolder, mode: mode & 0o7777, mtime: mtimeMs, identity });
    if (isFolder) walk(file, path, found);
  }
}

/** Locks, and files on their way to their names. */
const isPassing = (path: string): boolean =>
  /\/locks$|\/lock$|\/\.plumbline\/[^/]+\/tmp\/.|\.json\.new$/.test(path);

function differences(before: Listing, after: Listing): readonly Change[] {
  const gone = [...before].filter(([path]) => !after.has(path)).reverse();
  const made = [...after].filter(([path, { identity }]) => before.get(path)?.identity !== identity);
  return [
    ...gone.map(([path, entry]) => changeOf(entry.isFolder ? 'remove-folder' : 'remove', path, entry, '')),
    ...made.map(([path, entry]) =>
      entry.isFolder
        ? changeOf('folder', path, entry, '')
        : changeOf('write', path, entry, readFileSync(entry.file, 'utf8'), !before.has(path)),
    ),
  ];
}

const changeOf = (
  kind: Change['kind'],
  path: string,
  { mode, mtime }: Entry,
  content: string,
  isNew = true,
): Change => ({ kind, path, content, mode, mtime, isNew });
