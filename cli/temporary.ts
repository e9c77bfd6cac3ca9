/** Where a command keeps files for the time that it runs. */
import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Of shm_open(3): in memory wherever there is glibc. */
const inMemory = '/dev/shm';

/** A file takes some 5 KiB there, and a container that plumbline runs in may have been given 64 MiB. */
const mostInMemory = 2000;

/** Bytes that are to be free there: others may have filled it. */
const leastRoom = 16 * 1024 * 1024;

/**
 * A folder for files that are gone when the command ends: in memory, unless TMPDIR names another. Some hundred files, one
 * for each container, take a disk that writes its journal a second to make and to remove.
 * @param files how many small ones there will be
 */
export function temporaryFolder(files = 1): string {
  if (process.env['TMPDIR'] || files > mostInMemory) return tmpdir();
  try {
    accessSync(inMemory, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(inMemory);
    return bavail * bsize < leastRoom ? tmpdir() : inMemory;
  } catch {
    return tmpdir();
  }
}
