/**
 * Variables that steer a runtime do not steer the executable: none runs code, opens a port, writes a file or prints. Each
 * trap is set off by the runtime itself, to show that it works where nothing guards against it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect } from 'vitest';
import { nativeArch } from '../../scripts/build/arch.ts';
import { bunFor } from '../../scripts/build/bun.ts';
import { binDir, repoRoot, runtime, test, testNeeds } from '../support/index.ts';

const plugin = join(binDir, 'veth-bridge');
const itself = runtime === 'bun' ? bunFor(nativeArch) : join(repoRoot, 'node_modules/.bin/node');
const scratch = mkdtempSync(join(tmpdir(), 'plumbline-environment-'));
/** What a trap writes is here. */
const out = join(scratch, 'out');
const script = join(scratch, 'trap.cjs');
writeFileSync(script, `require('fs').writeFileSync(${JSON.stringify(join(out, 'ran'))}, '')`);
const harmless = join(scratch, 'harmless.cjs');
writeFileSync(harmless, 'require("node:fs").statSync("/")');

beforeEach(() => {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
});
afterAll(() => rmSync(scratch, { recursive: true }));

type Variables = Readonly<Record<string, string>>;

function run(argv: readonly string[], env: Variables, cwd = '/') {
  const [program = '', ...args] = argv;
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { CNI_COMMAND: 'VERSION', ...env },
    cwd,
    input: '{"cniVersion":"1.1.0"}',
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { code: status, stdout, stderr, written: readdirSync(out) };
}

/** The sockets that a program connects or listens at. */
function socketsOf(argv: readonly string[], env: Variables): readonly string[] {
  const trace = join(scratch, 'trace');
  const strace = ['/usr/bin/strace', '-f', '-qqq', '-e', 'trace=connect,bind,listen', '-e', 'signal=none'];
  run([...strace, '-o', trace, ...argv], env);
  return readFileSync(trace, 'utf8').match(/\b(connect|bind|listen)\(.*/g) ?? [];
}

const traps: readonly (readonly [variables: Variables, setOff?: 'written' | 'stderr' | 'code'])[] =
  runtime === 'bun'
    ? [
        [{ BUN_OPTIONS: `--preload ${script}` }, 'written'],
        [{ BUN_OPTIONS: '--no-such-option' }],
        [{ BUN_OPTIONS: '--smol --version' }],
        [{ BUN_BE_BUN: '1' }],
        [{ BUN_BYTECODE_ORDER_OUT: join(out, 'order') }],
        [{ BUN_BYTECODE_DIGEST_OUT: join(out, 'digest') }],
        [{ BUN_RUNTIME_TRANSPILER_CACHE_PATH: out }],
        [{ BUN_JSC_dumpOptions: '1' }, 'stderr'],
        [{ BUN_JSC_noSuchOption: '1' }, 'code'],
        [{ BUN_FEATURE_FLAG_NO_ORPHANS: '1' }],
        [{ BUN_TRACE: join(out, 'trace'), BUN_WATCHER_TRACE: join(out, 'watcher') }],
        [{ NODE_CHANNEL_FD: '7' }],
        [{ NODE_REDIRECT_WARNINGS: join(out, 'warnings') }],
      ]
    : [
        [{ NODE_OPTIONS: `--require ${script}` }, 'written'],
        [{ NODE_COMPILE_CACHE: join(out, 'cache') }, 'written'],
        [{ NODE_V8_COVERAGE: join(out, 'coverage') }, 'written'],
        [{ NODE_DEBUG_NATIVE: 'MKSNAPSHOT,CODE_CACHE,SEA' }],
        [{ NODE_REPL_EXTERNAL_MODULE: script }],
        [{ NODE_EXTRA_CA_CERTS: '/nonexistent' }],
        [{ NODE_REDIRECT_WARNINGS: join(out, 'warnings') }],
      ];

const nameOf = (variables: Variables): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${value.replaceAll(scratch, '')}`)
    .join(' ');

describe(`variables of ${runtime}`, () => {
  for (const [variables, setOff] of traps) {
    test(`${nameOf(variables)} changes nothing`, () => {
      if (setOff !== undefined) {
        const plain = run([itself, harmless], {});
        const trapped = run([itself, harmless], variables);
        expect(trapped[setOff], 'the trap works').not.toEqual(plain[setOff]);
        rmSync(out, { recursive: true });
        mkdirSync(out);
      }
      const answer = run([plugin], variables);
      expect(answer).toMatchObject({ code: 0, stderr: '', written: [] });
      expect(JSON.parse(answer.stdout)).toMatchObject({ cniVersion: '1.1.0' });
    });
  }

  test('arguments for the runtime stay arguments', () => {
    const env = runtime === 'bun' ? { BUN_BE_BUN: '1' } : {};
    for (const args of [['--version'], ['-e', 'process.exit(9)'], [script], ['--preload', script]])
      expect(run([plugin, ...args], env)).toMatchObject({ code: 0, stderr: '', written: [] });
  });

  testNeeds(['strace'], 'no port is opened, and nobody called', async () => {
    const opens = '127.0.0.1:6499';
    const [env, ...others]: readonly Variables[] =
      runtime === 'bun'
        ? [
            { BUN_INSPECT: `ws://${opens}/x` },
            { BUN_INSPECT_CONNECT_TO: `unix://${join(scratch, 'socket')}` },
          ]
        : [{ NODE_OPTIONS: `--inspect=${opens}` }];
    // The debugger is a thread of its own, which a program that does nothing may not live to see.
    const isOpened = (): boolean => socketsOf([itself, harmless], env!).length > 0;
    expect(Array.from({ length: 20 }).some(isOpened), 'the trap works').toBe(true);
    for (const one of [env!, ...others]) expect(socketsOf([plugin], one), nameOf(one)).toEqual([]);
  });
});

test('settings of the folder it runs in: neither bunfig.toml nor .env', () => {
  const folder = mkdtempSync(join(scratch, 'folder-'));
  writeFileSync(join(folder, 'bunfig.toml'), `preload = [${JSON.stringify(script)}]\n`);
  writeFileSync(join(folder, '.env'), 'CNI_COMMAND=NONSENSE\n');
  if (runtime === 'bun') {
    expect(run([itself, harmless], {}, folder).written).toEqual(['ran']);
    rmSync(join(out, 'ran'));
  }
  const withoutCommand = ['/usr/bin/env', '-u', 'CNI_COMMAND', plugin];
  expect(run(withoutCommand, {}, folder)).toEqual(run(withoutCommand, {}));
});
