/** An IPAM plugin that notes how it is called and answers what a test tells it to: the script `ipam-test`. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Command, Config } from './cni.ts';
import type { CniFailure } from './cni-result.ts';
import type { Node } from './node.ts';
import { binDir, referenceDir } from './paths.ts';

export interface IpamCall {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** stdin's JSON. */
  readonly config: Config;
}

export interface TestIpam {
  /** For `ipam: { type }`. */
  readonly type: string;
  /** The folder it is in; put it into CNI_PATH. */
  readonly dir: string;
  /** A whole CNI_PATH, with the plugins under test and the reference plugins. */
  readonly path: readonly string[];
  /** The calls so far, in order. */
  calls(): readonly IpamCall[];
  /** `['ADD', 'DEL']`. */
  commands(): readonly string[];
  /** Forgets the calls so far. */
  forget(): void;
  /** Lets a command succeed; ADD has to print a result, in the config's version where it says none. */
  answer(command: Command, result?: Config): void;
  /** Lets a command fail. */
  fail(command: Command, error?: Partial<CniFailure>): void;
  /** Lets a command take this many seconds more. */
  delay(command: Command, seconds: number): void;
}

/**
 * @param result what ADD answers: `{ ips: [{ address: '10.9.0.2/24', gateway: '10.9.0.1' }] }`
 * @param type its file name
 */
export function createTestIpam(node: Node, result: Config = {}, type = 'ipam-test'): TestIpam {
  const dir = join(node.dir, `bin-${type}`);
  const calls = join(dir, 'calls');
  const answers = join(dir, 'answers');
  mkdirSync(answers, { recursive: true });
  copyFileSync(join(import.meta.dirname, 'ipam-test'), join(dir, type));
  const setAnswer = (command: Command, answer: Config | undefined, code: number): void => {
    const json = join(answers, `${command}.json`);
    if (answer === undefined) rmSync(json, { force: true });
    else writeFileSync(json, JSON.stringify({ cniVersion: '@VERSION@', ...answer }));
    writeFileSync(join(answers, `${command}.code`), `${code}`);
  };
  const readCalls = (): readonly IpamCall[] => {
    if (!existsSync(calls)) return [];
    const folders = readdirSync(calls).filter((name) => !name.startsWith('.'));
    return folders.sort().map((name) => readCall(join(calls, name)));
  };
  setAnswer('ADD', result, 0);
  setAnswer(
    'VERSION',
    { supportedVersions: ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] },
    0,
  );
  return {
    type,
    dir,
    path: [dir, binDir, referenceDir],
    calls: readCalls,
    commands: () => readCalls().map(({ command }) => command),
    forget: () => rmSync(calls, { recursive: true, force: true }),
    answer: (command, answer) => setAnswer(command, answer, 0),
    fail: (command, error = {}) =>
      setAnswer(command, { code: 100, msg: `${type} was told to fail`, ...error }, 1),
    delay: (command, seconds) => writeFileSync(join(answers, `${command}.delay`), `${seconds}`),
  };
}

function readCall(folder: string): IpamCall {
  const stdin = readFileSync(join(folder, 'stdin'), 'utf8');
  const entries = readFileSync(join(folder, 'env'), 'utf8')
    .split('\0')
    .filter(Boolean)
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  const env: Readonly<Record<string, string>> = Object.fromEntries(entries);
  return { command: env['CNI_COMMAND'] ?? '', env, stdin, config: parse(stdin) };
}

function parse(stdin: string): Config {
  try {
    return JSON.parse(stdin) as Config;
  } catch {
    return {};
  }
}
