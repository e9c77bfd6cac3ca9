import { describe, expect, test } from 'vitest';
import { serve } from '../../../lib/cni/serve.ts';
import { supportedVersions } from '../../../lib/cni/version.ts';
import { findPlugin } from '../../../plugins/index.ts';
import { vethBridge } from '../../../plugins/veth-bridge/plugin.ts';
import { call, environment, podConfig } from '../../support/calls.ts';
import { recordingHost, sandboxPath, sandboxRef } from '../../support/recording-host.ts';

describe('without a config', () => {
  test('VERSION tells the versions, whatever is on stdin', async () => {
    using host = recordingHost();
    for (const config of ['', '{"cniVersion":"1.1.0"}', 'rubbish']) {
      const { json, exitCode } = await call(host, { command: 'VERSION', config });
      expect(exitCode).toBe(0);
      expect(json).toEqual({ cniVersion: '1.1.0', supportedVersions });
    }
    expect(host.runs).toEqual([]);
  });

  test('no CNI_COMMAND: an about line and the versions on stderr, exit status 0', async () => {
    using host = recordingHost();
    for (const value of [undefined, '']) {
      const { stdout, stderr, exitCode } = await call(host, { command: '', env: { CNI_COMMAND: value } });
      expect([stdout, exitCode]).toEqual(['', 0]);
      expect(stderr.join('\n')).toMatch(
        /^plumbline veth-bridge: .+\nCNI protocol versions supported: 0\.1\.0, .*, 1\.1\.0$/,
      );
    }
  });

  test('a stdin that cannot be read is an error 5', async () => {
    using host = recordingHost();
    const stdin = (): string => {
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' });
    };
    const env = { ...environment(host), CNI_COMMAND: 'ADD' };
    const outcome = await serve(vethBridge, {
      plugins: findPlugin,
      host,
      stdin,
      env,
      stderr: () => undefined,
    });
    expect(outcome).toEqual({ exitCode: 1, stdout: expect.stringMatching(/"code": 5,\n *"msg": "EIO/) });
  });
});

describe('an error', () => {
  test('is JSON with cniVersion, code and msg, exit status 1, no stack trace', async () => {
    using host = recordingHost();
    const config = podConfig(host, { cniVersion: '0.4.0', bridge: 'a b' });
    const { error, exitCode, stdout, stderr } = await call(host, { command: 'ADD', config });
    expect(exitCode).toBe(1);
    expect(error).toEqual({ cniVersion: '0.4.0', code: 7, msg: expect.stringMatching(/^bridge: "a b"/) });
    expect(stdout.endsWith('}\n')).toBe(true);
    expect(stderr).toEqual([]);
  });

  test('has its trace on stderr where logLevel is debug', async () => {
    using host = recordingHost();
    const { stdout, stderr } = await call(host, {
      command: 'ADD',
      config: podConfig(host, { logLevel: 'debug', bridge: 'a b' }),
    });
    expect(stderr.join('\n')).toMatch(/^ {4}at /m);
    expect(stdout).not.toMatch(/^ {4}at /m);
  });

  test('names everything that is missing in the environment', async () => {
    using host = recordingHost();
    const gone = Object.fromEntries(Object.keys(environment(host)).map((name) => [name, undefined]));
    const { error } = await call(host, { command: 'ADD', env: gone });
    expect(error).toMatchObject({
      code: 4,
      msg: expect.stringMatching(/CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME, CNI_PATH/),
    });
    expect(host.runs).toEqual([]);
  });

  test.each([
    ['CHECK', '0.3.1'],
    ['GC', '1.0.0'],
    ['STATUS', '1.0.0'],
  ])('%s of a config of %s is error 1', async (command, cniVersion) => {
    using host = recordingHost();
    const { error } = await call(host, { command, config: podConfig(host, { cniVersion }) });
    expect(error).toMatchObject({ code: 1, msg: expect.stringContaining(command) });
    expect(host.runs).toEqual([]);
  });

  test.each(['foo=1', 'MAC=02:00:00:00:00:05;X=1', 'IgnoreUnknown=maybe', 'IP'])(
    'CNI_ARGS=%s is error 4, before anything is done',
    async (args) => {
      using host = recordingHost();
      for (const command of ['ADD', 'DEL']) {
        expect((await call(host, { command, env: { CNI_ARGS: args } })).error?.code).toBe(4);
      }
      expect(host.runs).toEqual([]);
    },
  );
});

describe('the result of an ADD', () => {
  test.each(supportedVersions)('is printed in the version of the config: %s', async (cniVersion) => {
    using host = recordingHost();
    const { json, error } = await call(host, { command: 'ADD', config: podConfig(host, { cniVersion }) });
    expect(error).toBeUndefined();
    expect(json).toMatchObject(
      cniVersion < '0.3.0'
        ? { cniVersion, ip4: { ip: '10.1.0.2/16' }, ip6: { ip: 'fd00:1::2/64' } }
        : {
            cniVersion,
            ips: [
              { address: '10.1.0.2/16', interface: 2 },
              { address: 'fd00:1::2/64', interface: 2 },
            ],
          },
    );
  });

  test('that its version has no room for is an error, and nothing stays', async () => {
    using host = recordingHost({ answer: twoAddresses });
    const config = podConfig(host, { cniVersion: '0.2.0', ipam: { type: 'ipam-other' } });
    const { error } = await call(host, { command: 'ADD', config });
    expect(error).toMatchObject({ code: 1, msg: expect.stringContaining('raise cniVersion') });
    expect(host.machine.links().map(({ ifname }) => ifname)).toEqual(['cni0']);
    expect(host.machine.links(sandboxRef)).toEqual([]);
    expect(commandsOf(host)).toEqual(['ADD', 'DEL']);
  });

  test.each(supportedVersions.filter((version) => version >= '0.4.0'))(
    'comes back as prevResult on CHECK and DEL of %s',
    async (cniVersion) => {
      using host = recordingHost();
      const config = podConfig(host, { cniVersion });
      const prevResult = (await call(host, { command: 'ADD', config })).json;
      expect(await call(host, { command: 'CHECK', config: { ...config, prevResult } })).toMatchObject({
        exitCode: 0,
        stdout: '',
      });
      expect(await call(host, { command: 'DEL', config: { ...config, prevResult } })).toMatchObject({
        exitCode: 0,
        stdout: '',
      });
      expect(host.machine.links(sandboxRef)).toEqual([]);
      const { error } = await call(host, { command: 'CHECK', config: { ...config, prevResult } });
      expect(error).toMatchObject({
        code: 104,
        msg: expect.stringMatching(/eth0 in \/run\/netns\/blue is gone/),
      });
    },
  );
});

describe('a namespace that is the host\u2019s own', () => {
  const own = '/proc/self/ns/net';

  test.each(['ADD', 'CHECK', 'DEL'])(
    '%s is refused with error 8 before anything is done',
    async (command) => {
      using host = recordingHost();
      for (const plugin of ['veth-bridge', 'host-local']) {
        const { error } = await call(host, { command, plugin, env: { CNI_NETNS: own } });
        expect(error).toMatchObject({ code: 8, msg: expect.stringContaining(own) });
      }
      expect(host.runs).toEqual([]);
    },
  );

  test.each(['1', 'true', 'TRUE'])('is taken where CNI_NETNS_OVERRIDE is %s', async (override) => {
    using host = recordingHost();
    const env = { CNI_NETNS: own, CNI_NETNS_OVERRIDE: override };
    expect(await call(host, { command: 'ADD', env })).toMatchObject({ exitCode: 0 });
    expect(await call(host, { command: 'DEL', env })).toMatchObject({ exitCode: 0 });
  });

  test('does not matter to GC and STATUS', async () => {
    using host = recordingHost();
    for (const command of ['GC', 'STATUS']) {
      expect(await call(host, { command, env: { CNI_NETNS: own } })).toMatchObject({ exitCode: 0 });
    }
  });

  test.each([
    '/run/netns/nowhere',
    '/etc/passwd',
    '/proc/self/ns/mnt',
    '/dev/null',
    '/tmp',
    'a\0b',
    '../blue',
  ])('%j is no namespace: error 8 on ADD and CHECK, and gone on DEL', async (path) => {
    using host = recordingHost();
    const env = { CNI_NETNS: path };
    for (const command of ['ADD', 'CHECK']) {
      expect((await call(host, { command, env })).error).toMatchObject({
        code: 8,
        msg: expect.stringContaining('CNI_NETNS'),
      });
    }
    expect(host.runs).toEqual([]);
    expect(await call(host, { command: 'DEL', env })).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await call(host, { command: 'DEL', env: { CNI_NETNS: '' } })).toMatchObject({
      exitCode: 0,
      stdout: '',
    });
  });
});

describe('GC', () => {
  const valid = 'cni.dev/valid-attachments';

  test.each([
    ['a missing list', {}],
    ['null', { [valid]: null }],
    ['an empty list', { [valid]: [] }],
  ])('takes %s for: none is valid', async (_what, more) => {
    using host = recordingHost();
    await call(host, { command: 'ADD' });
    expect(host.machine.links().map(({ kind }) => kind)).toEqual(['bridge', 'veth']);
    const { error } = await call(host, { command: 'GC', config: podConfig(host, more) });
    expect(error).toBeUndefined();
    expect(host.machine.links().map(({ kind }) => kind)).toEqual(['bridge']);
  });

  test('leaves what is in the list, and what is another network\u2019s', async () => {
    using host = recordingHost({ sandboxes: [sandboxPath, '/run/netns/red', '/run/netns/green'] });
    await call(host, { command: 'ADD' });
    await call(host, { command: 'ADD', env: { CNI_CONTAINERID: 'c2', CNI_NETNS: '/run/netns/red' } });
    const other = podConfig(host, { name: 'other' });
    await call(host, { command: 'ADD', config: other, env: { CNI_NETNS: '/run/netns/green' } });
    const config = podConfig(host, { [valid]: [{ containerID: 'c1', ifname: 'eth0' }] });
    await call(host, { command: 'GC', config });
    const left = host.machine.links().flatMap(({ ifalias }) => ifalias?.replace(/^[^:]*:[^:]*:/, '') ?? []);
    expect(left).toEqual(['pods/c1/eth0', 'other/c1/eth0']);
  });

  test('goes on after an error and tells all of them', async () => {
    using host = recordingHost({
      answer: ({ program, args }) =>
        program === 'nft' && args.includes('chains') ? { status: 1, stderr: 'Error: boom' } : undefined,
    });
    await call(host, { command: 'ADD' });
    const { error } = await call(host, { command: 'GC' });
    expect(error).toMatchObject({ code: 101, msg: expect.stringContaining('boom') });
    const { result } = await call(host, { command: 'ADD' });
    expect(result).toBeDefined();
  });
});

test('calls at once in one process do not know of each other', async () => {
  const sandboxes = Array.from({ length: 20 }, (_, index) => `/run/netns/n${index}`);
  using host = recordingHost({ sandboxes });
  using elsewhere = recordingHost({ sandboxes });
  const callsOn = async (on: typeof host, command: string) =>
    Promise.all(
      sandboxes.map((path, index) =>
        call(on, {
          command,
          config: podConfig(on, {
            cniVersion: supportedVersions[index % 7],
            logLevel: index % 2 ? 'info' : 'error',
          }),
          env: { CNI_NETNS: path, CNI_CONTAINERID: `c${index}` },
        }),
      ),
    );
  const [here, there] = await Promise.all([callsOn(host, 'ADD'), callsOn(elsewhere, 'ADD')]);
  for (const answers of [here, there]) {
    expect(answers.map(({ exitCode }) => exitCode)).toEqual(sandboxes.map(() => 0));
    const addresses = answers.map(({ result }) => result?.ip4?.ip ?? result?.ips?.[0]?.address);
    expect(new Set(addresses).size).toBe(20);
    expect(answers.map(({ result }) => result?.cniVersion)).toEqual(
      sandboxes.map((_, index) => supportedVersions[index % 7]),
    );
    for (const [index, { stderr }] of answers.entries()) {
      expect(stderr.every((line) => line.includes(`"containerId":"c${index}"`))).toBe(true);
      expect(stderr.length > 0).toBe(index % 2 === 1);
    }
  }
  expect((await callsOn(host, 'DEL')).map(({ exitCode }) => exitCode)).toEqual(sandboxes.map(() => 0));
  expect(host.machine.links().map(({ ifname }) => ifname)).toEqual(['cni0']);
  expect(elsewhere.machine.links()).toHaveLength(21);
});

/** An IPAM plugin with two addresses of one family. */
function twoAddresses({ program, options }: { program: string; options: { env?: object } }) {
  const command = options.env && 'CNI_COMMAND' in options.env ? options.env.CNI_COMMAND : undefined;
  if (!program.endsWith('flock') && !program.endsWith('ipam-other')) return undefined;
  return command === 'ADD'
    ? { stdout: '{"ips":[{"address":"10.2.0.2/24"},{"address":"10.2.0.3/24"}]}' }
    : undefined;
}

/** What the executed delegate was told to do. */
function commandsOf(host: ReturnType<typeof recordingHost>): readonly unknown[] {
  return host.runs.flatMap(({ options }) => options.env?.['CNI_COMMAND'] ?? []);
}
