/**
 * One executable under many names: called as a plugin it answers a runtime, called as `plumbline` it serves people.
 * The edge: only here are the process's environment, standard input and arguments read.
 */
import { readSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { serve } from './lib/cni/serve.ts';
import { isErrnoException } from './lib/errors.ts';
import type { Host } from './lib/exec/host.ts';
import * as kernel from './lib/exec/kernel.ts';
import { realRunner } from './lib/exec/runner.ts';
import { openNetns } from './lib/ip/netns.ts';
import { findPlugin } from './plugins/index.ts';

const runDir = '/run/plumbline';

function realHost(searchPath: string | undefined): Host {
  return {
    runner: realRunner({ searchPath, runDir }),
    kernel,
    runDir,
    executable: '/proc/self/exe',
    openNetns,
  };
}

export async function main(): Promise<void> {
  const name = basename(process.argv0);
  const { env } = process;
  const plugin = findPlugin(name);
  if (plugin === undefined) {
    const { runCli } = await import('./cli/index.ts');
    process.exitCode = await runCli(process.argv.slice(2), {
      stdout: { write: write(1) },
      stderr: { write: write(2) },
    });
    return;
  }
  const { stdout, exitCode } = await serve(plugin, {
    plugins: findPlugin,
    host: realHost(env['PATH']),
    stdin: readStdin,
    env,
    stderr: (line) => write(2)(`${line}\n`),
  });
  write(1)(stdout);
  process.exitCode = exitCode;
}

/** Synchronous to the end: process.stdout cuts a pipe off at 64 KiB when the process ends. */
function write(fd: number): (text: string) => void {
  return (text) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(fd, bytes, at);
      } catch (error) {
        if (!isErrnoException(error, 'EAGAIN')) return;
        pause();
      }
    }
  };
}

function readStdin(): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(65536);
    try {
      const length = readSync(0, chunk);
      if (length === 0) break;
      chunks.push(chunk.subarray(0, length));
    } catch (error) {
      // A pipe that its other end has made non-blocking.
      if (isErrnoException(error, 'EAGAIN')) pause();
      else if (isErrnoException(error, 'EOF', 'EISDIR', 'EBADF')) break;
      else throw error;
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
