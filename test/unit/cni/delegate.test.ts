import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../../lib/exec/runner.ts';
import { call, podConfig } from '../../support/calls.ts';
import {
  type RecordedRun,
  type RecordingHost,
  recordingHost,
  sandboxRef,
} from '../../support/recording-host.ts';

/** What an executed delegate answers, by command. */
type Answers = Readonly<Record<string, Partial<RunResult>>>;

const isDelegate = ({ options }: RecordedRun): boolean => options.env?.['CNI_COMMAND'] !== undefined;
const answering = (answers: Answers) => (run: RecordedRun) =>
  answers[String(run.options.env?.['CNI_COMMAND'])];
const delegateRuns = (host: RecordingHost): readonly RecordedRun[] => host.runs.filter(isDelegate);
const commandsOf = (host: RecordingHost): readonly unknown[] =>
  delegateRuns(host).map(({ options }) => options.env?.['CNI_COMMAND']);
const other = { ipam: { type: 'ipam-other', extra: [1, null] } };
const oneAddress = { stdout: '{"cniVersion":"1.1.0","ips":[{"address":"10.9.0.2/24"}]}' };
const failing = {
  status: 1,
  stdout: '{"cniVersion":"1.1.0","code":112,"msg":"no lease","details":"three tries"}',
};
const reserved = (host: RecordingHost): readonly string[] =>
  existsSync(join(host.dataDir, 'pods'))
    ? readdirSync(join(host.dataDir, 'pods')).filter((name) => /^(10\.|fd)/.test(name))
    : [];

describe('a delegate that is this very executable', () => {
  test('is called in process, for all commands', async () => {
    using host = recordingHost();
    const prevResult = (await call(host, { command: 'ADD' })).result;
    expect(reserved(host)).toEqual(['10.1.0.2', 'fd00:1::2']);
    for (const command of ['CHECK', 'STATUS', 'GC', 'DEL']) {
      expect(await call(host, { command, config: podConfig(host, { prevResult }) })).toMatchObject({
        exitCode: 0,
      });
    }
    expect(delegateRuns(host)).toEqual([]);
    expect(reserved(host)).toEqual([]);
  });

  test('passes its errors on with code and words', async () => {
    using host = recordingHost();
    const ipam = { type: 'host-local', dataDir: host.dataDir, subnet: '10.1.0.1/24' };
    const { error } = await call(host, { command: 'ADD', config: podConfig(host, { ipam }) });
    expect(error).toMatchObject({
      code: 7,
      msg: expect.stringMatching(/ipam\.subnet: .* has host bits set; write 10\.1\.0\.0\/24/),
    });
  });

  test('must be an IPAM plugin', async () => {
    using host = recordingHost();
    writeFileSync(join(host.binDir, 'veth-bridge'), '');
    // The same file under the name of an interface plugin.
    const same = { ...host, executable: join(host.binDir, 'veth-bridge') };
    const { error } = await call(same, {
      command: 'ADD',
      config: podConfig(host, { ipam: { type: 'veth-bridge' } }),
    });
    expect(error).toMatchObject({ code: 7, msg: expect.stringMatching(/"veth-bridge" is no IPAM plugin/) });
  });
});

describe('any other delegate', () => {
  test('is executed with the same stdin and environment', async () => {
    using host = recordingHost({ answer: answering({ ADD: oneAddress }) });
    const config = JSON.stringify(podConfig(host, { ...other, odd: '\u2028"' }), undefined, 3);
    const env = { CNI_ARGS: 'K8S_POD_NAME=a', HTTP_PROXY: 'x', PATH: '/bin' };
    const { error, result } = await call(host, { command: 'ADD', config, env });
    expect(error).toBeUndefined();
    expect(result?.ips).toEqual([{ address: '10.9.0.2/24', interface: 2, gateway: '10.9.0.1' }]);
    const [run] = delegateRuns(host);
    expect(run?.options).toEqual({
      input: config,
      env: {
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: 'c1',
        CNI_NETNS: '/run/netns/blue',
        CNI_IFNAME: 'eth0',
        CNI_PATH: host.binDir,
        ...env,
      },
    });
    expect(host.typedRuns().find(({ action }) => action.kind === 'delegate')?.program).toBe(
      join(host.binDir, 'ipam-other'),
    );
  });

  test('runs ADD and DEL under a lock of their own: one waits for the other, and nobody else', async () => {
    using host = recordingHost({ answer: answering({ ADD: oneAddress }) });
    for (const command of ['ADD', 'DEL']) await call(host, { command, config: podConfig(host, other) });
    const locksOf = (kind: string): readonly (string | undefined)[] =>
      host
        .typedRuns()
        .filter(({ action }) => action.kind === kind)
        .map(({ lock }) => lock);
    const [ofAdd, ofDel] = locksOf('delegate');
    expect(ofAdd).toMatch(/locks\/delegate-/);
    expect(ofDel).toBe(ofAdd);
    expect(locksOf('nft')).not.toContain(ofAdd);
  });

  test.each([
    ['CHECK', 'CHECK'],
    ['DEL', 'DEL'],
    ['GC', 'GC'],
    ['STATUS', 'STATUS'],
  ])('is told of %s', async (command, told) => {
    using host = recordingHost({ answer: answering({ ADD: oneAddress }) });
    const config = podConfig(host, other);
    const prevResult = (await call(host, { command: 'ADD', config })).result;
    expect(await call(host, { command, config: { ...config, prevResult } })).toMatchObject({ exitCode: 0 });
    expect(commandsOf(host)).toEqual(['ADD', told]);
  });

  test('is told of DEL where the namespace is gone and nothing is known', async () => {
    using host = recordingHost();
    await call(host, { command: 'DEL', config: podConfig(host, other), env: { CNI_NETNS: '' } });
    expect(commandsOf(host)).toEqual(['DEL']);
  });

  test.each(['ADD', 'DEL', 'GC', 'STATUS'])('has its error passed on: %s', async (command) => {
    using host = recordingHost({ answer: answering({ [command]: failing }) });
    const { error } = await call(host, { command, config: podConfig(host, other) });
    expect(error).toMatchObject({ code: 112, msg: 'ipam-other: no lease', details: 'three tries' });
  });

  test('has its error told by CHECK among the other faults', async () => {
    using host = recordingHost({ answer: answering({ ADD: oneAddress, CHECK: failing }) });
    const config = podConfig(host, other);
    const prevResult = (await call(host, { command: 'ADD', config })).result;
    const { error } = await call(host, { command: 'CHECK', config: { ...config, prevResult } });
    expect(error).toMatchObject({ code: 104, msg: expect.stringContaining('ipam-other: no lease') });
  });

  test.each<readonly [string, Partial<RunResult>, number, RegExp]>([
    [
      'fails without JSON',
      { status: 3, stdout: 'oops', stderr: 'panic: x' },
      101,
      /ipam-other failed with exit status 3/,
    ],
    ['fails with other JSON', { status: 1, stdout: '{"code":"7"}' }, 101, /exit status 1/],
    ['prints nothing', {}, 6, /the result of ipam-other is not valid JSON/],
    ['prints no object', { stdout: '[]' }, 6, /the result of ipam-other must be a JSON object/],
    ['prints no address', { stdout: '{}' }, 6, /"ipam-other": the plugin answered with no address/],
    [
      'prints what is no address',
      { stdout: '{"ips":[{"address":"10.9.0.2"}]}' },
      6,
      /"10\.9\.0\.2", which is no address/,
    ],
    [
      'prints a gateway that is none',
      { stdout: '{"ips":[{"address":"10.9.0.2/24","gateway":"x"}]}' },
      6,
      /"x", which is no address/,
    ],
    [
      'mixes families',
      { stdout: '{"ips":[{"address":"10.9.0.2/24","gateway":"fd00::1"}]}' },
      6,
      /10\.9\.0\.2\/24 and a gateway of the other family/,
    ],
    [
      'prints a route that is none',
      { stdout: '{"ips":[{"address":"10.9.0.2/24"}],"routes":[{"dst":"x"}]}' },
      6,
      /"x", which is no address/,
    ],
    ['does not get the lock', { status: 73 }, 11, /has held the lock/],
  ])('that %s is an error, and its DEL follows', async (_what, answer, code, message) => {
    using host = recordingHost({ answer: answering({ ADD: answer }) });
    const { error } = await call(host, { command: 'ADD', config: podConfig(host, other) });
    expect(error).toMatchObject({ code, msg: expect.stringMatching(message) });
    expect(commandsOf(host)).toEqual(['ADD', 'DEL']);
    expect(host.machine.links(sandboxRef)).toEqual([]);
  });
});

describe('after an ADD that failed', () => {
  const nftFails = ({ program, args }: RecordedRun): Partial<RunResult> | undefined =>
    program === 'nft' || args.some((arg) => typeof arg === 'object' && arg.tool === 'nft')
      ? { status: 1, stderr: 'Error: Could not process rule: Operation not supported' }
      : undefined;

  test('later than IPAM, the delegate\u2019s DEL gives the address back', async () => {
    using host = recordingHost({ answer: nftFails });
    const { error } = await call(host, { command: 'ADD' });
    expect(error).toMatchObject({ code: 101, msg: expect.stringContaining('Operation not supported') });
    expect(reserved(host)).toEqual([]);
    expect(host.machine.links().map(({ ifname }) => ifname)).toEqual(['cni0']);
  });

  test('the same with an executed one, once', async () => {
    const answers = answering({ ADD: oneAddress });
    using host = recordingHost({ answer: (run) => answers(run) ?? nftFails(run) });
    expect((await call(host, { command: 'ADD', config: podConfig(host, other) })).error?.code).toBe(101);
    expect(commandsOf(host)).toEqual(['ADD', 'DEL']);
  });

  test('last made is first undone: rules, address, link', async () => {
    const answers = answering({ ADD: oneAddress });
    // What is done inside the sandbox fails, after all else.
    using host = recordingHost({
      answer: (run, typed) =>
        answers(run) ??
        (typed?.sandbox ? { status: 1, stderr: 'RTNETLINK answers: Boom\nCommand failed -:2\n' } : undefined),
    });
    const { error } = await call(host, { command: 'ADD', config: podConfig(host, other) });
    expect(error).toMatchObject({
      code: 101,
      msg: expect.stringMatching(/address add 10\.9\.0\.2\/24 .*Boom/),
    });
    const told = host.typedRuns().map(({ action, sandbox }, index) => {
      const [line = ''] = (host.runs[index]?.options.input ?? '').split('\n');
      if (action.kind === 'delegate') return String(host.runs[index]?.options.env?.['CNI_COMMAND']);
      return sandbox ? 'inside' : line.split(' ').slice(0, 2).join(' ');
    });
    expect(told.slice(told.indexOf('inside') + 1).filter((what) => what !== '')).toEqual([
      'delete element',
      'DEL',
      'link delete',
    ]);
    expect(host.machine.links().map(({ ifname }) => ifname)).toEqual(['cni0']);
  });

  test('because the attachment is there already, the delegate hears nothing and all stays as it was', async () => {
    using host = recordingHost();
    await call(host, { command: 'ADD' });
    const before = {
      links: host.machine.links(),
      inside: host.machine.links(sandboxRef),
      reserved: reserved(host),
    };
    const { error } = await call(host, { command: 'ADD' });
    expect(error).toMatchObject({ code: 102, msg: expect.stringMatching(/container c1 has eth0 .*already/) });
    expect({
      links: host.machine.links(),
      inside: host.machine.links(sandboxRef),
      reserved: reserved(host),
    }).toEqual(before);
  });

  test('because the name is taken in the sandbox, the delegate hears nothing either', async () => {
    using host = recordingHost();
    await call(host, { command: 'ADD' });
    const { error } = await call(host, {
      command: 'ADD',
      config: podConfig(host, { name: 'second', ...other }),
    });
    expect(error).toMatchObject({
      code: 102,
      msg: expect.stringMatching(/"eth0" exists in \/run\/netns\/blue/),
    });
    expect(commandsOf(host)).toEqual([]);
    expect(host.machine.link('eth0', sandboxRef)?.ifalias).toContain('pods/c1/eth0');
  });
});

describe('the search in CNI_PATH', () => {
  const search = async (host: RecordingHost, path: string, type = 'ipam-other') =>
    call(host, { command: 'ADD', config: podConfig(host, { ipam: { type } }), env: { CNI_PATH: path } });

  test('takes the first file of the name and passes over folders that cannot be looked into', async () => {
    using host = recordingHost({ answer: answering({ ADD: oneAddress }) });
    const blocked = join(host.dir, 'blocked');
    mkdirSync(join(host.dir, 'a', 'ipam-other'), { recursive: true });
    mkdirSync(blocked);
    chmodSync(blocked, 0);
    const path = [
      join(host.dir, 'a'),
      '/nowhere',
      '',
      blocked,
      `/${'x'.repeat(5000)}`,
      '/etc/passwd',
      host.binDir,
      '/bin',
    ].join(':');
    expect(await search(host, path)).toMatchObject({ exitCode: 0 });
    expect(host.typedRuns().find(({ action }) => action.kind === 'delegate')?.program).toBe(
      join(host.binDir, 'ipam-other'),
    );
  });

  test.each(['nowhere', 'no such', '$(id)', '-x', 'x'.repeat(255), '\u{1F4A9}'])(
    'tells where %j was looked for: error 7',
    async (type) => {
      using host = recordingHost();
      const { error } = await search(host, '/nowhere:/nothing', type);
      expect(error).toMatchObject({
        code: 7,
        msg: expect.stringMatching(/^ipam\.type: .* not in CNI_PATH \("\/nowhere:\/nothing"\)/),
      });
    },
  );

  test.each(['../ipam-other', '/bin/sh', 'a/b', '..', '.', 'a\0b', 'a\\b', 'x'.repeat(256)])(
    '%j leaves it: error 7, before anything is done',
    async (type) => {
      using host = recordingHost();
      expect((await search(host, host.binDir, type)).error).toMatchObject({
        code: 7,
        msg: expect.stringMatching(/^ipam\.type: /),
      });
      expect(host.runs).toEqual([]);
    },
  );
});
