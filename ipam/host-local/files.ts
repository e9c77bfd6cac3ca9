/**
 * The file system as the store uses it: small files, exclusive links, and errors that say what to do.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { CniError, ErrorCode, isErrnoException } from '../../lib/errors.ts';

/** More than any file of the store has; a longer one is not ours, and its beginning tells as much. */
const smallFile = 64 * 1024;

/**
 * Content of a small file; undefined where it is not there. Neither follows a link nor waits for a pipe: dataDir comes
 * out of a config, and what lies in it may be anything.
 */
export function readSmall(path: string): string | undefined {
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    return readAll(fd);
  } finally {
    closeSync(fd);
  }
}

/** Opens a file for reading; undefined where it is not there. */
export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** What a descriptor's file holds, from its beginning, whatever has been read before. */
export function readAll(fd: number): string {
  let buffer = Buffer.allocUnsafe(1024);
  let length = 0;
  for (;;) {
    length += readSync(fd, buffer, length, buffer.length - length, length);
    // Less than there was room for is all there is.
    if (length < buffer.length || length === smallFile) return buffer.toString('utf8', 0, length);
    buffer = Buffer.concat([buffer], Math.min(buffer.length * 8, smallFile));
  }
}

/** Writes all of a text: a full disk can take a part of it and fail only at the next write. */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** Gives a file another name; false where the name is taken. The file appears under it whole, or not at all. */
export function linkNew(existing: string, path: string): boolean {
  try {
    linkSync(existing, path);
    return true;
  } catch (error) {
    if (isErrnoException(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Removes a file; false where it is not there. */
export function unlinkIfThere(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Names in a folder; none where it is not there. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Makes a folder's entries outlast a loss of power. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free space or inodes, or set ipam.dataDir to a folder on another disk',
  EDQUOT: 'the quota is used up: raise it, or set ipam.dataDir to a folder on another disk',
  EROFS: 'the file system is read-only: remount it, or set ipam.dataDir to a folder that can be written',
  EACCES: 'permission denied: run as root, or give ipam.dataDir another owner or mode',
  EPERM: 'not permitted: run as root, on a file system that has hard links, without the immutable attribute',
  EEXIST:
    'this is no folder, or a link that leads to none: move it away, or set ipam.dataDir to another folder',
  ENOTDIR: 'a part of the path is no folder: move it away, or set ipam.dataDir to another folder',
  EXDEV:
    'the network folder and .plumbline must lie in one file system: unmount what is mounted below ipam.dataDir',
  ENAMETOOLONG: 'the path is too long: shorten ipam.dataDir or the name of the network',
  EMLINK: 'the file system bears no more links: set ipam.dataDir to a folder on another file system',
  EIO: 'the disk fails: see the kernel log',
};

/** A system call's error as code 5, with the path and what to do; anything else as it is. */
export function withRemedy(thrown: unknown): unknown {
  if (!isErrnoException(thrown)) return thrown;
  const remedy = remedies[thrown.code ?? ''] ?? thrown.message;
  const where = [thrown.path, 'dest' in thrown ? thrown.dest : undefined].filter(
    (path) => typeof path === 'string',
  );
  return new CniError(ErrorCode.io, `${where.join(' -> ') || 'ipam.dataDir'}: ${remedy}`, thrown.message, {
    cause: thrown,
  });
}

/** Runs work on the store; system calls' errors come out as {@link withRemedy} tells them. */
export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw withRemedy(error);
  }
}
