/**
 * The executable as a thing: what it answers under which name, and what of its surroundings may and may not
 * steer it. It runs as root on every node, called with whatever environment the runtime happens to have.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import {
  add,
  binDir,
  check,
  createContainer,
  createNode,
  del,
  expectFailure,
  expectPing,
  type Node,
  repoRoot,
  runtime,
  test,
  testNeeds,
} from '../support/index.ts';

const plugin = join(binDir, 'veth-bridge');
const node26 = join(repoRoot, 'node_modules/.bin/node');
const scratch = mkdtempSync(join(tmpdir(), 'plumbline-packaging-'));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Asks for the versions, with nothing in the environment but what is given. */
function ask(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = '/',
  argv0 = argv[0],
): Answer {
  const [program = '', ...args] = argv;
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { CNI_COMMAND: 'VERSION', ...env },
    cwd,
    argv0,
    input: '{"cniVersion":"1.1.0"}',
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

const versions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];

function expectVersions({ code, stdout, stderr }: Answer): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ cniVersion: '1.1.0', supportedVersions: versions });
}

const pods = (node: Node): Record<string, unknown> => ({
  cniVersion: '1.0.0',
  name: 'pods',
  type: 'veth-bridge',
  bridge: 'cni0',
  isDefaultGateway: true,
  ipMasq: true,
  ipam: { type: 'host-local', dataDir: node.dataDir, subnet: '10.22.0.0/24' },
});

/** A whole life of an attachment: ADD, a ping, CHECK, DEL. */
async function live(node: Node, surroundings: Parameters<typeof add>[1]): Promise<void> {
  const container = await createContainer(node);
  const call = { config: pods(node), container, ...surroundings };
  const result = await add(node, call);
  await expectPing(container, '10.22.0.1');
  const later = { ...call, config: { ...pods(node), prevResult: result } };
  await check(node, later);
  await del(node, later);
}

describe('the name decides', () => {
  test.each(['veth-bridge', 'host-local'])('%s', (name) => {
    expectVersions(ask([join(binDir, name)]));
  });

  test('however it is called: by a link, found in PATH, with a name of its own', () => {
    symlinkSync(join(binDir, 'plumbline'), join(scratch, 'host-local'));
    symlinkSync(join(binDir, 'plumbline'), join(scratch, 'bridge'));
    expectVersions(ask([join(scratch, 'host-local')]));
    expectVersions(ask([join(scratch, 'bridge')]));
    expectVersions(ask(['/usr/bin/env', `PATH=${binDir}`, 'veth-bridge']));
    expectVersions(ask([join(binDir, 'plumbline')], {}, '/', 'veth-bridge'));
    expectVersions(ask([join(binDir, 'plumbline')], {}, '/', '/opt/cni/bin/host-local'));
    expectVersions(ask(['./veth-bridge'], {}, binDir));
  });

  test('under its own name it speaks to people, whatever CNI_COMMAND says', () => {
    const { code, stdout } = ask([join(binDir, 'plumbline'), '--version']);
    const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect({ code, stdout }).toEqual({ code: 0, stdout: `plumbline ${version}\n` });
  });

  test('arguments for Node are not taken for Node: a script given to it is not run', () => {
    const script = join(scratch, 'script.js');
    writeFileSync(script, `require('fs').writeFileSync(${JSON.stringify(join(scratch, 'script-ran'))}, '')`);
    expectVersions(ask([plugin, script]));
    expectVersions(ask([plugin, '--require', script]));
    expectVersions(ask([plugin, '-e', 'process.exit(9)']));
    expect(existsSync(join(scratch, 'script-ran'))).toBe(false);
  });
});

describe('the environment does not steer it', () => {
  const ran = join(scratch, 'ran');
  const script = join(scratch, 'evil.cjs');
  writeFileSync(script, `require('fs').writeFileSync(${JSON.stringify(ran)}, '')`);

  /** Runs Node itself with the same environment: the trap must work where nothing guards against it. */
  const inNode = (env: Readonly<Record<string, string>>): Answer => ask([node26, '-e', '0'], env);

  test('NODE_OPTIONS loads no script', () => {
    const env = { NODE_OPTIONS: `--require ${script}` };
    inNode(env);
    expect(existsSync(ran)).toBe(true);
    rmSync(ran);
    expectVersions(ask([plugin], env));
    expect(existsSync(ran)).toBe(false);
  });

  test.each([
    '--import=data:text/javascript,process.exit(9)',
    '--no-such-option',
    '--inspect-brk=127.0.0.1:0',
    '--max-old-space-size=1',
    '--trace-exit --trace-uncaught',
    '--test',
  ])('NODE_OPTIONS=%s changes nothing', (options) => {
    expectVersions(ask([plugin], { NODE_OPTIONS: options }));
  });

  testNeeds(['strace'], 'OPENSSL_CONF loads no shared object', async () => {
    const config = join(scratch, 'openssl.cnf');
    const engine = join(scratch, 'evil-engine.so');
    writeFileSync(engine, '');
    writeFileSync(
      config,
      [
        'openssl_conf = init',
        'nodejs_conf = init',
        '[init]',
        'providers = providers',
        '[providers]',
        'evil = evil',
        '[evil]',
        `module = ${engine}`,
        'activate = 1',
        '',
      ].join('\n'),
    );
    for (const env of [
      { OPENSSL_CONF: config },
      { OPENSSL_CONF: config, OPENSSL_MODULES: scratch, OPENSSL_ENGINES: scratch },
    ]) {
      expect(filesOpened([node26, '-e', '0'], env)).toEqual(expect.arrayContaining([config, engine]));
      const opened = filesOpened([plugin], env);
      expect(opened).not.toContain(config);
      expect(opened).not.toContain(engine);
      expectVersions(ask([plugin], env));
    }
  });

  testNeeds(
    ['strace'],
    'it opens nothing of the folder it runs in, nor of HOME, TMPDIR or NODE_PATH',
    async () => {
      const folder = join(scratch, 'cwd');
      mkdirSync(join(folder, 'node_modules'), { recursive: true });
      for (const name of [
        '.env',
        '.npmrc',
        '.noderc',
        'node.config.json',
        'package.json',
        'bunfig.toml',
        'index.js',
      ]) {
        writeFileSync(join(folder, name), name.endsWith('.json') ? '{}' : '');
      }
      const env = { HOME: folder, TMPDIR: folder, NODE_PATH: folder, XDG_CONFIG_HOME: folder };
      expect(filesOpened([plugin], env, folder).filter((path) => path.includes(scratch))).toEqual([]);
      expect(readdirSync(folder)).toHaveLength(8);
    },
  );
});

describe('it needs little', () => {
  testNeeds(['strace'], 'shared libraries that every Debian system has', async () => {
    const libraries = filesOpened([plugin], {}).flatMap(
      (path) => /^\/.*\/(lib[^/]*\.so)[.\d]*$/.exec(path)?.[1] ?? [],
    );
    // What every Debian has. Node from version 25 on needs libatomic too, which a minimal one lacks: hence 24.
    const ofNode = runtime === 'node' ? ['libgcc_s.so', 'libstdc++.so'] : [];
    expect(new Set(libraries)).toEqual(
      new Set(['libc.so', 'libdl.so', 'libm.so', 'libpthread.so', ...ofNode]),
    );
  });

  test('no environment but CNI_*', async ({ node }) => {
    expectVersions(ask([plugin]));
    await live(node, { env: { PATH: undefined } });
  });

  test('no HOME, and none that is there', async ({ node }) => {
    await live(node, { env: { HOME: '/nonexistent', TMPDIR: '/nonexistent', USER: undefined } });
  });

  test.each([['/usr/bin:/bin'], ['/nonexistent'], [''], [':'], ['relative/path:.']])(
    'a PATH of %j: tools are then looked for in the usual places',
    async (PATH) => {
      expectVersions(ask([plugin], { PATH }));
    },
  );

  test('a PATH that lacks sbin', async ({ node }) => {
    await live(node, { env: { PATH: '/usr/local/bin:/nonexistent:relative' } });
  });

  test('no file system that can be written to, besides its own state', async ({ node }) => {
    // The node's own /run and /var/lib/cni stay writable, as on an immutable distribution; and its folder, for dataDir.
    await node.sh(`mount --bind ${node.dir} ${node.dir}; mount -o remount,bind,ro /`);
    expect(await node.sh(`touch ${binDir}/x 2>&1 || echo refused`)).toContain('refused');
    await live(node, {});
  });

  test('not even a folder to run in, or says that it needs one', () => {
    const gone = join(scratch, 'gone');
    mkdirSync(gone);
    const answer = ask(['/bin/sh', '-c', `cd ${gone} && rmdir ${gone} && exec ${plugin}`]);
    // Bun asks for its folder before it runs anything.
    if (runtime === 'bun')
      expect(answer).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('working directory was deleted'),
      });
    else expectVersions(answer);
  });

  test.each([
    ['ip', 'iproute2'],
    ['nft', 'nftables'],
  ])('without %s it names it, and the Debian package', async (tool, debianPackage) => {
    await using node = await createNode();
    const container = await createContainer(node);
    // What cannot be executed is not there; only this node sees it so.
    await node.sh(
      `for path in $(which -a ${tool}); do mount --bind /dev/null "$(readlink -f "$path")"; done`,
    );
    const error = await expectFailure(
      node,
      { command: 'ADD', config: pods(node), container },
      { says: new RegExp(`\\b${tool}\\b`) },
    );
    expect(error.msg).toContain(debianPackage);
  });
});

test('a reader that has gone away is no reason to complain', () => {
  const { stderr } = ask(['/bin/sh', '-c', `${plugin} | true`]);
  expect(stderr).toBe('');
});

/** The files that a program tries to open, whether or not they are there. */
function filesOpened(argv: readonly string[], env: Readonly<Record<string, string>>, cwd = '/'): string[] {
  const trace = join(scratch, 'trace');
  ask(
    [
      '/usr/bin/strace',
      '-f',
      '-qqq',
      '-s',
      '4096',
      '-e',
      'trace=open,openat',
      '-e',
      'signal=none',
      '-o',
      trace,
      ...argv,
    ],
    env,
    cwd,
  );
  const text = readFileSync(trace, 'utf8');
  return [...text.matchAll(/open(?:at)?\((?:[^"]*)"([^"]*)"/g)].map(([, path = '']) => path);
}
