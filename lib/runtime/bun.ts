/** The runtime's own on Bun: its modules of Node's names take milliseconds to load, what it has itself is there. */
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
    readonly stdout: ReadableStream<Uint8Array> & { text(): Promise<string> };
    readonly stderr: ReadableStream<Uint8Array> & { text(): Promise<string> };
  };
  readonly CryptoHasher: new (
    algorithm: string,
  ) => { update(text: string): { digest(encoding: 'hex'): string } };
};

/** Of a signal's name: only a child that was killed asks for it. */
function numberOf(signal: NodeJS.Signals): number {
  return process.getBuiltinModule('node:os').constants.signals[signal];
}

/** @param onOutput told of the first that comes */
async function textOf(stream: ReadableStream<Uint8Array>, onOutput: () => void): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    if (chunks.push(chunk) === 1) onOutput();
  }
  return Buffer.concat(chunks).toString('utf8');
}

export const runtime: Runtime = {
  async runChild(path, args, { stdio, env, maxBuffer, timeout, beside }) {
    const child = Bun.spawn([path, ...args], {
      stdio,
      env,
      maxBuffer,
      ...(timeout !== undefined && { timeout }),
      killSignal: 'SIGKILL',
    });
    const [stdout, stderr] = await Promise.all([
      beside?.onOutput === undefined ? child.stdout.text() : textOf(child.stdout, beside.onOutput),
      child.stderr.text(),
      child.exited,
    ]);
    const signal = child.signalCode ?? undefined;
    return {
      status: signal === undefined ? (child.exitCode ?? 1) : 128 + numberOf(signal),
      stdout,
      stderr,
    };
  },
  hash: (algorithm, text) => new Bun.CryptoHasher(algorithm).update(text).digest('hex'),
  randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  ipCidr: () => (require('ip-cidr') as typeof import('ip-cidr')).default,
};
