/** The kernel's settings as files: /proc/sys and /sys. */
import { accessSync, opendirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { CniError, ErrorCode, isErrnoException } from '../errors.ts';

export function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\n$/, '');
  } catch {
    return undefined;
  }
}

/**
 * Writes a setting where it does not stand already: writing net.ipv4.ip_forward resets other settings each time.
 * @throws CniError 5 that names the file and the value
 */
export function write(path: string, value: string): void {
  if (read(path) === value) return;
  try {
    writeFileSync(path, value);
  } catch (error) {
    if (!isErrnoException(error)) throw error;
    throw new CniError(ErrorCode.io, `${path} cannot be set to ${value}: ${error.message}`);
  }
}

export function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

export function list(path: string, atMost?: number): readonly string[] {
  try {
    return atMost === undefined ? readdirSync(path) : someOf(path, atMost);
  } catch {
    return [];
  }
}

/** A block of names is read at a time: what a large folder has beyond that costs nothing. */
function someOf(path: string, atMost: number): readonly string[] {
  const folder = opendirSync(path);
  try {
    const names: string[] = [];
    for (let entry = folder.readSync(); entry !== null && names.length < atMost; entry = folder.readSync()) {
      names.push(entry.name);
    }
    return names;
  } finally {
    folder.closeSync();
  }
}
