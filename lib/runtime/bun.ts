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

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Of a signal's name: only a child that was killed asks for it. */
function numberOf(signal: NodeJS.Signals): number {
  return process.getBuiltinModule('node:os').constants.signals[signal];
}

function isIPv6(text: string): boolean {
  if (!/^[\da-f:.]+$/i.test(text)) return false;
  // The URL standard reads an embedded IPv4 address as generously as one by itself.
  const embedded = text.slice(text.lastIndexOf(':') + 1);
  if (embedded.includes('.') && !ipv4.test(embedded)) return false;
  return URL.canParse(`http://[${text}]/`);
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
  ipVersion: (text) => (ipv4.test(text) ? 4 : isIPv6(text) ? 6 : 0),
};
