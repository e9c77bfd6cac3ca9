/**
 * Locks that children hold.
 *
 * flock(2) on files, never pid files: a child outlives a plugin that is killed, so a lock must live as long as the
 * child does. The files are a fixed number a kind, chosen by hash, so that none names a container and none is ever
 * removed (removing a lock file that somebody waits for breaks the lock). What shares a file waits for each other: hence
 * 4096 of them, and no child under a lock that may run for long, but for a delegate.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { CniError, ErrorCode, isErrnoException } from '../errors.ts';
import { digest } from './digest.ts';
import { inRunDir, makeFolder } from './folder.ts';
import type { CommandLine, Runner, RunOptions, RunResult } from './runner.ts';

/** Seconds until a call that waits for a lock gives up; runtimes give up after minutes. */
const patience = 60;
/**
 * flock's exit status when it gave up: none that ip, nft or a shell uses. flock itself also ends with it where it cannot
 * open the file (EX_CANTCREAT of sysexits.h), so the file is made before.
 */
const gaveUp = 73;

/**
 * Path of the lock for something of a kind that is named by the parts: an attachment, a bridge's uplink. Each kind has
 * files of its own: whoever holds a lock of one kind and takes one of another never waits for himself.
 */
export function lockPath(runDir: string, kind: string, ...parts: readonly string[]): string {
  return `${runDir}/locks/${kind}-${digest(3, ...parts)}`;
}

/**
 * Runs a program that holds a lock as long as it lives, also beyond this process.
 * @param path  of {@link lockPath}; undefined for no lock
 * @param start another way to run it, where nobody has to wait; undefined where it is not to be had after all
 * @throws CniError 11 if the lock was not to be had
 */
export async function runUnderLock(
  runner: Runner,
  path: string | undefined,
  line: CommandLine,
  options: RunOptions = {},
  start?: (options: RunOptions) => Promise<RunResult> | undefined,
): Promise<RunResult> {
  const run = (given: RunOptions): Promise<RunResult> => start?.(given) ?? runner.run(...line, given);
  if (path === undefined) return run(options);
  using own = tryLock(runner, openRunLock(path));
  if (own !== undefined) return await run(inheriting(own, options));
  const result = await runner.run(...underLock(path, line), options);
  // Who has said something has had the lock, whatever its status.
  if (`${result.stdout}${result.stderr}`.trim() === '') refuseIfLocked(result.status, path);
  return result;
}

/** Without a child, where the runtime can and nobody has the lock. The descriptor is ours to close, or closed. */
function tryLock({ tryLock: take }: Runner, fd: number): HeldLock | undefined {
  if (take?.(fd) === true) return heldBy(fd);
  closeSync(fd);
  return undefined;
}

const inheriting = ({ fd }: HeldLock, { inherit = [], ...options }: RunOptions): RunOptions => ({
  ...options,
  inherit: [...inherit, fd],
});

/** flock takes the lock and becomes the program, so both are one child. */
const underLock = (path: string, [program, args]: CommandLine): CommandLine => [
  'flock',
  [
    '--no-fork',
    '--exclusive',
    '--wait',
    `${patience}`,
    '--conflict-exit-code',
    `${gaveUp}`,
    path,
    { tool: program },
    ...args,
  ],
];

function refuseIfLocked(status: number, path: string): void {
  if (status !== gaveUp) return;
  throw new CniError(
    ErrorCode.tryAgainLater,
    `another call has held the lock ${path} for ${patience} s; try again, and see with "fuser -v ${path}" who holds it`,
  );
}

/** A lock of ours. A child that is to keep it, should we be killed, inherits the descriptor. */
export interface HeldLock extends Disposable {
  readonly fd: number;
}

const heldBy = (fd: number): HeldLock => ({ fd, [Symbol.dispose]: () => closeSync(fd) });

/**
 * Takes a lock that spans steps of our own. It stays with this process and every child that inherits the descriptor,
 * and goes with the last of them.
 * @param path file of the lock; made if missing, its folder must be there
 */
export async function lockFile(runner: Runner, path: string): Promise<HeldLock> {
  return lockOpened(runner, path, openLock(path));
}

/** @param fd of the lock's file; closed where the lock is not to be had */
async function lockOpened(runner: Runner, path: string, fd: number): Promise<HeldLock> {
  try {
    if (runner.tryLock?.(fd) === true) return heldBy(fd);
    const args = ['--exclusive', '--wait', `${patience}`, '--conflict-exit-code', `${gaveUp}`, '3'];
    const { status, stderr } = await runner.run('flock', args, { inherit: [fd] });
    refuseIfLocked(status, path);
    if (status !== 0) throw new CniError(ErrorCode.io, `the lock ${path} cannot be taken`, stderr.trim());
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return heldBy(fd);
}

/** A lock that can be let go for a while, for work that may take long and that another guard covers. */
export interface PausableLock extends HeldLock {
  pause(): void;
  /** Takes it again; nothing where it is held. */
  resume(): Promise<void>;
}

/** {@link lockRunDir}, to be let go and taken again. */
export async function pausableLock(runner: Runner, path: string): Promise<PausableLock> {
  let held: HeldLock | undefined = await lockRunDir(runner, path);
  const letGo = (): void => {
    held?.[Symbol.dispose]();
    held = undefined;
  };
  return {
    get fd() {
      if (held === undefined) throw new Error(`the lock ${path} is not held`);
      return held.fd;
    },
    pause: letGo,
    async resume() {
      held ??= await lockRunDir(runner, path);
    },
    [Symbol.dispose]: letGo,
  };
}

/** Takes the lock of {@link lockPath}; its folder is made if missing. */
export async function lockRunDir(runner: Runner, path: string): Promise<HeldLock> {
  return lockOpened(runner, path, openRunLock(path));
}

/** Opens the file of a lock below /run/plumbline, and makes it and its folder where they are missing. */
function openRunLock(path: string): number {
  return inRunDir(path, () => {
    try {
      return openLock(path);
    } catch (error) {
      if (!isErrnoException(error, 'ENOENT')) throw error;
      makeFolder(path.slice(0, path.lastIndexOf('/')), 0o700);
      return openLock(path);
    }
  });
}

function openLock(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
}
