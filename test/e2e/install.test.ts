/** `plumbline install` and `make install` with the built executable, in folders and file systems of all sorts. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXECUTABLES, formatMark, readMark } from '../../cli/executable.ts';
import { otherVersion } from '../support/other-version.ts';
import { binDir as built, repoRoot, runtime } from '../support/paths.ts';

const sourceFolders = ['scripts', 'cli', 'lib', 'plugins', 'ipam'];

let root = '';
let binDir = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plumbline-install-'));
  binDir = join(root, 'opt/cni/bin');
});
afterEach(() => rmSync(root, { recursive: true }));

const program = join(built, 'plumbline');

async function run(executable: string, ...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await execa(executable, args, { reject: false });
  return { code: exitCode, stdout, stderr };
}

const install = (...options: readonly string[]) => run(program, 'install', '--bin-dir', binDir, ...options);

/** Runs a script in a mount namespace of its own: what it mounts is nobody else's. */
const mounted = (script: string, ...args: readonly string[]) =>
  run('unshare', '--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', ...args);

const linesOf = (what: string): string =>
  EXECUTABLES.map((name) => `${join(binDir, name)}: ${what}`).join('\n');

const inodes = (): number[] => [...new Set(EXECUTABLES.map((name) => lstatSync(join(binDir, name)).ino))];

const version = readMark(program)?.version ?? '';

async function versionsOf(executable: string): Promise<unknown> {
  const { stdout } = await execa(executable, {
    env: { CNI_COMMAND: 'VERSION' },
    input: '{"cniVersion":"1.1.0"}',
  });
  return (JSON.parse(stdout) as { supportedVersions: unknown }).supportedVersions;
}

test('the mark in the executable is the digest of what precedes it', () => {
  const content = readFileSync(program);
  const mark = readMark(program);
  const text = formatMark(mark ?? { version: '', digest: '' });
  expect(content.subarray(-text.length).toString()).toBe(text);
  expect(mark?.digest).toBe(createHash('sha256').update(content.subarray(0, -text.length)).digest('hex'));
});

test('the build holds one file under seven names', () => {
  // A build that runs at the same time has its temporary files there.
  expect(
    readdirSync(built)
      .filter((name) => !name.startsWith('.'))
      .sort(),
  ).toEqual([...EXECUTABLES].sort());
  expect(new Set(EXECUTABLES.map((name) => statSync(join(built, name)).ino)).size).toBe(1);
});

describe('plumbline install', () => {
  test('makes the folder, tells one line a file, and does nothing a second time', async () => {
    expect(await install()).toEqual({ code: 0, stdout: linesOf(`installed ${version}`), stderr: '' });
    expect(readdirSync(binDir).sort()).toEqual([...EXECUTABLES].sort());
    const [inode, ...others] = inodes();
    expect(others).toEqual([]);
    expect(lstatSync(join(binDir, 'ovs')).mode & 0o7777).toBe(0o755);
    expect(await versionsOf(join(binDir, 'veth-bridge'))).toContain('1.1.0');

    expect(await install()).toEqual({ code: 0, stdout: linesOf(`${version} is there already`), stderr: '' });
    expect(inodes()).toEqual([inode]);

    const removed = await run(join(binDir, 'plumbline'), 'uninstall', '--bin-dir', binDir);
    expect(removed).toEqual({ code: 0, stdout: linesOf('removed'), stderr: '' });
    expect(readdirSync(binDir)).toEqual([]);
  });

  test('tells of files that are not ours, and ends with 1', async () => {
    mkdirSync(binDir, { recursive: true });
    writeFileSync(join(binDir, 'host-local'), 'x');
    expect(await install()).toEqual({
      code: 1,
      stdout: '',
      stderr:
        `plumbline: install: ${binDir}/host-local is not plumbline's\n` +
        'plumbline: install: nothing was changed; --force replaces them, and keeps each as NAME.plumbline-backup',
    });
    expect(readdirSync(binDir)).toEqual(['host-local']);
    expect((await install('--force')).code).toBe(0);
    expect((await run(program, 'uninstall', '--bin-dir', binDir)).code).toBe(0);
    expect(readdirSync(binDir)).toEqual(['host-local']);
  });

  test('leaves a plugin that runs at that moment alone', async () => {
    await install();
    const running = spawn(join(binDir, 'veth-bridge'), [], { env: { CNI_COMMAND: 'VERSION' } });
    const answer = outputOf(running);
    await sleep(200);
    expect(await run(otherVersion(root, '9.9.9'), 'install', '--bin-dir', binDir)).toMatchObject({
      code: 0,
      stdout: linesOf('updated to 9.9.9'),
    });
    running.stdin?.end('{"cniVersion":"1.1.0"}');
    expect(JSON.parse(await answer)).toHaveProperty('supportedVersions');
  });

  test('works across file systems', async () => {
    const { code, stdout } = await mounted(
      `mkdir -p "$2"; mount -t tmpfs -o size=400m tmpfs "$2"
       "$1" install --bin-dir "$2" >/dev/null; ls -i "$2" | awk '{ print $1 }' | sort -u | wc -l
       CNI_COMMAND=VERSION "$2/host-local" </dev/null >/dev/null`,
      program,
      binDir,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1' });
  });

  test('says so where the file system is read-only, and changes nothing', async () => {
    mkdirSync(binDir, { recursive: true });
    const script = 'mount --bind -o ro "$2" "$2"; "$1" install --bin-dir "$2$3"';
    expect(await mounted(script, program, binDir, '')).toEqual({
      code: 1,
      stdout: '',
      stderr: `plumbline: install: cannot install in ${binDir}: the file system is read-only`,
    });
    expect((await mounted(script, program, binDir, '/below')).stderr).toBe(
      `plumbline: install: cannot make ${binDir}/below: the file system is read-only`,
    );
    expect(readdirSync(binDir)).toEqual([]);
  });

  test('on a full disk changes nothing', async () => {
    const { code, stdout, stderr } = await mounted(
      `mkdir -p "$2"; mount -t tmpfs -o size=20m tmpfs "$2"; echo x >"$2/ovs"
       "$1" install --force --bin-dir "$2" || echo "exit $?"
       "$1" install --bin-dir "$2/sub/folder" || echo "exit $?"
       ls -A "$2"; cat "$2/ovs"; du -sk "$2" | cut -f 1`,
      program,
      binDir,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'exit 1\nexit 1\novs\nx\n4' });
    expect(stderr).toBe(
      [binDir, `${binDir}/sub/folder`]
        .map(
          (dir) =>
            `plumbline: install: cannot install in ${dir}: no space is left on the device; nothing was changed`,
        )
        .join('\n'),
    );
  });

  test('says so where the user may not write', async () => {
    mkdirSync(binDir, { recursive: true });
    // The test's own folder is the user's alone: open it up to here.
    const result = await mounted(
      'chmod 755 "$3"; setpriv --reuid 65534 --regid 65534 --clear-groups "$1" install --bin-dir "$2"',
      program,
      binDir,
      root,
    );
    expect(result).toEqual({
      code: 1,
      stdout: '',
      stderr: `plumbline: install: cannot install in ${binDir}: permission denied; run it as root`,
    });
  });

  test('several at once, of several versions, leave one whole installation', async () => {
    const versions = [program, otherVersion(root, '8.0.0'), otherVersion(root, '9.0.0')];
    for (let round = 0; round < 4; round++) {
      const outcomes = await Promise.all(
        [...versions, ...versions].map((executable) => run(executable, 'install', '--bin-dir', binDir)),
      );
      expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
        outcomes.map(() => ({ code: 0, stderr: '' })),
      );
      expect(readdirSync(binDir).sort()).toEqual([...EXECUTABLES].sort());
      expect(inodes()).toHaveLength(1);
    }
  });

  test('killed at any moment leaves each name with a whole file, and the next one mends it', async () => {
    const executables = [otherVersion(root, '9.9.9'), program];
    await install();
    for (let round = 0; round < 16; round++) {
      const child = spawn(executables[round % 2]!, ['install', '--bin-dir', binDir], { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.on('exit', resolve));
      await sleep(40 + round * 30);
      child.kill('SIGKILL');
      await ended;
      expect(EXECUTABLES.filter((name) => readMark(join(binDir, name)) === undefined)).toEqual([]);
    }
    expect((await install()).code).toBe(0);
    expect(inodes()).toHaveLength(1);
    expect(await versionsOf(join(binDir, 'host-local'))).toContain('1.1.0');
  });
});

test('make builds once, and installs and uninstalls within DESTDIR and BINDIR', async () => {
  // In a copy: nobody edits its sources meanwhile, and the executable that other tests run stays.
  const tree = join(root, 'tree');
  for (const name of ['Makefile', 'package.json', 'package-lock.json', 'main.ts', ...sourceFolders]) {
    cpSync(join(repoRoot, name), join(tree, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(repoRoot, 'node_modules'), join(tree, 'node_modules'));
  const make = (...args: readonly string[]) =>
    run('make', '--no-print-directory', `RUNTIME=${runtime}`, '-C', tree, ...args);
  const dist = join(tree, relative(repoRoot, built));
  const executable = join(dist, 'plumbline');

  expect(await make('build')).toMatchObject({ code: 0, stdout: expect.stringContaining('scripts/build.ts') });
  const { ino } = statSync(executable);
  expect(await make('build')).toEqual({ code: 0, stdout: '', stderr: '' });
  rmSync(join(dist, 'ovs'));
  expect((await make('build')).code).toBe(0);
  expect(statSync(join(dist, 'ovs')).ino).toBe(ino);
  utimesSync(join(tree, 'lib/errors.ts'), new Date(), new Date());
  expect((await make('--dry-run', 'build')).stdout).toContain('scripts/build.ts');
  utimesSync(join(tree, 'lib/errors.ts'), 0, 0);

  const where = [`DESTDIR=${root}/stage dir`, 'BINDIR=/usr/libexec/cni'];
  binDir = join(root, 'stage dir/usr/libexec/cni');
  const installed = await make('install', ...where);
  expect(installed).toMatchObject({ code: 0, stderr: '' });
  expect(installed.stdout).toContain(linesOf(`installed ${version}`));
  expect(inodes()).toHaveLength(1);
  writeFileSync(join(binDir, 'portmap'), '');
  expect((await make('install', 'AS_BRIDGE=1', ...where)).stdout).toContain(
    `${binDir}/bridge: installed ${version}`,
  );
  expect((await make('uninstall', ...where)).code).toBe(0);
  expect(readdirSync(binDir)).toEqual(['portmap']);
});

async function outputOf(child: ReturnType<typeof spawn>): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve) => child.on('close', resolve));
  return text;
}
