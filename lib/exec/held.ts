/** Text in a file without a name, reached through this process: it cannot outlive it. */
import { closeSync, constants, openSync, readlinkSync, unlinkSync, writeSync } from 'node:fs';
import { isErrnoException } from '../errors.ts';
import { inRunDir, makeFolder } from './folder.ts';

export interface HeldText extends Disposable {
  readonly fd: number;
  /** `/proc/PID/fd/N`; opening it fails once this process is gone. */
  readonly path: string;
}

/** O_TMPFILE of open(2), which node:fs does not name; the same value on x86-64 and arm64 needs O_DIRECTORY with it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** @throws CniError 5 where the folder takes no file */
export function holdText(runDir: string, text: string): HeldText {
  const fd = inRunDir(runDir, () => writeNameless(runDir, text));
  return { fd, path: pathOfDescriptor(fd), [Symbol.dispose]: () => closeSync(fd) };
}

function writeNameless(runDir: string, text: string): number {
  const fd = openNameless(runDir);
  try {
    // A position, so that the offset stays at the start for a child that has the descriptor as its stdin.
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** How another process reaches a descriptor of ours. /proc/self is read, since /proc may be of another PID namespace. */
export function pathOfDescriptor(fd: number): string {
  return `/proc/${readlinkSync('/proc/self')}/fd/${fd}`;
}

/** @param folder made where it is not there */
export function openNameless(folder: string): number {
  const flags = constants.O_RDWR | O_TMPFILE;
  try {
    return openSync(folder, flags, 0o600);
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) {
      makeFolder(folder, 0o700);
      return openSync(folder, flags, 0o600);
    }
    if (!isErrnoException(error, 'EOPNOTSUPP', 'EISDIR')) throw error;
    // A file system without O_TMPFILE (overlayfs before 6.3): a name that is gone before anybody is told of it.
    const path = `${folder}/.input-${process.pid}-${Date.now()}`;
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    unlinkSync(path);
    return fd;
  }
}
