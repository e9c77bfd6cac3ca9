/** Folders: made with those above them, and looked through for a file. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CniError, ErrorCode, isErrnoException } from '../errors.ts';

/**
 * Makes a folder and those above it; what is there is left as it is. Not by Node's own `recursive`: on a read-only file
 * system that says ENOENT, and it never ends where a folder that is there takes no new one (/proc).
 * @param mode of each folder that is made
 * @returns the topmost that had to be made, undefined where all were there
 * @throws the system call's error, of the folder that cannot be made
 */
export function makeFolder(path: string, mode: number): string | undefined {
  // Mostly it is there, and then this is all.
  if (isFolder(path)) return undefined;
  try {
    return makeOne(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (!isErrnoException(error, 'ENOENT') || parent === path) throw error;
    const topmost = makeFolder(parent, mode);
    const made = makeOne(path, mode);
    return topmost ?? made;
  }
}

/** @returns the folder's path, undefined where it was there */
function makeOne(path: string, mode: number): string | undefined {
  try {
    mkdirSync(path, { mode });
    return path;
  } catch (error) {
    if (isErrnoException(error, 'EEXIST') && isFolder(path)) return undefined;
    throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // What is in the way, mkdir tells.
    return false;
  }
}

/**
 * The first file of a name, as runtimes and plugins look for a plugin.
 * @param folders such as those of CNI_PATH
 */
export const findInFolders = (name: string, folders: readonly string[]): string | undefined =>
  folders.map((folder) => `${folder}/${name}`).find(isFile);

/** A folder that cannot be looked into (no permission, too long a path) is passed over, as the next one may have it. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}

/**
 * Work on files below /run/plumbline.
 * @throws CniError 5 that names the path and the remedy, in place of a system call's error
 */
export function inRunDir<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isErrnoException(error)) throw error;
    throw new CniError(
      ErrorCode.io,
      `${path}: ${error.message}; plumbline keeps its locks there: make it a folder that can be written and has room`,
    );
  }
}
