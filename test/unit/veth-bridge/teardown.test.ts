/** DEL of veth-bridge where something happens in the middle of it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { Runner } from '../../../lib/exec/runner.ts';
import { call, podConfig } from '../../support/calls.ts';
import { type RecordedRun, type RecordingHost, recordingHost } from '../../support/recording-host.ts';

const port = { ifname: 'veth82390d55', address: '02:00:00:00:00:05', master: 'cni0' };
/** What the runtime keeps of a pod that the reference plugin has made. */
const prevResult = {
  cniVersion: '1.0.0',
  interfaces: [
    { name: 'cni0', mac: '02:00:00:00:00:01' },
    { name: port.ifname, mac: port.address },
    { name: 'eth0', mac: '02:00:00:00:00:06', sandbox: '/run/netns/gone' },
  ],
  ips: [],
};

/** @param words of ip where that very port is to be deleted */
async function deleteForeign(words: string): Promise<{ code: number | undefined; asked: boolean }> {
  let asked = false;
  using host = recordingHost({
    answer: ({ options: { input = '' } }) => {
      if (!input.includes(`link delete dev ${port.ifname}`)) return undefined;
      asked = true;
      return { status: 1, stderr: `${words}\nCommand failed -:1\n` };
    },
  });
  host.machine.put({ ifname: 'cni0', address: '02:00:00:00:00:01', kind: 'bridge' });
  host.machine.put({ ...port, kind: 'veth' });
  const config = podConfig(host, { cniVersion: '1.0.0', bridge: 'cni0', prevResult });
  const { error } = await call(host, {
    command: 'DEL',
    plugin: 'veth-bridge',
    config,
    env: { CNI_NETNS: '' },
  });
  return { code: error?.code, asked };
}

describe('the rules go while the kernel takes the link apart', () => {
  const attached = async (host: RecordingHost): Promise<object> => {
    const config = podConfig(host, { cniVersion: '1.0.0', bridge: 'cni0', ipMasq: true });
    const { result } = await call(host, { command: 'ADD', plugin: 'veth-bridge', config });
    return { ...config, prevResult: result };
  };
  const isDeletion = ({ options: { input = '' } }: RecordedRun): boolean => input.includes('link delete dev');

  test('once it is down: not before, and without waiting for its end', async () => {
    using host = recordingHost();
    const config = await attached(host);
    const output = Promise.withResolvers<() => void>();
    const end = Promise.withResolvers<void>();
    const runner: Runner = {
      ...host.runner,
      async run(program, args, options = {}) {
        const result = await host.runner.run(program, args, options);
        if (!isDeletion({ program, args, options })) return result;
        output.resolve(options.beside?.onOutput ?? expect.unreachable);
        await end.promise;
        return result;
      },
    };
    const rulesGone = (): boolean =>
      host.runs.some(({ options: { input = '' } }) => input.includes('delete element'));
    const deleted = call({ ...host, runner }, { command: 'DEL', plugin: 'veth-bridge', config });
    const isDown = await output.promise;
    await setTimeout(20);
    expect(rulesGone()).toBe(false);
    isDown();
    await vi.waitFor(() => expect(rulesGone()).toBe(true));
    const reserved = (): readonly string[] =>
      readdirSync(join(host.dataDir, 'pods')).filter((name) => /^10\./.test(name));
    expect(reserved()).toHaveLength(1);
    end.resolve();
    expect((await deleted).error).toBeUndefined();
    expect(reserved()).toEqual([]);
    expect(host.runs.map(({ options }) => options.input)).toContainEqual(
      expect.stringMatching(/^link set dev (\S+) down\naddress show dev \1\nlink delete dev \1\n$/),
    );
  });

  test('and where it stays all the same, that is told, and the address is given back', async () => {
    using host = recordingHost({
      answer(run) {
        if (!isDeletion(run)) return undefined;
        run.options.beside?.onOutput?.();
        return { status: 1, stderr: 'RTNETLINK answers: Operation not permitted\nCommand failed -:3\n' };
      },
    });
    const config = await attached(host);
    const before = host.runs.length;
    const { error } = await call(host, { command: 'DEL', plugin: 'veth-bridge', config });
    expect(error).toMatchObject({ code: 101, msg: expect.stringContaining('not permitted') });
    // Once, though the link is waited for twice.
    expect(error?.msg.match(/not permitted/g)).toHaveLength(1);
    const inputs = host.runs.slice(before).map(({ options }) => options.input ?? '');
    expect(inputs.filter((input) => input.includes('delete element'))).toHaveLength(1);
    expect(readdirSync(join(host.dataDir, 'pods')).filter((name) => /^10\./.test(name))).toEqual([]);
  });

  test('a link that cannot even be set down is told once, too', async () => {
    using host = recordingHost({
      answer: (run) =>
        isDeletion(run)
          ? { status: 1, stderr: 'RTNETLINK answers: Operation not permitted\nCommand failed -:1\n' }
          : undefined,
    });
    const config = await attached(host);
    const { error } = await call(host, { command: 'DEL', plugin: 'veth-bridge', config });
    expect(error?.msg.match(/not permitted/g)).toHaveLength(1);
  });
});

test("the reference's port may go with its sandbox between the look at it and its deletion", async () => {
  expect(await deleteForeign(`Cannot find device "${port.ifname}"`)).toEqual({
    code: undefined,
    asked: true,
  });
});

test('another reason for which it stays is told', async () => {
  expect(await deleteForeign('RTNETLINK answers: Operation not permitted')).toEqual({
    code: 101,
    asked: true,
  });
});
