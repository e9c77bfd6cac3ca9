/** Puts files into a folder that others read at any moment. */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../lib/exec/folder.ts';
import { explaining } from './explain.ts';
import { removeStaleTemporaries, syncFolder, temporaryPath } from './place.ts';

/** What the CIS benchmark asks for; the runtime is root. */
const MODE = 0o600;

/**
 * Writes the files that differ; each appears whole, by rename.
 * @param files content by name
 * @returns the paths of those that were written
 * @throws CommandError where the folder cannot be written to
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>): readonly string[] {
  return explaining(`cannot write to ${folder}`, () => {
    makeFolder(folder, 0o755);
    removeStaleTemporaries(folder);
    const written = [...files].flatMap(([name, content]) => {
      const path = join(folder, name);
      if (isUpToDate(path, content)) return [];
      writeFile(folder, path, content);
      return [path];
    });
    if (written.length > 0) syncFolder(folder);
    return written;
  });
}

function isUpToDate(path: string, content: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && (stat.mode & 0o777) === MODE && readFileSync(path, 'utf8') === content;
}

function writeFile(folder: string, path: string, content: string): void {
  const temporary = temporaryPath(folder);
  try {
    const fd = openSync(temporary, 'wx', MODE);
    try {
      const bytes = Buffer.from(content);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
