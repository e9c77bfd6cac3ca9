/**
 * The plugins' own files - reservations, notes, records - as a copy that a call may change: the code that writes them is
 * the real one, and works on the copy. What it has changed there is what the call would write.
 */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Runner } from '../../lib/exec/runner.ts';

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

export async function makeScratch(runner: Runner): Promise<Scratch> {
  const root = mkdtempSync(join(tmpdir(), 'plumbline-explain-'));
  const folders: Mirrored[] = [];
  const copied = new Set<string>();
  let before: Listing = new Map();
  return {
    async mirror(real, parts) {
      const known = folders.find((folder) => folder.real === real);
      const { copy } = known ?? { copy: join(root, String(folders.length)) };
      if (known === undefined) folders.push({ real, copy });
      for (const part of parts ?? ['']) {
        const from = join(real, part);
        if (!copied.has(from)) await copyInto(runner, from, join(copy, part));
        copied.add(from);
      }
      before = list(folders);
      return copy;
    },
    changes() {
      const after = list(folders);
      const changed = differences(before, after);
      before = after;
      return changed;
    },
    translated: (text) =>
      folders.reduce((translated, { real, copy }) => translated.replaceAll(copy, real), text),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** With times, modes and what is no file; nothing where it is not there. Locks are not copied: they are not waited for. */
async function copyInto(runner: Runner, from: string, to: string): Promise<void> {
  const stat = statSync(from, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return;
  const names = readdirSync(from).filter((name) => name !== 'locks' && name !== 'lock');
  mkdirSync(to, { recursive: true });
  if (names.length > 0) await runner.run('cp', ['-a', '--', ...names.map((name) => `${from}/${name}`), to]);
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
