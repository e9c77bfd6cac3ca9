/** Hostile input, in process, on a host that records: what each class demands, and nothing else, comes of it. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostVethName, identify } from '../../lib/cni/identity.ts';
import { digest } from '../../lib/exec/digest.ts';
import type { Operation } from '../../lib/ovs/operation.ts';
import { type Answer, call } from '../support/calls.ts';
import { classes, faultOf, fillIn, type HostileCall, ordinary } from '../support/hostile.ts';
import {
  type RecordedRun,
  type RecordingHost,
  recordingHost,
  type TypedRun,
} from '../support/recording-host.ts';

/** In all, spread over the classes by their weight. */
const runs = Number(process.env['PLUMBLINE_HOSTILE_RUNS'] ?? 5_000);

// Everything happens below one folder, the working directory included: so a file anywhere else near is seen.
const before = process.cwd();
let outer = '';
beforeAll(() => {
  // Thousands of small files come and go: in memory where that is possible.
  outer = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'plumbline-hostile-'));
  mkdirSync(join(outer, 'cwd'));
  process.chdir(join(outer, 'cwd'));
});
afterAll(() => {
  process.chdir(before);
  rmSync(outer, { recursive: true });
});

async function make(host: RecordingHost, hostile: HostileCall): Promise<Answer> {
  let result = '{}';
  const env = (given: HostileCall['env']): HostileCall['env'] =>
    Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value && fillIn(value, host, result)]),
    );
  if (hostile.after) {
    const config = fillIn(JSON.stringify(ordinary(hostile.plugin, 'ADD')), host, result);
    const added = await call(host, {
      command: 'ADD',
      plugin: hostile.plugin,
      config,
      env: env(hostile.after),
    });
    if (added.exitCode !== 0) throw new Error(`the ordinary ADD failed: ${added.stdout}`);
    result = added.stdout;
  }
  const { command, plugin, stdin } = hostile;
  return call(host, { command, plugin, config: fillIn(stdin, host, result), env: env(hostile.env) });
}

/** @throws what is wrong, for people */
async function judge(hostile: HostileCall): Promise<void> {
  const isIpam = ({ options }: RecordedRun): boolean => options.env?.['CNI_COMMAND'] === 'ADD';
  using host = recordingHost({ parent: outer, answer: (run) => (isIpam(run) ? hostile.ipam : undefined) });
  host.machine.put({ ifname: 'uplink' });
  host.ovs.addBridge('br-int');
  const answer = await make(host, hostile);
  const faults = [
    faultOf(hostile, { ...answer, stderr: answer.stderr.join('\n') }),
    ...foreignRuns(host, hostile),
    ...foreignWrites(host),
    ...foreignFiles(host),
  ].filter((fault) => fault !== undefined);
  if (faults.length > 0) {
    const told = `${answer.stdout.slice(0, 1000)}\n${answer.stderr.join('\n').slice(0, 2000)}`;
    throw new Error(
      `${hostile.command} of ${hostile.plugin}, ${hostile.what}, expected ${hostile.expected}: ${faults.join('; ')}\n${told}`,
    );
  }
}

/** Every word of every run is read back into what it came from; what is changed has a name that this call may change. */
function foreignRuns(
  host: RecordingHost,
  { env, after, links = [], plugin }: HostileCall,
): readonly string[] {
  let typed: readonly TypedRun[];
  try {
    typed = host.typedRuns();
  } catch (error) {
    return [
      `a run that cannot be read back: ${error instanceof Error ? error.message.slice(0, 500) : String(error)}`,
    ];
  }
  const ifnames = ['eth0', env['CNI_IFNAME'] ?? 'eth0', after?.['CNI_IFNAME'] ?? 'eth0'];
  const hostName = (ifname: string): string =>
    hostVethName(identify({ network: 'pods', containerId: 'c1', ifname }));
  const access = `veth-${digest(10, 'host-access', 'pods', 'uplink')}`;
  const bridge = plugin === 'ovs' ? 'br-int' : 'cni0';
  const own = new Set([bridge, 'uplink', access, ...links, ...ifnames, ...ifnames.map(hostName)]);
  return typed.flatMap(({ action }) => {
    if (action.kind === 'delegate' && !action.file.startsWith(`${host.binDir}/`))
      return [`${action.file} was run`];
    if (action.kind === 'ovsdb') return action.operations.flatMap((operation) => foreignRows(operation, own));
    if (action.kind !== 'ip' && action.kind !== 'bridge') return [];
    return action.lines.flatMap(({ form, values }) => {
      const names = ['name', 'as', 'peer', 'master', 'link'].flatMap((slot) => values[slot] ?? []);
      const foreign = / show /.test(form) ? [] : names.filter((name) => !own.has(name));
      return foreign.map((name) => `${form} of ${JSON.stringify(name)}`);
    });
  });
}

/** Rows are changed by their names, or by the UUIDs that were found by our marks; and whoever they are of is not for others to say. */
function foreignRows(operation: Operation, own: ReadonlySet<string>): readonly string[] {
  if (operation.op === 'select' || operation.op === 'wait' || operation.op === 'comment') return [];
  const { op, table } = operation;
  const row = 'row' in operation ? operation.row : {};
  const given = 'where' in operation ? operation.where : [];
  const names = [row['name'], ...given.flatMap(([column, , value]) => (column === 'name' ? [value] : []))];
  const foreign = names.filter((name) => name !== undefined && !own.has(String(name)));
  const [, ids = []] = Array.isArray(row['external_ids']) ? row['external_ids'] : [];
  const owners = Array.isArray(ids)
    ? ids.flatMap((pair) => (Array.isArray(pair) && pair[0] === 'owner' ? pair[1] : []))
    : [];
  const isMarked =
    op !== 'insert' || table === 'Bridge' || own.has(String(row['name'])) || owners.length === 1;
  const others = owners.filter((owner) => owner !== 'plumbline');
  return [...foreign, ...others, ...(isMarked ? [] : ['nobody'])].map(
    (name) => `${op} of ${JSON.stringify(name)}`,
  );
}

const mayBeWritten =
  /^\/proc\/sys\/net\/ipv[46]\/(?:ip_forward|conf\/all\/forwarding|conf\/(?:cni0|veth[0-9a-f]{11})\/[a-z_]+)$/;

function foreignWrites(host: RecordingHost): readonly string[] {
  return host.machine.writes
    .filter(({ path }) => !mayBeWritten.test(path))
    .map(({ path }) => `${path} was written`);
}

/** Below the outer folder is the host's, and in that what it had and what it may make. */
function foreignFiles(host: RecordingHost): readonly string[] {
  const own = host.dir.slice(outer.length + 1);
  const expected: Readonly<Record<string, readonly string[]>> = {
    '': [own, 'cwd'],
    cwd: [],
    [own]: ['bin', 'run', 'networks'],
    [`${own}/bin`]: ['host-local', 'ipam-other'],
  };
  return Object.entries(expected).flatMap(([folder, names]) =>
    readdirSync(join(outer, folder))
      .filter((name) => !names.includes(name))
      .map((name) => `${folder}/${name} was made`),
  );
}

describe(`${runs} hostile calls`, () => {
  const all = Object.values(classes).reduce((sum, { weight }) => sum + weight, 0);
  test.each(Object.entries(classes))(
    '%s',
    async (_name, { weight, calls }) => {
      await fc.assert(fc.asyncProperty(calls, judge), { numRuns: Math.ceil((runs * weight) / all) });
    },
    120_000,
  );
});

test('what the judge looks for, it finds', async () => {
  using host = recordingHost({ parent: outer });
  const one: HostileCall = {
    what: '',
    command: 'ADD',
    plugin: 'veth-bridge',
    stdin: '',
    env: {},
    expected: 7,
  };
  const error = (code: number, msg = 'x'): string => JSON.stringify({ cniVersion: '1.0.0', code, msg });
  const judged = { exitCode: 1, stdout: error(7), stderr: '' };
  expect(faultOf(one, judged)).toBeUndefined();
  expect(faultOf(one, { ...judged, stdout: error(6) })).toBe('code 6');
  expect(faultOf(one, { ...judged, exitCode: 0 })).toBe('exit status 0');
  expect(faultOf(one, { ...judged, stdout: 'x' })).toMatch(/no JSON/);
  expect(faultOf(one, { ...judged, stderr: 'Error: x\n    at main (/a/b.ts:1:2)' })).toBe('a stack trace');

  await host.runner.run('ip', ['-batch', 'x; reboot']);
  expect(foreignRuns(host, one)).toEqual([expect.stringContaining('cannot be read back')]);
  const other = recordingHost({ parent: outer });
  const transact = (...operations: readonly object[]) =>
    other.runner.run('ovsdb-client', [
      ...['--timeout=2', '--verbose=syslog:off', 'transact', 'unix:/x'],
      JSON.stringify(['Open_vSwitch', ...operations]),
    ]);
  const change = { op: 'update', table: 'Port', where: [['name', '==', 'eth9']], row: { tag: 5 } };
  await transact(change);
  expect(foreignRuns(other, { ...one, plugin: 'ovs' })).toEqual(['update of "eth9"']);
  await transact(change, { op: 'abort' });
  expect(foreignRuns(other, one)).toEqual([expect.stringContaining('cannot be read back')]);
  other[Symbol.dispose]();
  mkdirSync(join(outer, 'cwd', 'pwned'));
  expect(foreignFiles(host)).toEqual(['cwd/pwned was made']);
  rmSync(join(outer, 'cwd', 'pwned'), { recursive: true });
  host.kernel.write('/proc/sys/net/ipv4/conf/all/accept_ra', '0');
  expect(foreignWrites(host)).toEqual([expect.stringContaining('conf/all')]);
});
