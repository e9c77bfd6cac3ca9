/**
 * The runtime's own on Node, but for node:crypto: in the heap of the snapshot it takes 3 ms of each start
 * (docs/startup.md), and what is hashed here is some names.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import IPCIDR from 'ip-cidr';
import type { Beside, ChildOptions, ChildResult, Runtime } from './runtime.ts';

const hashes = { sha256, sha512 } as const;

/** Milliseconds between two looks at whether a child has printed. */
const pace = 1;

/** To be waited for: there is nothing else to do. */
function wait(path: string, args: readonly string[], options: ChildOptions): ChildResult {
  const { stdio, env, maxBuffer, timeout } = options;
  const child = spawnSync(path, args, {
    stdio: [...stdio],
    env,
    maxBuffer,
    timeout,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  // An EPIPE of a child that has not read all of its input comes with its status, and that tells more.
  if (child.error && child.status === null && child.signal === null) throw child.error;
  return { status: statusOf(child.status, child.signal), stdout: child.stdout, stderr: child.stderr };
}

/**
 * Beside other work. What it prints goes into files: the streams that Node makes of pipes would add 5 ms to the start and
 * the first use of each process.
 */
async function start(
  path: string,
  args: readonly string[],
  { stdio, env, timeout }: ChildOptions,
  { newFile, onOutput }: Beside,
): Promise<ChildResult> {
  const files: number[] = [];
  let looks: NodeJS.Timeout | undefined;
  try {
    const descriptors = stdio.map((one) => {
      if (one !== 'pipe') return one;
      const file = newFile();
      files.push(file);
      return file;
    });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const child = spawn(path, args, { stdio: descriptors, env, timeout, killSignal: 'SIGKILL' });
    child.on('error', reject);
    child.on('exit', (status, signal) => resolve(statusOf(status, signal)));
    if (onOutput !== undefined) {
      looks = setInterval(() => {
        if (fstatSync(files[0] ?? 0).size === 0) return;
        clearInterval(looks);
        onOutput();
      }, pace);
    }
    const status = await promise;
    const [stdout = '', stderr = ''] = files.map(readWhole);
    return { status, stdout, stderr };
  } finally {
    clearInterval(looks);
    for (const file of files) closeSync(file);
  }
}

function statusOf(status: number | null, signal: NodeJS.Signals | null): number {
  return status ?? 128 + (signal ? constants.signals[signal] : 0);
}

function readWhole(file: number): string {
  const bytes = Buffer.alloc(fstatSync(file).size);
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(file, bytes, at, bytes.length - at, at);
    if (count === 0) break;
    at += count;
  }
  return bytes.toString('utf8');
}

export const runtime: Runtime = {
  runChild: async (path, args, options) =>
    options.beside === undefined ? wait(path, args, options) : start(path, args, options, options.beside),
  hash: (algorithm, text) => Buffer.from(hashes[algorithm](Buffer.from(text))).toString('hex'),
  randomBytes(size) {
    const bytes = new Uint8Array(size);
    const fd = openSync('/dev/urandom', 'r');
    try {
      for (let at = 0; at < size; ) at += readSync(fd, bytes, at, size - at, null);
    } finally {
      closeSync(fd);
    }
    return bytes;
  },
  ipCidr: () => IPCIDR,
};
