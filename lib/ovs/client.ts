/**
 * Runs ovsdb-client(1): bounded in time, its answers read as rows, its failures told apart.
 *
 * The server looks for the rows that are asked for. ovs-vsctl would have it send whole tables first, however few rows are
 * wanted, and so take longer with each port on the node. What else it does, waiting for ovs-vswitchd, is in commit.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CniError, ErrorCode } from '../errors.ts';
import type { Host } from '../exec/host.ts';
import type { HeldLock } from '../exec/lock.ts';
import type { Operation, Select } from './operation.ts';
import { type Row, readRow } from './row.ts';

/** The database of an Open vSwitch. */
export interface Database {
  /** As ovsdb-client takes it: `unix:/run/openvswitch/db.sock`, `tcp:192.0.2.1:6640`, `ssl:…`. */
  readonly remote: string;
}

export interface ClientOptions {
  /** A lock that this call holds, for the child to hold too. */
  readonly holding?: HeldLock;
  /**
   * Try again for a while where the database cannot be reached: a server that is started anew in the middle of an ADD may
   * have the rows, or not. For what can be done twice.
   */
  readonly again?: boolean;
}

/** Seconds: for an answer, for the server to come back, and for a place in its queue. */
const patience = { read: 3, return: 3, full: 20 } as const;
/** Milliseconds between two tries. */
const pause = 200;

/**
 * `full`: the server has 64 places for connections that it has not taken yet. Where a hundred containers start at once, connect(2) finds
 * none, which ovsdb-client does not wait for, and calls a protocol error. Nothing has been sent.
 * `unmet`: a transaction waits for a row that does not come.
 */
type Reason = 'timeout' | 'unreachable' | 'full' | 'unmet' | 'exists' | 'other';

export class OvsError extends CniError {
  readonly why: Reason;
  /** The name that another row has already. */
  readonly taken: string | undefined;

  constructor(why: Reason, code: number, message: string, details: string, taken?: string) {
    super(code, message, details);
    this.name = 'OvsError';
    this.why = why;
    this.taken = taken;
  }
}

export function isOvsError(error: unknown, why: Reason): error is OvsError {
  return error instanceof OvsError && error.why === why;
}

/**
 * Reads rows.
 * @returns the rows of each select
 * @throws OvsError 11 where the database does not answer
 */
export async function readRows(
  host: Host,
  database: Database,
  selects: readonly Select[],
  options: Partial<SendOptions> = {},
): Promise<Row[][]> {
  const outcomes = await send(host, database, 'query', selects, { seconds: patience.read, ...options });
  return outcomes.map(rowsOf);
}

export interface SendOptions extends ClientOptions {
  /** For the answer. */
  readonly seconds: number;
}

/** What an operation has come to; null where one before it has failed. */
export type Outcome = {
  readonly rows?: readonly object[];
  readonly error?: string;
  readonly details?: string;
} | null;

export const rowsOf = (outcome: Outcome): Row[] => (outcome?.rows ?? []).map(readRow);

/** ovsdb-client's own timer ends it by SIGALRM. */
const alarm = 128 + 14;
const killed = 128 + 9;
/** Bytes that one argument may have, with the NUL at its end (execve(2), MAX_ARG_STRLEN). */
const maxArgument = 128 * 1024;

/** `query` changes nothing, whatever the operations are. */
type Verb = 'query' | 'transact';

/**
 * Sends one transaction.
 * @returns what each operation has come to
 * @throws OvsError where there is no answer, or where the server refuses any of it: then nothing of it is done
 */
export async function send(
  host: Host,
  database: Database,
  verb: Verb,
  operations: readonly Operation[],
  { again = false, ...options }: SendOptions,
): Promise<readonly Outcome[]> {
  for (const begin = Date.now(); ; await sleep(pause)) {
    try {
      return await sendOnce(host, database, verb, operations, options);
    } catch (error) {
      const tries = again && isOvsError(error, 'unreachable');
      const seconds = isOvsError(error, 'full') ? patience.full : tries ? patience.return : 0;
      if (Date.now() >= begin + seconds * 1000) throw error;
    }
  }
}

async function sendOnce(
  host: Host,
  database: Database,
  verb: Verb,
  operations: readonly Operation[],
  { holding, seconds }: SendOptions,
): Promise<readonly Outcome[]> {
  const transaction = JSON.stringify(['Open_vSwitch', ...operations]);
  const size = Buffer.byteLength(transaction) + 1;
  if (size > maxArgument) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `a transaction of ${size} bytes is longer than ovsdb-client can be given (${maxArgument}); are there that many externalIds?`,
    );
  }
  const args = [
    `--timeout=${seconds}`,
    // Warnings and errors come on standard error; the system's log is for the daemons.
    '--verbose=syslog:off',
    ...[verb, database.remote, transaction],
  ];
  const result = await host.runner.run('ovsdb-client', args, {
    inherit: holding === undefined ? [] : [holding.fd],
    // Should its own timer not end it.
    timeout: (seconds + 1) * 1000,
  });
  if (result.status !== 0) throw noAnswer(result.status, result.stderr, database, seconds);
  const outcomes = readOutcomes(result.stdout);
  const failed = outcomes.findIndex((outcome) => outcome?.error !== undefined);
  if (failed >= 0) throw refusal(outcomes[failed] ?? {}, operations[failed]);
  return outcomes;
}

/** @throws CniError 999 for what is no list of outcomes */
function readOutcomes(text: string): readonly Outcome[] {
  const outcomes: unknown = JSON.parse(text);
  if (Array.isArray(outcomes) && outcomes.every((outcome) => typeof outcome === 'object')) return outcomes;
  throw new CniError(
    ErrorCode.internal,
    'ovsdb-client printed no outcomes of a transaction',
    text.slice(0, 200),
  );
}

function noAnswer(status: number, stderr: string, { remote }: Database, seconds: number): OvsError {
  const details = stderr.trim();
  if (status === alarm || status === killed) {
    return new OvsError(
      'timeout',
      ErrorCode.tryAgainLater,
      `ovsdb-server at ${remote} has not answered within ${seconds} s; is it running, and not stopped?`,
      details,
    );
  }
  const pattern = /^ovsdb-client: (?<what>failed to connect to .*|transaction failed) \((?<reason>.*)\)$/m;
  const { what, reason: connection } = pattern.exec(details)?.groups ?? {};
  if (connection !== undefined) {
    return new OvsError(
      what !== 'transaction failed' && connection === 'Protocol error' ? 'full' : 'unreachable',
      ErrorCode.tryAgainLater,
      `the database of Open vSwitch at ${remote} cannot be reached: ${connection}; is ovsdb-server running, and socket_file right?`,
      details,
    );
  }
  return new OvsError('other', ErrorCode.commandFailed, details || 'ovsdb-client said nothing', details);
}

/** Of an operation, or, where none is given, of the transaction as a whole: the server looks at names last. */
function refusal(outcome: Outcome, operation: Operation | undefined): OvsError {
  const { error = '', details = '' } = outcome ?? {};
  const text = JSON.stringify(outcome);
  if (error === 'timed out' && operation?.op === 'wait')
    return new OvsError('unmet', ErrorCode.tryAgainLater, `no row of ${operation.table} came`, text);
  const taken = /multiple rows in "\w+" table to have identical values \((?<name>.*)\) for index/.exec(
    details,
  )?.groups?.['name'];
  if (taken !== undefined)
    return new OvsError('exists', ErrorCode.alreadyExists, `${taken} is there already`, text, taken);
  return new OvsError('other', ErrorCode.commandFailed, `ovsdb-server: ${error}: ${details}`, text);
}
