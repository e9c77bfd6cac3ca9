import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernel, Netns } from '../../../lib/exec/host.ts';
import { INPUT, type Runner, type RunResult } from '../../../lib/exec/runner.ts';
import { type IpError, ipBatch, ipInSandbox, isIpError } from '../../../lib/ip/batch.ts';
import { batchText, type Command } from '../../../lib/ip/command.ts';
import { cutAsIpDoes } from '../../support/recording/words.ts';
import { type RecordingHost, recordingHost } from '../../support/recording-host.ts';

const sandbox: Netns = {
  path: '/run/netns/blue',
  ref: '/proc/7/fd/9',
  fd: 9,
  id: '4:7',
  [Symbol.dispose]: () => undefined,
};
const commands: readonly Command[] = [
  ['link', 'set', 'dev', 'eth0', 'up'],
  ['address', 'show', 'dev', 'eth0'],
];

/** What ipBatch makes of ip's answer. */
async function failure(answer: Partial<RunResult>, inside = false): Promise<IpError> {
  using host = recordingHost({ answer: () => answer });
  const work = inside ? ipInSandbox(host, sandbox, commands) : ipBatch(host, commands);
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: IpError) => error,
  );
}

describe('the text of a batch', () => {
  /** Words in which what means something to ip, to a shell or to a terminal is frequent. */
  const letter = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...'abc0.:/-_=+@%*{}$;&|<>()`~!?,') },
    { weight: 1, arbitrary: fc.constantFrom(...' \t\r\n\v\f"\'#\\\0\u007f\u0085\u00a0\u2028\ufeff') },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  );
  const anyWord = fc.array(letter, { maxLength: 8 }).map((letters) => letters.join(''));
  const safeWord = fc.stringMatching(/^[a-z0-9.:/@%*{}$;&|<>()`=-]{1,12}$/);

  test('that is accepted is cut by ip into the same words', () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.oneof(anyWord, safeWord), { minLength: 1, maxLength: 6 }), { maxLength: 4 }),
        (lists) => {
          const text = tryBatch(lists);
          if (text === undefined) return;
          accepted += 1;
          expect(cutAsIpDoes(text)).toEqual(lists);
        },
      ),
      { numRuns: 5000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });

  test('takes every list of safe words', () => {
    fc.assert(
      fc.property(fc.array(fc.array(safeWord, { minLength: 1 }), { minLength: 1 }), (lists) => {
        expect(cutAsIpDoes(batchText(lists))).toEqual(lists);
      }),
    );
  });

  test('refuses a word with anything unsafe in it, wherever it stands', () => {
    const unsafe = fc.constantFrom(...' \t\r\n\v\f"\'#\\\0\u001b\u007f\u0085\u009f\u00a0\u2003\u2028\ufeff');
    fc.assert(
      fc.property(safeWord, unsafe, safeWord, fc.nat({ max: 2 }), (before, bad, after, at) => {
        const word = [`${bad}${after}`, `${before}${bad}${after}`, `${before}${bad}`][at] ?? bad;
        expect(() => batchText([['link', 'show', 'dev', word]])).toThrow(
          expect.objectContaining({ code: 7, message: expect.stringContaining('cannot be passed on') }),
        );
      }),
    );
    expect(() => batchText([['link', '']])).toThrow(expect.objectContaining({ code: 7 }));
  });

  test('is checked before anything runs', async () => {
    using host = recordingHost();
    const evil = [['link', 'show', 'dev', 'eth0\nlink delete dev eth1']];
    await expect(ipBatch(host, evil)).rejects.toThrow(expect.objectContaining({ code: 7 }));
    await expect(ipInSandbox(host, sandbox, evil)).rejects.toThrow(expect.objectContaining({ code: 7 }));
    expect(host.runs).toEqual([]);
  });
});

describe('ip\u2019s own rules, as the tests know them', () => {
  test.each<readonly [string, readonly (readonly string[])[]]>([
    ['a b\nc\n', [['a', 'b'], ['c']]],
    ['  a\t b \r\n\n', [['a', 'b']]],
    ['a # b\nc', [['a'], ['c']]],
    ['a"b c" d\n', [['a"b', 'c"', 'd']]],
    ['a "b c" \'d "e\'\n', [['a', 'b c', 'd "e']]],
    ['a \\\nb\nc\n', [['a', 'b'], ['c']]],
    ['a\0b\nc\n', [['a'], ['c']]],
  ])('%j', (text, words) => expect(cutAsIpDoes(text)).toEqual(words));
  test('a quote without its end', () => expect(() => cutAsIpDoes('a "b\n')).toThrow(/Unterminated/));
});

describe('a batch', () => {
  test('is one child that reads a file of ours, and gives back what the reads print', async () => {
    using host = recordingHost({ answer: () => ({ stdout: '[{"ifname":"eth0"}]\n\n[]\n' }) });
    expect(await ipBatch(host, commands)).toEqual([[{ ifname: 'eth0' }], []]);
    expect(host.runs).toMatchObject([
      {
        program: 'ip',
        args: ['-details', '-json', '-batch', INPUT],
        options: { input: 'link set dev eth0 up\naddress show dev eth0\n' },
      },
    ]);
  });

  test('takes its lock in the same child', async () => {
    using host = recordingHost();
    const lock = `${host.runDir}/locks/ab`;
    await ipBatch(host, commands, { lock, force: true, program: 'bridge' });
    expect(host.runs[0]).toMatchObject({
      program: 'flock',
      args: [
        '--no-fork',
        '--exclusive',
        '--wait',
        '60',
        '--conflict-exit-code',
        '73',
        lock,
        { tool: 'bridge' },
        '-json',
        '-force',
        '-batch',
        INPUT,
      ],
    });
  });

  test('whose lock is not to be had is error 11, that names the lock', async () => {
    using host = recordingHost({ answer: () => ({ status: 73 }) });
    const lock = `${host.runDir}/locks/ab`;
    await expect(ipBatch(host, commands, { lock })).rejects.toThrow(
      expect.objectContaining({ code: 11, message: expect.stringContaining(lock) }),
    );
  });

  test('that is forced goes on, and gives back what could be read', async () => {
    using host = recordingHost({
      answer: () => ({ status: 1, stdout: '[]\n', stderr: 'Cannot find device "x"\nCommand failed -:1\n' }),
    });
    expect(await ipBatch(host, commands, { force: true })).toEqual([[]]);
  });

  test('in a sandbox is one child: settings, then the batch', async () => {
    using host = recordingHost({ answer: () => ({}) });
    await ipInSandbox(host, sandbox, commands, { sysctls: [['ipv4/conf/eth0/arp_notify', '1']] });
    expect(host.typedRuns()).toMatchObject([
      {
        program: 'ip',
        sandbox: { ref: '/proc/7/fd/9', settings: ['ipv4/conf/eth0/arp_notify=1'] },
        action: { kind: 'ip' },
      },
    ]);
    expect(host.runs[0]?.options.input).toBe('link set dev eth0 up\naddress show dev eth0\n');
  });
});

describe('in a sandbox that the runtime enters itself', () => {
  const setting = ['ipv4/conf/eth0/arp_notify', '1'] as const;
  const missing = ['ipv6/conf/eth0/ndisc_notify', '1'] as const;
  /** A host whose runtime does so; what it does there is noted. */
  const entering = (host: RecordingHost, mayWrite = true) => {
    const done: string[] = [];
    let isInside = false;
    const note = (what: string): void => void done.push(`${isInside ? 'inside' : 'outside'}: ${what}`);
    const within = <Result>(namespace: number, work: () => Result): Result => {
      done.push(`enters ${namespace}`);
      isInside = true;
      try {
        return work();
      } finally {
        isInside = false;
      }
    };
    const run: Runner['run'] = (program, ...rest) => {
      note(program);
      return host.runner.run(program, ...rest);
    };
    const kernel: Kernel = {
      ...host.kernel,
      exists: (path) => !path.includes('ndisc_notify'),
      write: (path, value) => {
        if (!mayWrite) throw new Error('read-only');
        note(`${path}=${value}`);
      },
    };
    return { done, host: { ...host, kernel, runner: { ...host.runner, run, within } } };
  };

  test('settings that are there are made, and ip is all that runs', async () => {
    using recording = recordingHost({ answer: () => ({ stdout: '[]\n' }) });
    const { host, done } = entering(recording);
    expect(await ipInSandbox(host, sandbox, commands, { sysctls: [setting, missing] })).toEqual([[]]);
    expect(done).toEqual(['enters 9', 'inside: /proc/sys/net/ipv4/conf/eth0/arp_notify=1', 'inside: ip']);
    expect(recording.runs).toMatchObject([
      { program: 'ip', args: ['-details', '-json', '-batch', '-'], options: { input: expect.any(String) } },
    ]);
  });

  test('a failure is told as that of a child that enters', async () => {
    const stderr = 'RTNETLINK answers: File exists\nCommand failed -:1\n';
    using recording = recordingHost({ answer: () => ({ status: 1, stderr }) });
    await expect(ipInSandbox(entering(recording).host, sandbox, commands)).rejects.toThrow(
      /^"nsenter --net=\/run\/netns\/blue ip link set dev eth0 up" failed: RTNETLINK answers: File exists$/,
    );
  });

  test('a setting that is refused is left to a child, which says so', async () => {
    using recording = recordingHost({ answer: () => ({}) });
    const { host, done } = entering(recording, false);
    await ipInSandbox(host, sandbox, commands, { sysctls: [setting] });
    expect(done).toEqual(['enters 9', 'outside: nsenter']);
  });

  test('whoever has to wait for a lock does so outside', async () => {
    using recording = recordingHost({ answer: () => ({}) });
    const { host, done } = entering(recording);
    const lock = `${host.runDir}/locks/ab`;
    let isFree = false;
    const locking = { ...host, runner: { ...host.runner, tryLock: () => isFree } };
    await ipInSandbox(locking, sandbox, commands, { lock });
    expect(done).toEqual(['outside: flock']);
    isFree = true;
    await ipInSandbox(locking, sandbox, commands, { lock });
    expect(done.slice(1)).toEqual(['enters 9', 'inside: ip']);
  });

  test('one that it cannot enter is, too', async () => {
    using recording = recordingHost({ answer: () => ({}) });
    const host = { ...recording, runner: { ...recording.runner, within: () => undefined } };
    await ipInSandbox(host, sandbox, commands);
    expect(recording.runs).toMatchObject([{ program: 'nsenter' }]);
  });
});

describe('ip\u2019s words are told, with the command that failed', () => {
  test.each<readonly [string, 'exists' | 'missing' | 'busy' | 'invalid', number, RegExp]>([
    [
      'RTNETLINK answers: File exists\nCommand failed /proc/9/fd/5:1\n',
      'exists',
      0,
      /^"ip link set dev eth0 up" failed: RTNETLINK answers: File exists$/,
    ],
    [
      'Cannot find device "eth0"\nCommand failed -:2\n',
      'missing',
      1,
      /^"ip address show dev eth0" failed: Cannot find device "eth0"$/,
    ],
    ['Error: Device or resource busy.\nCommand failed -:1\n', 'busy', 0, /Device or resource busy/],
    ['RTNETLINK answers: Invalid argument\nCommand failed -:1\n', 'invalid', 0, /Invalid argument/],
    ['Device "eth0" does not exist.\nCommand failed -:2\n', 'missing', 1, /does not exist/],
    ['RTNETLINK answers: No such process\nCommand failed -:2\n', 'missing', 1, /No such process/],
    ['Error: ipv4: Address already assigned.\nCommand failed -:1\n', 'exists', 0, /already assigned/],
  ])('%j', async (stderr, reason, failed, message) => {
    const error = await failure({ status: 1, stderr });
    expect(error).toMatchObject({ code: 101, failed, message: expect.stringMatching(message) });
    expect(error.details).toContain(commands[failed]?.join(' '));
    for (const other of ['exists', 'missing', 'busy', 'invalid'] as const) {
      expect(isIpError(error, other)).toBe(other === reason);
    }
  });

  test('where no line is named, none is blamed', async () => {
    expect(await failure({ status: 1, stderr: 'Option "-batch" is unknown\n' })).toMatchObject({
      failed: -1,
      message: '"ip -batch" failed: Option "-batch" is unknown',
    });
    expect(await failure({ status: 137 })).toMatchObject({ message: '"ip -batch" failed: exit status 137' });
  });

  test('several lines of it as one', async () => {
    const stderr = 'Error: one.\nError: two.\nCommand failed -:1\n';
    expect(await failure({ status: 1, stderr })).toMatchObject({ reason: 'Error: one.; Error: two.' });
  });

  test('of a sandbox with its path', async () => {
    const error = await failure(
      { status: 1, stderr: 'RTNETLINK answers: File exists\nCommand failed -:1\n' },
      true,
    );
    expect(error).toMatchObject({
      code: 101,
      message:
        '"nsenter --net=/run/netns/blue ip link set dev eth0 up" failed: RTNETLINK answers: File exists',
    });
  });

  test('a sandbox that cannot be entered is error 8', async () => {
    const error = await failure(
      { status: 1, stderr: "nsenter: reassociate to namespace 'ns/net' failed: Invalid argument\n" },
      true,
    );
    expect(error).toMatchObject({
      code: 8,
      message: expect.stringMatching(/\/run\/netns\/blue cannot be entered: .*Invalid argument/),
    });
  });

  test('another error is none of ip\u2019s', () => {
    expect(isIpError(new Error('RTNETLINK answers: File exists'), 'exists')).toBe(false);
  });
});

function tryBatch(lists: readonly Command[]): string | undefined {
  try {
    return batchText(lists);
  } catch (error) {
    expect(error).toMatchObject({ code: 7 });
    return undefined;
  }
}
