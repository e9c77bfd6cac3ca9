/** How ovs-vsctl is run, and what its failures are to a caller. */
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../../lib/exec/runner.ts';
import { commit, commitAndWait, commitRemoval, isOvsError, readRows } from '../../../lib/ovs/vsctl.ts';
import { type RecordedRun, type RecordingHost, recordingHost } from '../../support/recording-host.ts';

const database = { remote: 'tcp:192.0.2.1:6640' };
const command = ['--if-exists', 'del-port', 'veth1'];

const answering = (result: Partial<RunResult>): RecordingHost => recordingHost({ answer: () => result });
const argsOf = ({ runs }: RecordingHost): string => (runs[0]?.args ?? []).join(' ');

describe('a run', () => {
  test('that reads waits for nobody, three seconds at most', async () => {
    using host = answering({ stdout: '{"headings":["name"],"data":[["a"]]}\n{"headings":[],"data":[]}\n' });
    expect(await readRows(host, database, [['list', 'Port'], command])).toEqual([[{ name: 'a' }], []]);
    expect(argsOf(host)).toBe(
      '--db=tcp:192.0.2.1:6640 --timeout=3 --verbose=syslog:off --no-wait --format=json --data=json ' +
        '-- list Port -- --if-exists del-port veth1',
    );
    expect(host.runs[0]?.options).toEqual({ inherit: [], timeout: 4000 });
  });

  test('that adds waits for ovs-vswitchd', async () => {
    using host = answering({});
    await commitAndWait(host, database, [command]);
    expect(argsOf(host)).not.toContain('--no-wait');
  });

  test('that takes away does not, and two commands are one transaction', async () => {
    using host = answering({});
    await commit(host, database, [command, command]);
    expect(host.runs).toHaveLength(1);
    expect(argsOf(host)).toContain('--timeout=2 --verbose=syslog:off --no-wait -- --if-exists');
  });

  test('holds the lock that its call has', async () => {
    using host = answering({});
    await commit(host, database, [command], { holding: { fd: 17, [Symbol.dispose]: () => undefined } });
    expect(host.runs[0]?.options.inherit).toEqual([17]);
  });
});

const alarm = '2026-01-01T00:00:00Z|00002|fatal_signal|WARN|terminating with signal 14 (Alarm clock)';
const taken = 'cannot create a port named p because a port named p already exists on bridge br1';

describe('a failure', () => {
  test.each<[string, number, string, number, RegExp, string]>([
    [
      'no answer',
      142,
      alarm,
      11,
      /^ovsdb-server at tcp:192.0.2.1:6640 has not answered within 3 s/,
      'timeout',
    ],
    ['killed', 137, '', 11, /^ovsdb-server at .* has not answered/, 'timeout'],
    [
      'no socket',
      1,
      'ovs-vsctl: unix:/x: database connection failed (No such file or directory)',
      11,
      /cannot be reached: No such file or directory; is ovsdb-server running, and socket_file right\?/,
      'unreachable',
    ],
    ['no bridge', 1, 'ovs-vsctl: no bridge named br9', 7, /^no bridge named br9$/, 'noBridge'],
    [
      'a name that is taken',
      1,
      `ovs-vsctl: ${taken}`,
      102,
      /^cannot create a port named p because/,
      'exists',
    ],
    [
      'a row that is there',
      1,
      'ovs-vsctl: transaction error: {"details":"Transaction causes multiple rows in \\"Port\\" table to have identical values","error":"constraint violation"}',
      101,
      /identical values/,
      'other',
    ],
    ['anything else', 1, 'ovs-vsctl: unix:/x: strange\nmore', 101, /^ovs-vsctl: unix:\/x: strange/, 'other'],
    ['nothing said', 1, '', 101, /^ovs-vsctl: /, 'other'],
  ])('%s', async (_what, status, stderr, code, message, why) => {
    using host = answering({ status, stderr });
    const error: unknown = await readRows(host, database, [command]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message), details: stderr.trim() });
    expect(isOvsError(error, why as 'other')).toBe(true);
  });

  test('of one that waits is that of ovs-vswitchd', async () => {
    const isProbe = ({ args }: RecordedRun): boolean => args.includes('get');
    using host = recordingHost({
      answer: (run) => (isProbe(run) ? { stdout: '7\n' } : { status: 142, stderr: alarm }),
    });
    await expect(commitAndWait(host, database, [command])).rejects.toMatchObject({
      code: 11,
      message: expect.stringMatching(/^ovs-vswitchd has not carried the change out within \d s/),
    });
    await expect(commit(host, database, [command])).rejects.toMatchObject({
      message: expect.stringMatching(/^ovsdb-server/),
    });
  });

  test('of one that waits is that of the database, where that does not answer either', async () => {
    using host = answering({ status: 142, stderr: alarm });
    await expect(commitAndWait(host, database, [command])).rejects.toMatchObject({
      code: 11,
      message: expect.stringMatching(/^ovsdb-server .* has not answered/),
    });
  });

  test('of a removal that waits is none, where the database has taken it', async () => {
    using host = recordingHost({
      answer: ({ args }) => (args.includes('--no-wait') ? {} : { status: 142, stderr: alarm }),
    });
    await commitRemoval(host, database, [command]);
    expect(host.runs).toHaveLength(2);
  });

  test('to make the device, which ovs-vsctl takes for a warning', async () => {
    const stderr =
      "ovs-vsctl: Error detected while setting up 'veth1': could not open network device veth1 (No such device).  " +
      'See ovs-vswitchd log for details.\novs-vsctl: The default log directory is "/var/log/openvswitch".\n';
    using host = answering({ stderr });
    await expect(commitAndWait(host, database, [command])).rejects.toMatchObject({
      code: 101,
      message:
        'Open vSwitch cannot set up the port veth1: could not open network device veth1 (No such device)',
    });
    await commit(host, database, [command]);
  });

  test('that printed no table', async () => {
    using host = answering({ stdout: '[]\n' });
    await expect(readRows(host, database, [command])).rejects.toMatchObject({ code: 999, details: '[]' });
  });
});
