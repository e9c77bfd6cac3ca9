/**
 * Delegation to an IPAM plugin, found in CNI_PATH.
 *
 * Source: CNI specification 1.1.0, section 4, "Plugin Delegation": same environment, same standard input. Where the
 * file found is this very executable, the call is made in process: that saves starting it a second time.
 */
import { statSync } from 'node:fs';
import { CniError, ErrorCode, isErrnoException, show } from '../errors.ts';
import { findInFolders } from '../exec/folder.ts';
import type { Host } from '../exec/host.ts';
import { lockPath, runUnderLock } from '../exec/lock.ts';
import { once } from '../once.ts';
import { isObject, parseObject } from './json.ts';
import type { PluginCommand, Request } from './request.ts';
import { parseResult, type Result } from './result.ts';

export interface Ipam {
  readonly type: string;
  /** Whether the plugin is this very executable: it is called in process, and needs nothing of the link. */
  isOurs(): boolean;
  /**
   * @param after what is to come before anything is changed: the call may be made while it is still under way, and gets ready
   *        meanwhile
   * @throws CniError as the delegate answered it; what `after` throws
   */
  add(after?: Promise<void>): Promise<Result>;
  /** @param after as for {@link Ipam.add} */
  del(after?: Promise<void>): Promise<void>;
  check(): Promise<void>;
  gc(): Promise<void>;
  status(): Promise<void>;
}

/** Answers a delegate's call without another process; undefined where the named plugin is not one of ours. */
export type InProcess = (
  type: string,
  request: Request,
  after: Promise<void> | undefined,
) => Promise<Result | undefined>;

export function delegateTo(type: string, request: Request, host: Host, inProcess: InProcess): Ipam {
  const file = once(() => findInFolders(type, request.path));
  const isOurs = once(() => isSameFile(file(), host.executable));
  const call = async (command: PluginCommand, after?: Promise<void>): Promise<Result | undefined> => {
    const found = file();
    if (found === undefined) throw new CniError(ErrorCode.invalidConfig, missingDelegate(type, request.path));
    const delegated = { ...request, command };
    if (isOurs()) return inProcess(type, delegated, after);
    await after;
    return execute(type, found, delegated, host);
  };
  const quiet = async (command: PluginCommand, after?: Promise<void>): Promise<void> => {
    await call(command, after);
  };
  return {
    type,
    isOurs,
    add: async (after) => {
      const result = await call('ADD', after);
      if (result === undefined) {
        throw new CniError(ErrorCode.undecodable, `ipam.type ${show(type)}: the plugin printed no result`);
      }
      return result;
    },
    del: (after) => quiet('DEL', after),
    check: () => quiet('CHECK'),
    gc: () => quiet('GC'),
    status: async () => {
      // Whatever keeps an ADD from its work is "not available" here.
      if (file() === undefined) {
        throw new CniError(ErrorCode.notAvailable, missingDelegate(type, request.path));
      }
      await quiet('STATUS');
    },
  };
}

const missingDelegate = (type: string, path: readonly string[]): string =>
  `ipam.type: the plugin ${show(type)} is not in CNI_PATH (${show(path.join(':'))}); install it there, or correct ipam.type`;

function isSameFile(file: string | undefined, executable: string): boolean {
  if (file === undefined) return false;
  const a = statSync(file, { throwIfNoEntry: false });
  const b = statSync(executable, { throwIfNoEntry: false });
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

async function execute(
  type: string,
  file: string,
  request: Request,
  host: Host,
): Promise<Result | undefined> {
  const { command, containerId, ifname, network, stdin } = request;
  // An ADD that outlives us holds this lock, and the DEL waits for it. Not the attachment's, which by its hash is some
  // others' too: a delegate that hangs would hold up pods that have nothing to do with it.
  const lock = lockPath(host.runDir, 'delegate', network, containerId, ifname);
  const isLocked = command === 'ADD' || command === 'DEL';
  const running = runUnderLock(host.runner, isLocked ? lock : undefined, [file, []], {
    input: stdin,
    env: { ...request.env, CNI_COMMAND: command },
  });
  const { status, stdout, stderr } = await running.catch((error: unknown) => {
    if (!isErrnoException(error)) throw error;
    // It is no program, or one without its interpreter.
    return { status: 126, stdout: '', stderr: error.message };
  });
  if (status !== 0) throw delegateError(type, stdout, stderr, status);
  if (command !== 'ADD') return undefined;
  const what = `the result of ${type}`;
  return parseResult(parseObject(stdout, what), what);
}

function delegateError(type: string, stdout: string, stderr: string, status: number): CniError {
  try {
    const error: unknown = JSON.parse(stdout);
    if (isObject(error) && typeof error['code'] === 'number' && typeof error['msg'] === 'string') {
      const details = typeof error['details'] === 'string' ? error['details'] : '';
      return new CniError(error['code'], `${type}: ${error['msg']}`, details);
    }
  } catch {
    // What it printed is no error object; its words follow below.
  }
  return new CniError(
    ErrorCode.commandFailed,
    `the IPAM plugin ${type} failed with exit status ${status}`,
    [stderr.trim(), stdout.trim().slice(0, 2000)].filter((text) => text !== '').join('\n'),
  );
}
