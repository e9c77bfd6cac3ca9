/** A running virtual machine: its process, its console, its end. */
import { spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const repoRoot = resolve(import.meta.dirname, '../../..');
export const cacheDir = join(repoRoot, '.cache/vm');

export interface Machine {
  /** Seconds from its start until its own init was at work; undefined before. */
  readonly bootSeconds: number | undefined;
  readonly running: boolean;
  /** When it last printed anything; as performance.now(). */
  readonly lastHeard: number;
  /** What it printed last. */
  lastLines(count: number): string;
  /** Ends QEMU at once; its mounts and processes go with it. Settles when it has ended. */
  stop(): Promise<void>;
}

export interface MachineOptions {
  /** What guest/boot.sh shall do. */
  readonly mode: 'suite';
  /** The folder that the guest sees as /results. */
  readonly results: string;
  /** File that keeps all of the console. */
  readonly log: string;
}

export function startMachine({ mode, results, log }: MachineOptions): Machine {
  const child = spawn('sh', [join(repoRoot, 'test/vm/qemu.sh'), mode, results], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const started = performance.now();
  const ended = new Promise<void>((done) => {
    child.on('close', () => done());
    child.on('error', (error) => {
      hear(`${error.message}\n`);
      done();
    });
  });
  let printed = '';
  let bootSeconds: number | undefined;
  let lastHeard = started;
  function hear(chunk: string): void {
    appendFileSync(log, chunk);
    lastHeard = performance.now();
    // The end is all that is ever shown; a guest that goes mad must not fill the memory.
    printed = (printed + chunk).slice(-100_000);
    if (bootSeconds === undefined && printed.includes('plumbline-vm: up'))
      bootSeconds = (lastHeard - started) / 1000;
  }
  writeFileSync(log, '');
  child.stdout.setEncoding('utf8').on('data', hear);
  child.stderr.setEncoding('utf8').on('data', hear);
  const running = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    get bootSeconds() {
      return bootSeconds;
    },
    get running() {
      return running();
    },
    get lastHeard() {
      return lastHeard;
    },
    lastLines: (count) => printed.replaceAll('\r', '').trimEnd().split('\n').slice(-count).join('\n'),
    async stop() {
      if (running()) child.kill('SIGKILL');
      await ended;
    },
  };
}
