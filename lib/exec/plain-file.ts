/** Reads files whose paths come out of a config. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

const sizeLimit = 1024 * 1024;

/**
 * Neither waits for a pipe nor swallows a device.
 * @returns undefined where the path leads to no plain file of at most 1 MiB
 * @throws the system's own error where it cannot be opened
 */
export function readPlainFile(path: string): string | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= sizeLimit ? readFileSync(fd, 'utf8') : undefined;
  } finally {
    closeSync(fd);
  }
}
