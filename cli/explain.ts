import { isErrnoException } from '../lib/errors.ts';
import { CommandError } from './command.ts';

const EXPLANATIONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; run it as root',
  EPERM: 'the operation is not permitted: either it needs root, or this file system has no hard links',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device; nothing was changed',
  EDQUOT: 'the disk quota is used up; nothing was changed',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'something that is not a folder has that name',
  EMLINK: 'this file system does not allow as many hard links',
  ENOTSUP: 'this file system has no hard links',
  ENAMETOOLONG: 'the path is too long',
  EIO: 'the disk reports an error',
};

/** Runs `work`; a system call's error becomes `<what>: <why>` for people. */
export function explaining<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isErrnoException(error)) throw error;
    throw new CommandError(`${what}: ${EXPLANATIONS[error.code ?? ''] ?? error.message}`, { cause: error });
  }
}
