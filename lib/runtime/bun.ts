/** The runtime's own on Bun: its modules of Node's names take milliseconds to load, what it has itself is there. */
import type { Runtime } from './runtime.ts';

/** The parts of Bun that are used here (bun.sh/reference). */
declare const Bun: {
  spawnSync(
    command: readonly string[],
    options: {
      readonly stdio: readonly (number | 'pipe' | 'ignore')[];
      readonly env: Readonly<Record<string, string | undefined>>;
      readonly maxBuffer: number;
      readonly timeout?: number;
      readonly killSignal: 'SIGKILL';
    },
  ): {
    readonly exitCode: number | null;
    readonly signalCode?: NodeJS.Signals | null;
    readonly stdout: Buffer;
    readonly stderr: Buffer;
  };
  readonly CryptoHasher: new (
    algorithm: string,
  ) => { update(text: string): { digest(encoding: 'hex'): string } };
};

/** Of a signal's name: only a child that was killed asks for it. */
function numberOf(signal: NodeJS.Signals): number {
  return process.getBuiltinModule('node:os').constants.signals[signal];
}

export const runtime: Runtime = {
  runChild(path, args, { stdio, env, maxBuffer, timeout }) {
    const child = Bun.spawnSync([path, ...args], {
      stdio,
      env,
      maxBuffer,
      ...(timeout !== undefined && { timeout }),
      killSignal: 'SIGKILL',
    });
    const signal = child.signalCode ?? undefined;
    return {
      status: signal === undefined ? (child.exitCode ?? 1) : 128 + numberOf(signal),
      stdout: child.stdout.toString('utf8'),
      stderr: child.stderr.toString('utf8'),
    };
  },
  hash: (algorithm, text) => new Bun.CryptoHasher(algorithm).update(text).digest('hex'),
  randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  ipCidr: () => (require('ip-cidr') as typeof import('ip-cidr')).default,
};
