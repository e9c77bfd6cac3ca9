/** The kernel's settings as files: /proc/sys and /sys. */
import {
  accessSync,
  closeSync,
  opendirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { CniError, ErrorCode, isErrnoException } from '../errors.ts';

export function read(path: string, atMost?: number): string | undefined {
  try {
    const text = atMost === undefined ? readFileSync(path, 'utf8') : beginningOf(path, atMost);
    return text.replace(/\n$/, '');
  } catch {
    return undefined;
  }
}

/** By as many reads as it takes: /proc gives a page at a time. */
function beginningOf(path: string, atMost: number): string {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(atMost);
    let length = 0;
    for (let more = 1; more > 0 && length < atMost; length += more) {
      more = readSync(fd, bytes, length, atMost - length, null);
    }
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
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
