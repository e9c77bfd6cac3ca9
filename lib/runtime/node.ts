/**
 * The runtime's own on Node, but for node:crypto: in the heap of the snapshot it takes 3 ms of each start
 * (docs/startup.md), and what is hashed here is some names.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import IPCIDR from 'ip-cidr';
import type { ChildOptions, ChildResult, Runtime } from './runtime.ts';

const hashes = { sha256, sha512 } as const;

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

/** Not to be waited for. The streams that Node makes of pipes would add 5 ms to each process that has some. */
function start(
  path: string,
  args: readonly string[],
  { stdio, env, timeout }: ChildOptions,
): Promise<ChildResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ChildResult>();
  const child = spawn(path, args, { stdio: [...stdio], env, timeout, killSignal: 'SIGKILL' });
  child.on('error', reject);
  child.on('exit', (status, signal) => resolve({ status: statusOf(status, signal), stdout: '', stderr: '' }));
  return promise;
}

function statusOf(status: number | null, signal: NodeJS.Signals | null): number {
  return status ?? 128 + (signal ? constants.signals[signal] : 0);
}

export const runtime: Runtime = {
  runChild: async (path, args, options) =>
    options.stdio.includes('pipe') ? wait(path, args, options) : start(path, args, options),
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
