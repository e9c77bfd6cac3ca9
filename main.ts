/**
 * One executable under many names: called as a plugin it answers a runtime, called as `plumbline` it serves people.
 * The edge: only here are the process's environment, standard input and arguments read.
 */
import { readSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import type { CliIo } from './cli/command.ts';
import { currentVersion, versions } from './lib/cni/version.ts';
import { ErrorCode, isErrnoException } from './lib/errors.ts';
import { isPluginName, loadPlugin } from './plugins/load.ts';

/** The commands for people; loaded when a person calls, since the calls of runtimes have no use for them. */
export interface Commands {
  runCli(argv: readonly string[], io: CliIo): Promise<number>;
}

/** @param loadCommands how this build of the executable keeps them */
export async function main(loadCommands: () => Promise<Commands>): Promise<void> {
  const name = basename(process.argv0);
  const { env } = process;
  if (!isPluginName(name)) {
    process.exitCode = await serveOthers(name, env, loadCommands);
    return;
  }
  if (env['CNI_COMMAND'] === 'VERSION') {
    // All plugins answer alike, and none has to be loaded for it.
    readStdin();
    process.exitCode = write(1)(versions()) ? 0 : 1;
    return;
  }
  const [{ serve }, { realHost }, plugin] = await Promise.all([
    import('./lib/cni/serve.ts'),
    import('./lib/ip/real-host.ts'),
    loadPlugin(name),
  ]);
  const { stdout, exitCode } = await serve(plugin, {
    plugins: loadPlugin,
    host: realHost(env['PATH']),
    stdin: readStdin,
    env,
    stderr: (line) => write(2)(`${line}\n`),
  });
  // A result that nobody gets is a failure: the runtime answers it with DEL.
  process.exitCode = write(1)(stdout) ? exitCode : 1;
}

/** @returns the exit status */
async function serveOthers(
  name: string,
  env: NodeJS.ProcessEnv,
  loadCommands: () => Promise<Commands>,
): Promise<number> {
  if (env['CNI_COMMAND'] && name !== 'plumbline') {
    // A runtime reads standard output, and would make nothing of a help text.
    const msg = `type: "${name}" is no plugin of this build of plumbline; install a later release, or correct type`;
    write(1)(`${JSON.stringify({ cniVersion: currentVersion, code: ErrorCode.invalidConfig, msg })}\n`);
    return 1;
  }
  const { runCli } = await loadCommands();
  let isCut = false;
  const print = (text: string): void => {
    if (!write(1)(text)) isCut = true;
  };
  const status = await runCli(process.argv.slice(2), {
    stdout: { write: print },
    stderr: { write: write(2) },
  });
  // A picture that a full disk has cut off is none.
  return isCut && status === 0 ? 1 : status;
}

/**
 * Synchronous to the end: process.stdout cuts a pipe off at 64 KiB when the process ends.
 * @returns a function that tells whether all of a text was written
 */
function write(fd: number): (text: string) => boolean {
  return (text) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(fd, bytes, at);
      } catch (error) {
        if (!isErrnoException(error, 'EAGAIN')) return false;
        pause();
      }
    }
    return true;
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
