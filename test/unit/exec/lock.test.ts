/** Locks, with real processes: the files are real, and so is flock. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFile, lockPath, lockRunDir, runUnderLock } from '../../../lib/exec/lock.ts';
import { type Runner, type RunResult, realRunner } from '../../../lib/exec/runner.ts';

let dir = '';
let file = '';
const started = new Set<ChildProcess>();
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'plumbline-lock-'));
  file = join(dir, 'lock');
});
afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
  // Children of those, too, end when this is gone.
  rmSync(dir, { recursive: true });
});
const runner = () => realRunner({ searchPath: process.env['PATH'], runDir: join(dir, 'run') });
const isFree = (path: string): boolean => spawnSync('flock', ['--nonblock', path, 'true']).status === 0;

/** A process with a lock's path, a runner and a file to wait for; killed at the latest after the test. */
function startPlugin(body: string): ChildProcess {
  const lib = join(import.meta.dirname, '../../../lib/exec');
  const code = `
    import { INPUT, realRunner } from '${lib}/runner.ts';
    import { lockFile, runUnderLock } from '${lib}/lock.ts';
    const [dir, file] = process.argv.slice(1);
    const runner = realRunner({ searchPath: process.env.PATH, runDir: dir + '/run' });
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code, dir, file], {
    stdio: 'inherit',
  });
  started.add(child);
  return child;
}

async function until(holds: () => boolean, within = 10_000): Promise<void> {
  const end = performance.now() + within;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${holds}`);
    await sleep(10);
  }
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('a lock that spans our own steps', () => {
  test('keeps others out until it is given back', async () => {
    const lock = await lockFile(runner(), file);
    expect(isFree(file)).toBe(false);
    lock[Symbol.dispose]();
    expect(isFree(file)).toBe(true);
  });

  test('is waited for', async () => {
    const lock = await lockFile(runner(), file);
    startPlugin(`
      using lock = await lockFile(runner, file);
      await runner.run('touch', [dir + '/got']);
    `);
    // flock has the file open: it is waiting there.
    await until(() => existsSync(file) && waitersFor(file) > 0);
    expect(existsSync(join(dir, 'got'))).toBe(false);
    lock[Symbol.dispose]();
    await until(() => existsSync(join(dir, 'got')));
  });

  test('goes with its holder', async () => {
    const holder = startPlugin(`
      const lock = await lockFile(runner, file);
      await runner.run('touch', [dir + '/ready']);
      setInterval(() => lock, 1000);
    `);
    await until(() => existsSync(join(dir, 'ready')));
    expect(isFree(file)).toBe(false);
    await killed(holder);
    expect(isFree(file)).toBe(true);
  });

  test('counts up truly, from many processes at once', async () => {
    writeFileSync(join(dir, 'count'), '0');
    const count = `
      import { readFileSync, writeFileSync } from 'node:fs';
      for (let round = 0; round < 5; round += 1) {
        using lock = await lockFile(runner, file);
        const value = Number(readFileSync(dir + '/count', 'utf8'));
        await new Promise((resolve) => setTimeout(resolve, 2));
        writeFileSync(dir + '/count', String(value + 1));
      }`;
    await Promise.all(Array.from({ length: 4 }, () => once(startPlugin(count), 'exit')));
    expect(readFileSync(join(dir, 'count'), 'utf8')).toBe('20');
  });

  test('needs its folder, which lockRunDir makes', async () => {
    await expect(lockFile(runner(), join(dir, 'a/b/lock'))).rejects.toThrow(/ENOENT/);
    using _lock = await lockRunDir(runner(), join(dir, 'a/b/lock'));
    expect(readdirSync(join(dir, 'a/b'))).toEqual(['lock']);
  });

  test('is never a link to somewhere else', async () => {
    spawnSync('ln', ['-s', '/nowhere/else', file]);
    await expect(lockFile(runner(), file)).rejects.toThrow(/ELOOP/);
  });
});

describe('a lock that a child holds', () => {
  const waitForFile = 'touch "$0/ready"; while [ -e "$0/wait" ]; do sleep 0.02; done';

  test('outlives the plugin that is killed, and goes with the child', async () => {
    writeFileSync(join(dir, 'wait'), '');
    const plugin = startPlugin(
      `await runUnderLock(runner, file, ['sh', ['-c', ${JSON.stringify(waitForFile)}, dir]]);`,
    );
    await until(() => existsSync(join(dir, 'ready')));
    await killed(plugin);
    expect(isFree(file)).toBe(false);
    rmSync(join(dir, 'wait'));
    await until(() => isFree(file));
  });

  test('a child that got it only after its plugin was killed finds no work', async () => {
    const lock = await lockFile(runner(), file);
    const work = 'if cat "$1" >"$0/work"; then :; else echo "$?" >"$0/refused"; fi; touch "$0/ended"';
    const plugin = startPlugin(
      `await runUnderLock(runner, file, ['sh', ['-c', ${JSON.stringify(work)}, dir, INPUT]], { input: 'link delete dev eth0' });`,
    );
    await until(() => waitersFor(file) > 0);
    await killed(plugin);
    lock[Symbol.dispose]();
    await until(() => existsSync(join(dir, 'ended')));
    expect(readFileSync(join(dir, 'work'), 'utf8')).toBe('');
    expect(existsSync(join(dir, 'refused'))).toBe(true);
  });

  test('is taken and the program run in one process', async () => {
    const { stdout } = await runUnderLock(runner(), file, ['sh', ['-c', 'echo $PPID']]);
    expect(Number(stdout)).toBe(process.pid);
  });

  test('gives the program\u2019s own exit status', async () => {
    expect((await runUnderLock(runner(), file, ['sh', ['-c', 'exit 5']])).status).toBe(5);
  });

  test('that is not had in time is error 11 that tells who holds it', async () => {
    const result = { status: 73, stdout: '', stderr: '' };
    const runOf = (more: Partial<RunResult>) =>
      runUnderLock({ has: () => true, run: async () => ({ ...result, ...more }) }, file, ['ip', []]);
    await expect(runOf({})).rejects.toThrow(
      expect.objectContaining({
        code: 11,
        message: expect.stringMatching(/has held the lock .* for 60 s; .*fuser -v/),
      }),
    );
    for (const status of [0, 1, 2, 255]) expect(await runOf({ status })).toMatchObject({ status });
    // Such a program has run.
    expect(await runOf({ stderr: 'no such device' })).toMatchObject({ status: 73 });
  });
});

describe('a lock that the runtime takes without a child', () => {
  /** flock(2) as Bun has it: here, a child of this process does it. */
  const tryLock = (fd: number): boolean =>
    spawnSync('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status === 0;
  const sparing = () => {
    const programs: string[] = [];
    const real = runner();
    const run: Runner['run'] = (program, ...rest) => {
      programs.push(program);
      return real.run(program, ...rest);
    };
    return { programs, runner: { ...real, tryLock, run } };
  };

  test('needs none, and is given back', async () => {
    const { programs, runner } = sparing();
    {
      using _lock = await lockFile(runner, file);
      expect(isFree(file)).toBe(false);
    }
    expect(isFree(file)).toBe(true);
    expect(programs).toEqual([]);
  });

  test('is the child\u2019s, too, as long as that lives', async () => {
    const { programs, runner } = sparing();
    const held = `flock --nonblock ${file} true || echo held`;
    const { stdout } = await runUnderLock(runner, file, [
      'sh',
      ['-c', `exec 2>&1; ${held}; ls /proc/self/fd/3`],
    ]);
    expect(stdout).toBe('held\n/proc/self/fd/3\n');
    expect(programs).toEqual(['sh']);
    expect(isFree(file)).toBe(true);
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    await runUnderLock(runner, file, ['true', []]);
    expect(descriptors()).toBe(before);
  });

  test('is waited for by a child where somebody has it', async () => {
    const { programs, runner } = sparing();
    const holdIt = async () => {
      started.add(spawn('flock', [file, 'sleep', '0.3'], { stdio: 'ignore' }));
      await until(() => !isFree(file));
    };
    await holdIt();
    (await lockFile(runner, file))[Symbol.dispose]();
    await holdIt();
    expect((await runUnderLock(runner, file, ['true', []])).status).toBe(0);
    expect(programs).toEqual(['flock', 'flock']);
    expect(isFree(file)).toBe(true);
  });
});

describe('the files of locks', () => {
  test('are a fixed number, none of which names anybody', () => {
    const paths = Array.from({ length: 5000 }, (_, index) =>
      lockPath('/run/x', 'attachment', 'net', `c${index}`, 'eth0'),
    );
    expect(new Set(paths).size).toBeLessThanOrEqual(4096);
    for (const path of paths) expect(path).toMatch(/^\/run\/x\/locks\/attachment-[0-9a-f]{3}$/);
  });

  test('are those of their kind alone: one may be taken under one of another kind', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `n${index}`);
    const masters = new Set(names.map((name) => lockPath('/run/x', 'ipvlan', name)));
    expect(names.filter((name) => masters.has(lockPath('/run/x', 'attachment', name)))).toEqual([]);
  });

  test('are told where they cannot be made', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(runUnderLock(runner(), join(dir, 'file/locks/ab'), ['true', []])).rejects.toThrow(
      expect.objectContaining({ code: 5, message: expect.stringContaining(join(dir, 'file/locks/ab')) }),
    );
  });
});

/** Processes that wait for flock(2) on a file: /proc/locks has a line with an arrow for each. */
function waitersFor(path: string): number {
  const { stdout } = spawnSync('stat', ['-c', '%i', path], { encoding: 'utf8' });
  const lines = readFileSync('/proc/locks', 'utf8').split('\n');
  return lines.filter((line) => line.includes('->') && line.includes(`:${stdout.trim()} `)).length;
}
