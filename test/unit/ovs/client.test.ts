/** How ovsdb-client is run, and what its failures are to a caller. */
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../../lib/exec/runner.ts';
import { isOvsError, readRows } from '../../../lib/ovs/client.ts';
import { awaitCarriedOut, commit, commitAndWait, commitRemoval } from '../../../lib/ovs/commit.ts';
import { insert, isNamed, mapOfTexts, remove, select } from '../../../lib/ovs/operation.ts';
import { type RecordedRun, type RecordingHost, recordingHost } from '../../support/recording-host.ts';

const database = { remote: 'tcp:192.0.2.1:6640' };
const change = remove('QoS', [['_uuid', '==', ['uuid', '11111111-1111-4111-8111-111111111111']]]);
const names = select('Port', ['name']);

const answering = (...results: readonly Partial<RunResult>[]): RecordingHost => {
  const left = [...results];
  return recordingHost({ answer: () => (left.length > 1 ? left.shift() : left[0]) });
};
const outcomes = (...list: readonly unknown[]): Partial<RunResult> => ({ stdout: JSON.stringify(list) });
/** Of a commit that counts: the last operation reads the number. */
const counted = outcomes({}, { count: 1 }, { count: 1 }, { rows: [{ next_cfg: 7 }] });
const argsOf = ({ runs }: RecordingHost, index = 0): readonly unknown[] => runs[index]?.args ?? [];
const operationsOf = (host: RecordingHost, index: number): unknown[] =>
  JSON.parse(String(argsOf(host, index).at(-1)));

describe('a run', () => {
  test('that reads changes nothing, and takes three seconds at most', async () => {
    using host = answering(outcomes({ rows: [{ name: 'a' }, { name: 'b' }] }, { rows: [] }));
    expect(await readRows(host, database, [names, select('Bridge', ['name'], isNamed('br0'))])).toEqual([
      [{ name: 'a' }, { name: 'b' }],
      [],
    ]);
    expect(argsOf(host)).toEqual([
      '--timeout=3',
      '--verbose=syslog:off',
      'query',
      'tcp:192.0.2.1:6640',
      '["Open_vSwitch",{"op":"select","table":"Port","where":[],"columns":["name"]},' +
        '{"op":"select","table":"Bridge","where":[["name","==","br0"]],"columns":["name"]}]',
    ]);
    expect(host.runs[0]?.options).toEqual({ inherit: [], timeout: 4000 });
  });

  test('that adds waits for ovs-vswitchd, and reads then', async () => {
    using host = answering(counted, outcomes({}, { rows: [{ name: 'a' }] }));
    expect(await commitAndWait(host, database, [change], [names])).toEqual([[{ name: 'a' }]]);
    expect(operationsOf(host, 0)).toEqual([
      'Open_vSwitch',
      { op: 'comment', comment: 'plumbline' },
      change,
      { op: 'mutate', table: 'Open_vSwitch', where: [], mutations: [['next_cfg', '+=', 1]] },
      { op: 'select', table: 'Open_vSwitch', where: [], columns: ['next_cfg'] },
    ]);
    expect(operationsOf(host, 1)).toEqual([
      'Open_vSwitch',
      expect.objectContaining({ op: 'wait', timeout: 5000, where: [['cur_cfg', '>=', 7]] }),
      names,
    ]);
    expect(argsOf(host, 1)).toContain('query');
  });

  test('that takes away does not', async () => {
    using host = answering(outcomes({}, { count: 1 }));
    await commit(host, database, [change, change]);
    expect(host.runs).toHaveLength(1);
    expect(argsOf(host).slice(0, 3)).toEqual(['--timeout=2', '--verbose=syslog:off', 'transact']);
  });

  test('of nothing is none', async () => {
    using host = answering({});
    await commit(host, database, []);
    await commitRemoval(host, database, []);
    expect(host.runs).toEqual([]);
  });

  test('holds the lock that its call has', async () => {
    using host = answering(counted, outcomes({}));
    const holding = { fd: 17, [Symbol.dispose]: () => undefined };
    await commitAndWait(host, database, [change], [], { holding });
    expect(host.runs.map(({ options }) => options.inherit)).toEqual([[17], [17]]);
  });

  test('that does not fit into an argument is refused before', async () => {
    using host = answering({});
    const row = { external_ids: mapOfTexts({ a: 'ä'.repeat(70_000) }) };
    await expect(commit(host, database, [insert('Port', row, 'port')])).rejects.toMatchObject({
      code: 7,
      message: expect.stringMatching(/^a transaction of 140\d\d\d bytes is longer than .* \(131072\)/),
    });
    expect(host.runs).toEqual([]);
  });
});

const alarm: Partial<RunResult> = {
  status: 142,
  stderr: '2026-01-01T00:00:00Z|00001|fatal_signal|WARN|terminating with signal 14 (Alarm clock)',
};
const late = outcomes({ details: '"wait" timed out after 5000 ms', error: 'timed out' }, null);
const failed = async (work: Promise<unknown>): Promise<unknown> => work.catch((thrown: unknown) => thrown);

describe('a failure', () => {
  test.each<[string, Partial<RunResult>, number, RegExp, string]>([
    ['no answer', alarm, 11, /^ovsdb-server at tcp:192.0.2.1:6640 has not answered within 3 s/, 'timeout'],
    ['killed', { status: 137 }, 11, /^ovsdb-server at .* has not answered/, 'timeout'],
    [
      'no socket',
      { status: 1, stderr: 'ovsdb-client: failed to connect to "unix:/x" (No such file or directory)\n' },
      11,
      /cannot be reached: No such file or directory; is ovsdb-server running, and socket_file right\?/,
      'unreachable',
    ],
    [
      'a server that ends meanwhile',
      { status: 1, stderr: 'ovsdb-client: transaction failed (End of file)\n' },
      11,
      /cannot be reached: End of file;/,
      'unreachable',
    ],
    ['another', { status: 1, stderr: 'ovsdb-client: strange\nmore' }, 101, /^ovsdb-client: strange/, 'other'],
    ['nothing said', { status: 1 }, 101, /^ovsdb-client said nothing$/, 'other'],
    [
      'a name that is taken',
      outcomes(
        {},
        { rows: [] },
        {
          details:
            'Transaction causes multiple rows in "Interface" table to have identical values (br (0)) for index on column "name".  First row, with UUID x.',
          error: 'constraint violation',
        },
      ),
      102,
      /^br \(0\) is there already$/,
      'exists',
    ],
    [
      'a refusal',
      outcomes({ details: 'No column nme in table Bridge.', error: 'unknown column' }, null),
      101,
      /^ovsdb-server: unknown column: No column nme in table Bridge\.$/,
      'other',
    ],
  ])('%s', async (_what, result, code, message, why) => {
    using host = answering(result);
    const error = await failed(readRows(host, database, [names]));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(isOvsError(error, why as 'other')).toBe(true);
  });

  test('to carry out in time is that of ovs-vswitchd', async () => {
    using host = answering(counted, late);
    expect(await failed(commitAndWait(host, database, [change], []))).toMatchObject({
      code: 11,
      why: 'timeout',
      message: expect.stringMatching(
        /^ovs-vswitchd has not carried the change out within 5 s; is it running\? \(ovsdb-server at tcp:\S+ answers\)$/,
      ),
    });
  });

  test('to answer meanwhile is that of the database', async () => {
    using host = answering(counted, alarm);
    expect(await failed(commitAndWait(host, database, [change], []))).toMatchObject({
      message: expect.stringMatching(/^ovsdb-server .* has not answered within 6 s/),
    });
    using hung = answering(alarm);
    expect(await failed(commitAndWait(hung, database, [change], []))).toMatchObject({
      message: expect.stringMatching(/^ovsdb-server .* has not answered within 3 s/),
    });
  });

  test('to be reached while it waits is a reason to try again: the server may be started anew', async () => {
    const gone = { status: 1, stderr: 'ovsdb-client: failed to connect to "unix:/x" (Connection refused)\n' };
    using host = answering(counted, gone, gone, outcomes({}));
    await commitAndWait(host, database, [change], []);
    expect(host.runs).toHaveLength(4);
    using never = answering(gone);
    await expect(commit(never, database, [change])).rejects.toMatchObject({ why: 'unreachable' });
    expect(never.runs).toHaveLength(1);
  });

  test('of a place in the queue of a busy server is a reason to try again, since nothing was sent', async () => {
    const full = { status: 1, stderr: 'ovsdb-client: failed to connect to "unix:/x" (Protocol error)\n' };
    using host = answering(full, full, outcomes({}));
    await commit(host, database, [change]);
    expect(host.runs).toHaveLength(3);
    const broken = { status: 1, stderr: 'ovsdb-client: transaction failed (Protocol error)\n' };
    using other = answering(broken);
    await expect(commit(other, database, [change])).rejects.toMatchObject({ why: 'unreachable' });
    expect(other.runs).toHaveLength(1);
  });

  test('of the wait for a row is for the caller to name', async () => {
    using host = answering(outcomes({}, { error: 'timed out', details: '"where" clause test failed' }, null));
    const waiting = {
      op: 'wait',
      table: 'Bridge',
      timeout: 0,
      where: [],
      columns: [],
      until: '!=',
      rows: [],
    };
    const error = await failed(commit(host, database, [waiting as never]));
    expect(isOvsError(error, 'unmet')).toBe(true);
  });

  test.each([
    ['ovs-vswitchd', late],
    ['the database', alarm],
  ])('of %s after a removal is none: the database has taken it', async (_who, result) => {
    using host = answering(counted, result);
    await commitRemoval(host, database, [change]);
    expect(host.runs).toHaveLength(2);
  });

  test('of a removal that is not committed is one', async () => {
    using host = answering(alarm);
    expect(await failed(commitRemoval(host, database, [change]))).toMatchObject({
      code: 11,
      message: expect.stringMatching(/^ovsdb-server .* has not answered within 2 s/),
    });
  });

  test('a client has whole seconds, and one more than the server', async () => {
    using host = answering(outcomes({}));
    await awaitCarriedOut(host, database, 7, { seconds: 1.5 });
    expect(argsOf(host)[0]).toBe('--timeout=3');
    expect(operationsOf(host, 0)[1]).toMatchObject({ timeout: 1500 });
  });

  test.each(['{}', 'null', '[7]'])('of what is no list of outcomes: %s', async (stdout) => {
    using host = answering({ stdout });
    expect(await failed(readRows(host, database, [names]))).toMatchObject({ code: 999, details: stdout });
  });
});

test('every run can be read back', async () => {
  using host = recordingHost();
  host.ovs.addBridge('br0');
  await commitAndWait(host, database, [change], [names]);
  await commitRemoval(host, database, [change]);
  expect(host.typedRuns().map((run: { readonly program: string }) => run.program)).toEqual(
    Array.from({ length: 4 }, () => 'ovsdb-client'),
  );
  const isRun = (run: RecordedRun): boolean => run.program === 'ovsdb-client';
  expect(host.runs.every(isRun)).toBe(true);
});
