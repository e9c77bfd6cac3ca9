/** The runtime's own on Bun: its modules of Node's names take milliseconds to load, what it has itself is there. */
import { closeSync, openSync } from 'node:fs';
import { once } from '../once.ts';
import type { Runtime } from './runtime.ts';

/** The parts of Bun that are used here (bun.sh/reference). */
declare const Bun: {
  spawn(
    command: readonly string[],
    options: {
      readonly stdio: readonly (number | 'pipe' | 'ignore')[];
      readonly env: Readonly<Record<string, string | undefined>>;
      readonly maxBuffer: number;
      readonly timeout?: number;
      readonly killSignal: 'SIGKILL';
    },
  ): {
    readonly exited: Promise<number>;
    readonly exitCode: number | null;
    readonly signalCode: NodeJS.Signals | null;
    /** A number or null where it is no pipe. */
    readonly stdout: { text(): Promise<string> } | number | null | undefined;
    readonly stderr: { text(): Promise<string> } | number | null | undefined;
  };
  readonly CryptoHasher: new (
    algorithm: string,
  ) => { update(text: string): { digest(encoding: 'hex'): string } };
};

/** A script that does not name its interpreter is the shell's, as execvp(3) has it, and so Node and flock(1). */
const spawn: typeof Bun.spawn = (command, options) => {
  try {
    return Bun.spawn(command, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOEXEC') throw error;
    return Bun.spawn(['/bin/sh', ...command], options);
  }
};

/** Of a signal's name: only a child that was killed asks for it. */
function numberOf(signal: NodeJS.Signals): number {
  return process.getBuiltinModule('node:os').constants.signals[signal];
}

/** What comes by a pipe; nothing of what is none. */
async function textOf(stream: { text(): Promise<string> } | number | null | undefined): Promise<string> {
  return typeof stream === 'object' && stream !== null ? stream.text() : '';
}

/** What of bun:ffi is used (bun.sh/docs/runtime/ffi). */
interface Ffi {
  dlopen(
    library: string,
    functions: Readonly<
      Record<keyof System, { readonly args: readonly ['i32', 'i32']; readonly returns: 'i32' }>
    >,
  ): { readonly symbols: System };
}

/** System calls that neither Bun nor Node has a function for. Each returns 0, or -1 for any error. */
interface System {
  flock(fd: number, operation: number): number;
  setns(fd: number, kind: number): number;
}

/** LOCK_EX | LOCK_NB of sys/file.h, the same on all of Linux. */
const exclusively = 2 | 4;
/** CLONE_NEWNET of linux/sched.h. */
const network = 0x40000000;

/** Loaded when the first of them is called: 0.5 ms, where a child takes two to three times as long. */
const system = once((): System => {
  const { dlopen } = require('bun:ffi') as Ffi;
  const call = { args: ['i32', 'i32'], returns: 'i32' } as const;
  return dlopen('libc.so.6', { flock: call, setns: call }).symbols;
});

/** Undefined where another C library is there, or no memory that code may be written to: a child does it, then. */
function findSystem(): System | undefined {
  try {
    return system();
  } catch {
    return undefined;
  }
}

export const runtime: Runtime = {
  async runChild(path, args, { stdio, env, maxBuffer, timeout }) {
    const child = spawn([path, ...args], {
      stdio,
      env,
      maxBuffer,
      ...(timeout !== undefined && { timeout }),
      killSignal: 'SIGKILL',
    });
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);
    const signal = child.signalCode ?? undefined;
    return {
      status: signal === undefined ? (child.exitCode ?? 1) : 128 + numberOf(signal),
      stdout,
      stderr,
    };
  },
  tryLock: (fd) => findSystem()?.flock(fd, exclusively) === 0,
  within(namespace, work) {
    const { setns } = findSystem() ?? {};
    if (setns === undefined) return undefined;
    const home = openSync('/proc/thread-self/ns/net', 'r');
    try {
      // Whoever may not enter his own namespace could not return to it.
      if (setns(home, network) !== 0 || setns(namespace, network) !== 0) return undefined;
      try {
        return work();
      } finally {
        // To go on elsewhere would change what is another's. Not by a signal, which the first process of a PID namespace ignores.
        if (setns(home, network) !== 0) process.exit(1);
      }
    } finally {
      closeSync(home);
    }
  },
  hash: (algorithm, text) => new Bun.CryptoHasher(algorithm).update(text).digest('hex'),
  randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  ipCidr: () => (require('ip-cidr') as typeof import('ip-cidr')).default,
};
