import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { loggingRunner } from '../../../lib/cni/log.ts';
import { holdText } from '../../../lib/exec/held.ts';
import { type Arg, type CommandLine, INPUT, realRunner } from '../../../lib/exec/runner.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-runner-'));
afterAll(() => rmSync(dir, { recursive: true }));
const runDir = join(dir, 'run');
const runner = realRunner({ searchPath: process.env['PATH'], runDir });
const sh = (script: string, ...args: readonly Arg[]): CommandLine => ['sh', ['-c', script, ...args]];

describe('a program', () => {
  test('that ends gives its exit status and what it printed', async () => {
    expect(await runner.run(...sh('echo out; echo err >&2; exit 7'))).toEqual({
      status: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('that a signal ends is told as a shell does', async () => {
    expect((await runner.run(...sh('kill -TERM $$'))).status).toBe(143);
    expect((await runner.run('sleep', ['30'], { timeout: 50 })).status).toBe(137);
  });

  test('has the bare environment, or the one that is given', async () => {
    const [program, args] = ['env', []] as const;
    process.env['PLUMBLINE_TEST_SECRET'] = 'x';
    try {
      const bare = (await runner.run(program, args)).stdout.trim().split('\n').sort();
      expect(bare).toEqual(['LC_ALL=C', expect.stringMatching(/^PATH=.*\/usr\/sbin/)]);
      expect((await runner.run(program, args, { env: { A: '1', B: undefined } })).stdout).toBe('A=1\n');
    } finally {
      delete process.env['PLUMBLINE_TEST_SECRET'];
    }
  });

  test('gets its arguments as they are: no shell in between', async () => {
    const odd = ['$(id)', '`id`', 'a b', '"', "'", '', '*', '~', ';', '\n', 'é', '-x'];
    const { stdout } = await runner.run(...sh('for arg do printf "%s\\0" "$arg"; done', 'sh', ...odd));
    expect(stdout.split('\0').slice(0, -1)).toEqual(odd);
  });

  test('that a tool runs is looked for as the first one is', async () => {
    expect((await runner.run('env', [{ tool: 'sh' }, '-c', 'echo $0'])).stdout).toMatch(/^\/.*\/sh\n$/);
  });

  test('that cannot be started is an error of the system, not a result', async () => {
    const file = join(dir, 'no-program');
    writeFileSync(file, 'x');
    await expect(runner.run(file, [])).rejects.toThrow(/EACCES/);
    chmodSync(file, 0o755);
    await expect(runner.run(join(dir, 'nowhere'), [])).rejects.toThrow(/ENOENT/);
  });

  test('may print megabytes', async () => {
    const { status, stdout } = await runner.run('head', ['-c', '8000000', '/dev/zero']);
    expect([status, stdout.length]).toEqual([0, 8_000_000]);
  });
});

describe('input', () => {
  const long = 'é'.repeat(500_000);

  test.each(['', 'x', 'two\nlines\n', long])('comes on stdin, whole', async (input) => {
    expect((await runner.run('cat', [], { input })).stdout).toBe(input);
  });

  test('comes as a path where an argument says so, and stdin is empty then', async () => {
    const { stdout } = await runner.run(...sh('echo "$1"; cat "$1" -', 'sh', INPUT), { input: long });
    const [path = '', ...rest] = stdout.split('\n');
    expect(path).toMatch(new RegExp(`^/proc/${process.pid}/fd/\\d+$`));
    expect(rest.join('\n')).toBe(long);
    expect(existsSync(path)).toBe(false);
  });

  test('that is not there leaves stdin empty', async () => {
    expect(await runner.run('cat', [])).toMatchObject({ status: 0, stdout: '' });
    expect(await runner.run('cat', [INPUT])).toMatchObject({ status: 0, stdout: '' });
  });

  test('that is not read to its end is no error', async () => {
    for (let round = 0; round < 20; round += 1) {
      expect(await runner.run('true', [], { input: long })).toMatchObject({ status: 0 });
    }
  });

  test('has no name on disk', async () => {
    const { stdout } = await runner.run('ls', ['-A', runDir], { input: long });
    expect(stdout).toBe('');
    expect(readdirSync(runDir)).toEqual([]);
  });

  test('can be read again and again, from its beginning', () => {
    using held = holdText(runDir, 'text');
    expect([readFileSync(held.path, 'utf8'), readFileSync(held.path, 'utf8')]).toEqual(['text', 'text']);
  });
});

describe('a program that runs beside other work', () => {
  test('has been started when the call returns, and is told of with all that it printed', async () => {
    const marker = join(dir, 'started');
    const run = runner.run(...sh('echo out; echo err >&2; : >"$0"; cat; exit 7', marker), {
      input: 'more\n',
      beside: {},
    });
    // Nothing is waited for here: this process is busy, and the program goes on by itself.
    for (const end = Date.now() + 10_000; !existsSync(marker) && Date.now() < end; );
    expect(existsSync(marker)).toBe(true);
    expect(await run).toEqual({ status: 7, stdout: 'out\nmore\n', stderr: 'err\n' });
    expect(readdirSync(runDir)).toEqual([]);
  });

  test('tells of its first output while it runs, and once', async () => {
    const gate = join(dir, 'gate');
    let told = 0;
    const { status } = await runner.run(
      ...sh('echo 1; while [ ! -e "$0" ]; do sleep 0.01; done; echo 2', gate),
      {
        timeout: 10_000,
        beside: {
          onOutput() {
            told += 1;
            // It ends by this alone.
            writeFileSync(gate, '');
          },
        },
      },
    );
    expect([status, told]).toEqual([0, 1]);
  });

  test('that is over at once has told of it', async () => {
    for (let round = 0; round < 10; round += 1) {
      let told = 0;
      const onOutput = (): void => {
        told += 1;
      };
      await runner.run('echo', ['x'], { beside: { onOutput } });
      expect(told).toBe(1);
    }
  });

  test('is looked at seldom where it is long in printing: hundreds of calls may wait at once', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    try {
      await runner.run('sleep', ['0.5'], { beside: { onOutput: () => expect.unreachable() } });
      expect(timers.mock.calls.length).toBeLessThan(40);
    } finally {
      timers.mockRestore();
    }
  });

  test('that prints nothing tells of nothing', async () => {
    let told = 0;
    const beside = {
      onOutput() {
        told += 1;
      },
    };
    expect(await runner.run('true', [], { beside })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(told).toBe(0);
  });

  test('keeps its input and the descriptors that it inherits', async () => {
    using held = holdText(runDir, 'mine');
    const run = runner.run(...sh('sleep 0.05; cat "$0" - <&3', INPUT), {
      input: 'text ',
      inherit: [held.fd],
      beside: {},
    });
    expect(await run).toMatchObject({ status: 0, stdout: 'text mine' });
  });

  test('prints into a file that outlives its caller, so that it goes on where that is killed', async () => {
    const { stdout } = await runner.run(...sh('readlink /proc/$$/fd/1 /proc/$$/fd/2'), { beside: {} });
    const files = stdout.trim().split('\n');
    expect(files).toHaveLength(2);
    for (const file of files) expect(file).toMatch(new RegExp(`^${runDir}/.* \\(deleted\\)$`));
  });

  test('may print more than there is room kept for', async () => {
    const { stdout } = await runner.run('head', ['-c', '100000', '/etc/services', '/proc/cpuinfo'], {
      beside: {},
    });
    expect(stdout).toBe(
      (await runner.run('head', ['-c', '100000', '/etc/services', '/proc/cpuinfo'])).stdout,
    );
    expect((await runner.run(...sh('yes 0123456789 | head -c 99999'), { beside: {} })).stdout).toHaveLength(
      99_999,
    );
  });

  test('is waited for where there is no room, and told of at its end', async () => {
    const file = join(dir, 'no-folder');
    writeFileSync(file, '');
    let told = 0;
    const onOutput = (): void => {
      told += 1;
    };
    const run = realRunner({ searchPath: process.env['PATH'], runDir: file }).run;
    expect(await run(...sh('readlink /proc/$$/fd/1; exit 3'), { beside: { onOutput } })).toMatchObject({
      status: 3,
      stdout: expect.stringMatching(/^(socket|pipe):/),
    });
    expect(told).toBe(0);
  });

  test('may not be there, and may be killed', async () => {
    await expect(runner.run(join(dir, 'nowhere'), [], { beside: {} })).rejects.toThrow(/ENOENT/);
    expect((await runner.run('sleep', ['30'], { timeout: 50, beside: {} })).status).toBe(137);
    expect((await runner.run(...sh('kill -TERM $$'), { beside: {} })).status).toBe(143);
  });
});

test('a child has the descriptors that it inherits, as 3 and up, and no others', async () => {
  using held = holdText(runDir, 'mine');
  expect((await runner.run(...sh('cat <&3'), { inherit: [held.fd] })).stdout).toBe('mine');
  // Whoever started the tests may have left a descriptor open for all.
  const open = async (inherit: readonly number[]): Promise<readonly string[]> =>
    (await runner.run(...sh('ls /proc/$$/fd'), { inherit, input: 'x' })).stdout.trim().split('\n');
  const usual = await open([]);
  expect((await open([held.fd])).filter((fd) => !usual.includes(fd))).toEqual(['3']);
});

test('at debug level every program is told of: words, input, exit status, duration', async () => {
  const told: unknown[] = [];
  const log = {
    level: 'debug',
    log: (_level: string, _message: string, fields?: object) => void told.push(fields),
  } as const;
  await loggingRunner(runner, log).run(
    'env',
    [{ tool: 'sh' }, '-c', 'cat "$0"; echo bad >&2; exit 3', INPUT],
    { input: 'text' },
  );
  expect(told).toEqual([
    {
      program: 'env',
      args: ['sh', '-c', 'cat "$0"; echo bad >&2; exit 3', '<input>'],
      input: 'text',
      status: 3,
      stderr: 'bad\n',
      milliseconds: expect.any(Number),
    },
  ]);
});
