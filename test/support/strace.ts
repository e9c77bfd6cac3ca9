/** Counts what a program does from what strace tells: the processes that it makes, the calls and bytes that it takes. */

export interface ChildProcessTrace {
  readonly pid: number;
  /** Who made it: the program itself or one of its children. */
  readonly parent: number;
  /** The command lines it became by exec, in order; empty for a fork that ran none. */
  readonly exec: readonly (readonly string[])[];
}

/** What is traced: `processes` alone, or all the `work` on files, folders, netlink and other processes. */
export type Traced = 'processes' | 'work';

const processCalls = 'fork,vfork,clone,clone3,execve';
/** Those that a call has a use for. Not what a runtime does by itself: memory, threads, timers, waiting. */
const transfers = 'read,pread64,readv,write,pwrite64,writev,getdents64,recvmsg,recvfrom,sendmsg,sendto';
const lookups = '%file,close,fstat,ftruncate,fsync,fdatasync,flock,socket,bind,connect';
const traced: Readonly<Record<Traced, string>> = {
  processes: `trace=${processCalls}`,
  work: `trace=${processCalls},${transfers},${lookups}`,
};

/** The command line that traces what follows it, writing to a file. */
export function straceArguments(file: string, what: Traced = 'processes'): readonly string[] {
  return [
    '/usr/bin/strace',
    '-f',
    '--seccomp-bpf',
    '-qqq',
    '-s',
    what === 'work' ? '256' : '4096',
    '-e',
    traced[what],
    '-e',
    'signal=none',
    '-o',
    file,
  ];
}

/**
 * The processes in a trace, in the order in which they were made. A clone with CLONE_THREAD makes a thread, which
 * is no process.
 */
export function parseStrace(text: string): readonly ChildProcessTrace[] {
  const calls = wholeCalls(text);
  /** Which process a thread belongs to. */
  const processes = new Map<number, number>();
  const made: { readonly pid: number; readonly parent: number }[] = [];
  for (const { thread, call, value } of calls) {
    if (!/^(v?fork|clone3?)\(/.test(call) || value <= 0) continue;
    const parent = processes.get(thread) ?? thread;
    if (call.includes('CLONE_THREAD')) processes.set(value, parent);
    else made.push({ pid: value, parent });
  }
  const execs = calls.filter(({ call, value }) => call.startsWith('execve(') && value === 0);
  return made.map(({ pid, parent }) => ({
    pid,
    parent,
    exec: execs.filter(({ thread }) => thread === pid).map(({ call }) => argumentsOf(call)),
  }));
}

/** What a program and its children have asked of the kernel. */
export interface Effort {
  /** System calls on files, folders, sockets and processes. */
  readonly calls: number;
  /** Bytes that were read and written, folders and netlink messages included. */
  readonly bytes: number;
  /** Processes. */
  readonly children: number;
}

/** The effort in a trace of `work`. */
export function effortIn(text: string): Effort {
  const calls = wholeCalls(text).filter((call) => !isOwnAffair(call));
  const isTransfer = new RegExp(`^(?:${transfers.replaceAll(',', '|')})\\(`);
  const moved = calls.filter(({ call, value }) => isTransfer.test(call) && value > 0);
  return {
    calls: calls.length,
    bytes: moved.reduce((sum, { value }) => sum + value, 0),
    children: parseStrace(text).length,
  };
}

/** Threads wake each other by eight bytes, and look in vain whether a pipe has something: now so, now so. */
function isOwnAffair({ call, value }: Syscall): boolean {
  return /^(?:read|write)\(/.test(call) && (value === 8 || / = -1 EAGAIN/.test(call));
}

interface Syscall {
  /** The thread that made it. */
  readonly thread: number;
  readonly call: string;
  /** What it returned. */
  readonly value: number;
}

/** The calls, with those that strace tells in two parts put together: `vfork( <unfinished ...>`. */
function wholeCalls(text: string): readonly Syscall[] {
  const begun = new Map<number, string>();
  const calls: Syscall[] = [];
  for (const line of text.split('\n')) {
    const [, id, told = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const thread = Number(id);
    const [, beginning] = /^(.*)<unfinished \.\.\.>$/.exec(told) ?? [];
    if (beginning !== undefined) {
      begun.set(thread, beginning);
      continue;
    }
    const [, rest] = /^<\.\.\. \w+ resumed>(.*)$/.exec(told) ?? [];
    const call = rest === undefined ? told : (begun.get(thread) ?? '') + rest;
    const [, value] = / = (-?\d+)[^=]*$/.exec(call) ?? [];
    if (value !== undefined) calls.push({ thread, call, value: Number(value) });
  }
  return calls;
}

/** One line a process, for messages: `nsenter --net=... -> sh -ec ... -> ip -json -batch -`. */
export function describeChildren(children: readonly ChildProcessTrace[]): string {
  return children
    .map(({ pid, exec }) => `${pid}: ${exec.map((argv) => argv.join(' ')).join(' -> ') || '(a fork)'}`)
    .join('\n');
}

/** The strings between the first brackets of `execve("/bin/ip", ["ip", "-V"], ...)`. */
function argumentsOf(call: string): readonly string[] {
  const list =
    /^execve\("(?:[^"\\]|\\.)*", \[((?:"(?:[^"\\]|\\.)*"(?:\.\.\.)?(?:, )?(?:\.\.\.)?)*)\]/.exec(call)?.[1] ??
    '';
  return [...list.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => unescapeC(text));
}

function unescapeC(text: string): string {
  const named: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };
  return text.replace(/\\([0-7]{1,3}|.)/g, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (named[code] ?? code),
  );
}
