/**
 * The machine a call works on, as a value: the kernel's files, the programs, the namespaces. Tests put others in its
 * place; nothing below the edge reaches for the process's own.
 */
import { CniError, ErrorCode, show } from '../errors.ts';
import type { Runner } from './runner.ts';

/** An open network namespace. It stays this one, whatever becomes of the path it was reached by. */
export interface Netns extends Disposable {
  /** The path as the runtime gave it. */
  readonly path: string;
  /** `/proc/PID/fd/N`: what ip and nsenter are given. */
  readonly ref: string;
  /** The descriptor itself. */
  readonly fd: number;
  /** Tells it from all others that live: `device:inode`. */
  readonly id: string;
}

/** Settings of the kernel below /proc/sys and facts below /sys and /proc, as files. */
export interface Kernel {
  /**
   * Content without its last newline; undefined where the file is not there or cannot be read.
   * @param atMost bytes: the beginning of a file that may be long
   */
  read(path: string, atMost?: number): string | undefined;
  /** Writes a value, and nothing where it already stands: writing forwarding anew flushes routes. */
  write(path: string, value: string): void;
  exists(path: string): boolean;
  /** Names in a folder, or some of them: no more than asked for. None where it cannot be read. */
  list(path: string, atMost?: number): readonly string[];
}

export interface Host {
  readonly runner: Runner;
  readonly kernel: Kernel;
  /** Folder for locks and state that ends with the boot: /run/plumbline. */
  readonly runDir: string;
  /** Folder for state that outlives a boot: /var/lib/cni/plumbline. */
  readonly stateDir: string;
  /** Path of the executable that this process runs, for telling whether a delegate is ourselves. */
  readonly executable: string;
  /**
   * Opens a sandbox.
   * @throws CniError 8 where the path is no network namespace, or our own one and `mayBeOwn` is not set
   */
  openNetns(path: string, mayBeOwn: boolean): Netns;
}

/** Marks the one refusal of a namespace that also holds for DEL, where a namespace that is gone is no error. */
const ownNamespace = Symbol('own namespace');

/** The error for a sandbox that is the plugin's own namespace. */
export function ownNamespaceError(path: string): CniError {
  return Object.assign(
    new CniError(
      ErrorCode.invalidNetns,
      `CNI_NETNS: ${show(path)} is the namespace that this plugin runs in; give the container's own one`,
    ),
    { [ownNamespace]: true },
  );
}

/** Whether an error is {@link ownNamespaceError}. */
export function isOwnNamespaceError(error: unknown): boolean {
  return error instanceof CniError && ownNamespace in error;
}
