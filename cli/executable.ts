import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { isErrnoException } from '../lib/errors.ts';

/** The name under which people call the executable. */
export const PROGRAM = 'plumbline';

/** The plugin names under which a runtime calls it; each is a hard link of the same file. */
export const PLUGIN_NAMES = ['veth-bridge', 'ovs', 'macvlan', 'ipvlan', 'sriov', 'host-local'] as const;

/** Every file of an installation. */
export const EXECUTABLES: readonly string[] = [PROGRAM, ...PLUGIN_NAMES];

/** The reference plugin's name, which veth-bridge answers to where `install --as-bridge` linked it. */
export const BRIDGE_ALIAS = 'bridge';

/** What the last bytes of one of our executables say about it. */
export interface Mark {
  readonly version: string;
  /** SHA-256, in hex, of all that precedes the mark. */
  readonly digest: string;
}

const MARK_LIMIT = 256;
const MARK_PATTERN = /\nplumbline-executable (\S{1,64}) ([0-9a-f]{64})\n$/;

/**
 * The line that the build appends to the executable. ELF ignores what follows its last section, and a copy that
 * was cut short does not end in it: so it says both whose file this is and that it is whole.
 */
export function formatMark(mark: Mark): string {
  return `\nplumbline-executable ${mark.version} ${mark.digest}\n`;
}

/**
 * The mark of the file at `path`, or undefined where the file is not one of ours (another program, a symbolic
 * link, a folder). Reads the last bytes only and never runs the file.
 * @throws the system's error where a file is there and cannot be read.
 */
export function readMark(path: string): Mark | undefined {
  const fd = openRegular(path);
  if (fd === undefined) return undefined;
  try {
    return readMarkFrom(fd);
  } finally {
    closeSync(fd);
  }
}

/** Like {@link readMark}, from an open file. */
export function readMarkFrom(fd: number): Mark | undefined {
  const stat = fstatSync(fd);
  if (!stat.isFile()) return undefined;
  const tail = Buffer.alloc(Math.min(MARK_LIMIT, stat.size));
  const read = readSync(fd, tail, 0, tail.length, stat.size - tail.length);
  const match = MARK_PATTERN.exec(tail.toString('latin1', 0, read));
  const [, version, digest] = match ?? [];
  return version === undefined || digest === undefined ? undefined : { version, digest };
}

/** Opens `path` unless it is a symbolic link or something that would block (a FIFO without a writer). */
function openRegular(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    // ELOOP: a symbolic link; ENXIO: a socket or a device without a driver.
    if (isErrnoException(error, 'ELOOP', 'ENXIO', 'ENOENT')) return undefined;
    throw error;
  }
}
