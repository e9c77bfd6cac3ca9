/** Programs that run while a test goes on: holders of namespaces, servers, captures. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { pace } from './pace.ts';

export interface Background extends AsyncDisposable {
  readonly pid: number;
  readonly running: boolean;
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /**
   * Waits until the pattern appears in what it prints.
   * @throws when it ends, or the time (ms, 10,000 by default) is over, before that
   */
  ready(pattern: RegExp, timeout?: number): Promise<void>;
  /** Ends it by a signal (SIGTERM by default) and tells what it printed. */
  stop(signal?: NodeJS.Signals): Promise<string>;
}

/**
 * Starts a program. Its stdin is a pipe that closes when this process ends, however it ends: a program that reads
 * its stdin to the end cannot outlive the test.
 */
export function startBackground(argv: readonly string[], env: NodeJS.ProcessEnv): Background {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  const heard = new Set<() => void>();
  const hear = (stream: 'stdout' | 'stderr') => (chunk: string) => {
    printed[stream] += chunk;
    for (const listener of heard) listener();
  };
  child.stdout.setEncoding('utf8').on('data', hear('stdout'));
  child.stderr.setEncoding('utf8').on('data', hear('stderr'));
  child.stdin.on('error', () => {});
  let failure: Error | undefined;
  child.on('error', (error) => {
    failure = error;
  });
  child.on('close', () => {
    for (const listener of heard) listener();
  });
  const running = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;

  async function ready(pattern: RegExp, timeout = 10_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const complain = (what: string): void =>
      reject(
        new Error(
          `${argv.join(' ')}: ${what} before it printed ${pattern}\n${printed.stdout}${printed.stderr}`,
        ),
      );
    const look = (): void => {
      if (pattern.test(printed.stdout) || pattern.test(printed.stderr)) resolve();
      else if (!running()) complain(failure?.message ?? 'ended');
    };
    const timer = setTimeout(() => complain(`${timeout * pace} ms were over`), timeout * pace);
    heard.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      heard.delete(look);
    }
  }

  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<string> {
    await endChild(child, signal);
    return printed.stdout;
  }

  return {
    get pid() {
      if (child.pid === undefined) throw failure ?? new Error(`${program} did not start`);
      return child.pid;
    },
    get running() {
      return running();
    },
    get stdout() {
      return printed.stdout;
    },
    get stderr() {
      return printed.stderr;
    },
    ready,
    stop,
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL');
    },
  };
}

/** Sends a signal to this very child, SIGKILL 2 s later, and waits for its end. */
async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const closed = once(child, 'close');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
  await ended;
  clearTimeout(timer);
  // What it said last may still be on its way; a child of its own may have its pipes for longer.
  const giveUp = new AbortController();
  await Promise.race([closed, sleep(500, undefined, { signal: giveUp.signal })]).finally(() =>
    giveUp.abort(),
  );
}

/**
 * Starts a program that keeps a namespace alive: it must print `ready` once it stands and then read its stdin.
 */
export async function startHolder(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Background> {
  const holder = startBackground(argv, env);
  try {
    await holder.ready(/^ready$/m);
    return holder;
  } catch (error) {
    await holder.stop('SIGKILL');
    throw error;
  }
}
