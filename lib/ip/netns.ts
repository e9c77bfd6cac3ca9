/** Opens network namespaces. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { CniError, ErrorCode, isErrnoException, show } from '../errors.ts';
import { pathOfDescriptor } from '../exec/held.ts';
import { type Netns, ownNamespaceError } from '../exec/host.ts';

/** NSFS_MAGIC, linux/magic.h. */
const nsfsMagic = 0x6e736673;

/**
 * Opens the namespace behind a path: a name below /run/netns, /proc/PID/ns/net, a bind mount anywhere.
 * The descriptor pins it; the path may go or change its meaning meanwhile.
 * @throws CniError 8 where there is no network namespace, or it is the one that this process runs in
 */
export function openNetns(path: string, mayBeOwn: boolean): Netns {
  const fd = openPath(path);
  try {
    const ref = pathOfDescriptor(fd);
    if (!isNamespace(fd, ref)) {
      throw new CniError(ErrorCode.invalidNetns, `CNI_NETNS: ${show(path)} is not a network namespace`);
    }
    const id = idOf(fstatSync(fd));
    if (!mayBeOwn && id === idOf(statSync('/proc/self/ns/net'))) throw ownNamespaceError(path);
    return { path, ref, fd, id, [Symbol.dispose]: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openPath(path: string): number {
  try {
    // O_NONBLOCK: a FIFO left at the path must not hang the call.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const reason = isErrnoException(error, 'ENOENT')
      ? 'does not exist'
      : `cannot be opened: ${messageOf(error)}`;
    throw new CniError(ErrorCode.invalidNetns, `CNI_NETNS: ${show(path)} ${reason}`);
  }
}

/** nsfs holds all kinds of namespaces; a link of /proc tells which kind, a bind mount leaves it to the kernel. */
function isNamespace(fd: number, ref: string): boolean {
  // statfs by the descriptor's path: node:fs has no fstatfs.
  if (statfsSync(ref).type !== nsfsMagic) return false;
  const kind = /^(\w+):\[\d+\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
  return kind === undefined || kind === 'net';
}

const idOf = ({ dev, ino }: Stats): string => `${dev}:${ino}`;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
