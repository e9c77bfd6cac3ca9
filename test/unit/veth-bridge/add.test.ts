/** ADD of veth-bridge: the address is asked for while the pair is made. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { Runner, RunOptions, RunResult } from '../../../lib/exec/runner.ts';
import { call, podConfig } from '../../support/calls.ts';
import { type RecordingHost, recordingHost } from '../../support/recording-host.ts';

interface Held {
  /** Tells that the pair is there. */
  readonly isMade: () => void;
  /** Ends the child, as the made-up kernel would or as is said here. */
  readonly end: (result?: Partial<RunResult>) => void;
}

/** A host whose first child, which makes the pair, is held back. */
function holding(host: RecordingHost): { readonly runner: Runner; readonly held: Promise<Held> } {
  const held = Promise.withResolvers<Held>();
  const run = async (program: string, args: Parameters<Runner['run']>[1], options: RunOptions = {}) => {
    const isPair = options.input?.includes('link add name veth') ?? false;
    if (!isPair) return host.runner.run(program, args, options);
    const end = Promise.withResolvers<Partial<RunResult> | undefined>();
    held.resolve({ isMade: options.beside?.onOutput ?? expect.unreachable, end: end.resolve });
    const instead = await end.promise;
    return instead === undefined
      ? host.runner.run(program, args, options)
      : { status: 0, stdout: '', stderr: '', ...instead };
  };
  return { runner: { ...host.runner, run }, held: held.promise };
}

/** An ADD that is under way. */
function beginAdd(host: RecordingHost, more: Parameters<typeof podConfig>[1] = {}) {
  const { runner, held } = holding(host);
  const config = podConfig(host, { bridge: 'cni0', ...more });
  return { held, added: call({ ...host, runner }, { command: 'ADD', plugin: 'veth-bridge', config }) };
}

const reservedOn = ({ dataDir }: RecordingHost): readonly string[] => {
  const folder = join(dataDir, 'pods');
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^10\./.test(name)) : [];
};

const failure = (line: number): Partial<RunResult> => ({
  status: 1,
  stderr: `RTNETLINK answers: File exists\nCommand failed -:${line}\n`,
});

test('host-local gives it once the pair is this attachment, beside the rest', async () => {
  using host = recordingHost();
  const { held, added } = beginAdd(host);
  const { isMade, end } = await held;
  await setTimeout(20);
  expect(reservedOn(host)).toEqual([]);
  isMade();
  await vi.waitFor(() => expect(reservedOn(host)).toHaveLength(1));
  end();
  const { error, result } = await added;
  expect(error).toBeUndefined();
  expect(result?.ips?.map(({ address }) => address)).toContain(`${reservedOn(host)[0]}/16`);
});

test('a second ADD, whose pair is refused, asks for none', async () => {
  using host = recordingHost();
  const { held, added } = beginAdd(host);
  (await held).end(failure(3));
  expect((await added).error).toMatchObject({ code: 102 });
  expect(existsSync(join(host.dataDir, 'pods'))).toBe(false);
});

test('where the rest of the pair fails, the address is given back', async () => {
  using host = recordingHost();
  const { held, added } = beginAdd(host);
  const { isMade, end } = await held;
  isMade();
  await vi.waitFor(() => expect(reservedOn(host)).toHaveLength(1));
  end({ status: 1, stderr: 'RTNETLINK answers: Operation not permitted\nCommand failed -:6\n' });
  expect((await added).error).toMatchObject({ code: 101, msg: expect.stringContaining('not permitted') });
  expect(reservedOn(host)).toEqual([]);
  expect(host.runs.map(({ options }) => options.input)).toContainEqual(
    expect.stringMatching(/^link delete dev veth/),
  );
});

test('what is wrong with the address is told when the pair is done, and the pair goes', async () => {
  using host = recordingHost();
  const ipam = { type: 'host-local', dataDir: host.dataDir, ranges: [[{ subnet: 'nonsense' }]] };
  const { held, added } = beginAdd(host, { ipam });
  const { isMade, end } = await held;
  // It is known by now.
  await setTimeout(20);
  isMade();
  end();
  expect((await added).error).toMatchObject({ code: 7, msg: expect.stringContaining('nonsense') });
  expect(host.machine.links().filter(({ ifname }) => ifname.startsWith('veth'))).toEqual([]);
});

test("another IPAM plugin's address may need the whole link: it is asked when that is there", async () => {
  using host = recordingHost({
    answer: ({ args }) =>
      args.some((arg) => typeof arg === 'object' && arg.tool.endsWith('ipam-other'))
        ? { stdout: JSON.stringify({ cniVersion: '1.0.0', ips: [{ address: '10.1.0.9/24' }] }) }
        : undefined,
  });
  const { held, added } = beginAdd(host, { ipam: { type: 'ipam-other' } });
  const { isMade, end } = await held;
  isMade();
  await setTimeout(20);
  expect(host.runs).toEqual([]);
  end();
  expect((await added).result).toMatchObject({ ips: [{ address: '10.1.0.9/24' }] });
});
