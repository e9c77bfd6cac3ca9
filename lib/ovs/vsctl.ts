/**
 * Runs ovs-vsctl(8): bounded in time, its tables read as rows, its failures told apart.
 *
 * Several commands of one run are one transaction: all of it is committed, or nothing.
 */
import { CniError, ErrorCode } from '../errors.ts';
import type { Host } from '../exec/host.ts';
import type { HeldLock } from '../exec/lock.ts';
import { type Row, readTable } from './row.ts';

/** One command with its options and arguments: `['--if-exists', 'del-port', 'veth1']`. */
export type VsctlCommand = readonly string[];

/** The database of an Open vSwitch. */
export interface Database {
  /** As ovs-vsctl takes it: `unix:/run/openvswitch/db.sock`, `tcp:192.0.2.1:6640`, `ssl:…`. */
  readonly remote: string;
}

export interface VsctlOptions {
  /** A lock that this call holds, for the child to hold too. */
  readonly holding?: HeldLock;
}

/** Seconds. An ADD that fails must have said so, and taken back what it made, within ten. */
const patience = { read: 3, probe: 1, write: 5, undo: 2 } as const;

type Reason = 'timeout' | 'unreachable' | 'noBridge' | 'exists' | 'other';

export class OvsError extends CniError {
  readonly why: Reason;

  constructor(why: Reason, code: number, message: string, details: string) {
    super(code, message, details);
    this.name = 'OvsError';
    this.why = why;
  }
}

export function isOvsError(error: unknown, why: Reason): error is OvsError {
  return error instanceof OvsError && error.why === why;
}

/**
 * Reads tables. Each command must be one that prints a table: `find`, `list`.
 * @returns the rows of each command
 * @throws OvsError 11 where the database does not answer
 */
export async function readRows(
  host: Host,
  database: Database,
  commands: readonly VsctlCommand[],
  options: VsctlOptions = {},
): Promise<Row[][]> {
  const { stdout } = await vsctl(host, database, commands, {
    ...options,
    seconds: patience.read,
    wait: false,
    format: ['--format=json', '--data=json'],
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(readTable);
}

/**
 * Commits a transaction, and waits until ovs-vswitchd has carried it out.
 * @throws OvsError 11 where ovs-vswitchd does not do so in time: **the rows are committed all the same**; 101 where it
 *   says that it cannot
 */
export async function commitAndWait(
  host: Host,
  database: Database,
  commands: readonly VsctlCommand[],
  options: VsctlOptions = {},
): Promise<void> {
  const { stderr } = await blaming(host, database, () =>
    vsctl(host, database, commands, { ...options, seconds: patience.write, wait: true }),
  );
  // The transaction is there, the device is not: ovs-vsctl warns, and ends well.
  const fault = /Error detected while setting up '(?<port>[^']*)': *(?<reason>.*)/.exec(stderr)?.groups;
  if (fault === undefined) return;
  throw new OvsError(
    'other',
    ErrorCode.commandFailed,
    `Open vSwitch cannot set up the port ${fault['port']}: ${fault['reason']?.replace(/\.? *See ovs-vswitchd log.*/, '') ?? ''}`,
    stderr.trim(),
  );
}

/** A write that takes too long waits for one of two daemons: a read tells for which. */
async function blaming<T>(host: Host, database: Database, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isOvsError(error, 'timeout')) throw error;
    const probe = { seconds: patience.probe, wait: false };
    await vsctl(host, database, [['get', 'Open_vSwitch', '.', 'cur_cfg']], probe);
    throw error;
  }
}

/**
 * Commits a removal, and gives ovs-vswitchd a moment to carry it out: while it has not, a port of the same name that is
 * made anew would be taken for the old one, with the old one's link. A daemon that is dead keeps nothing from being
 * removed.
 */
export async function commitRemoval(
  host: Host,
  database: Database,
  commands: readonly VsctlCommand[],
  options: VsctlOptions = {},
): Promise<void> {
  if (commands.length === 0) return;
  try {
    await vsctl(host, database, commands, { ...options, seconds: patience.undo, wait: true });
  } catch (error) {
    if (!isOvsError(error, 'timeout')) throw error;
    // It may have been the database: then nothing is committed yet.
    await commit(host, database, commands, options);
  }
}

/**
 * Commits a transaction for ovs-vswitchd to carry out when it can: for what takes something away, which must not depend
 * on a daemon that may be dead.
 */
export async function commit(
  host: Host,
  database: Database,
  commands: readonly VsctlCommand[],
  options: VsctlOptions = {},
): Promise<void> {
  if (commands.length === 0) return;
  await vsctl(host, database, commands, { ...options, seconds: patience.undo, wait: false });
}

interface RunOptions extends VsctlOptions {
  readonly seconds: number;
  /** For ovs-vswitchd, which then is at fault where time runs out; else ovsdb-server is. */
  readonly wait: boolean;
  readonly format?: readonly string[];
}

/** ovs-vsctl's own timer ends it by SIGALRM. */
const alarm = 128 + 14;
const killed = 128 + 9;

async function vsctl(
  host: Host,
  database: Database,
  commands: readonly VsctlCommand[],
  { holding, seconds, wait, format = [] }: RunOptions,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const args = [
    `--db=${database.remote}`,
    `--timeout=${seconds}`,
    // Warnings and errors come on standard error; the system's log is for the daemons.
    '--verbose=syslog:off',
    ...(wait ? [] : ['--no-wait']),
    ...format,
    ...commands.flatMap((command) => ['--', ...command]),
  ];
  const result = await host.runner.run('ovs-vsctl', args, {
    inherit: holding === undefined ? [] : [holding.fd],
    // Should its own timer not end it.
    timeout: (seconds + 1) * 1000,
  });
  if (result.status === 0) return result;
  throw failure(result.status, result.stderr, database, { wait, seconds });
}

function failure(
  status: number,
  stderr: string,
  { remote }: Database,
  { wait, seconds }: Pick<RunOptions, 'wait' | 'seconds'>,
): OvsError {
  const details = stderr.trim();
  if (status === alarm || status === killed) {
    const message = wait
      ? `ovs-vswitchd has not carried the change out within ${seconds} s; is it running? (ovsdb-server at ${remote} answers)`
      : `ovsdb-server at ${remote} has not answered within ${seconds} s; is it running, and not stopped?`;
    return new OvsError('timeout', ErrorCode.tryAgainLater, message, details);
  }
  const connection = /database connection failed \((?<reason>.*)\)/.exec(details)?.groups?.['reason'];
  if (connection !== undefined) {
    return new OvsError(
      'unreachable',
      ErrorCode.tryAgainLater,
      `the database of Open vSwitch at ${remote} cannot be reached: ${connection}; is ovsdb-server running, and socket_file right?`,
      details,
    );
  }
  const words = details.replace(/^ovs-vsctl: /, '');
  if (/no bridge named/.test(details))
    return new OvsError('noBridge', ErrorCode.invalidConfig, words, details);
  if (/because a (?:port|bridge) named|already exists|violates? .*unique|duplicate/i.test(details)) {
    return new OvsError('exists', ErrorCode.alreadyExists, words, details);
  }
  return new OvsError('other', ErrorCode.commandFailed, `ovs-vsctl: ${words}`, details);
}
