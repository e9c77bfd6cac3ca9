/**
 * Transactions that change rows, and waiting for ovs-vswitchd to carry them out as ovs-vsctl does: each raises next_cfg,
 * and ovs-vswitchd sets cur_cfg to the same once it is done.
 */
import { ErrorCode } from '../errors.ts';
import type { Host } from '../exec/host.ts';
import {
  type ClientOptions,
  type Database,
  isOvsError,
  OvsError,
  rowsOf,
  type SendOptions,
  send,
} from './client.ts';
import { awaitRow, mutate, type Operation, type Select, select } from './operation.ts';
import { numberOf, type Row } from './row.ts';

/** Seconds. An ADD that fails must have said so, and taken back what it made, within ten. */
const patience = { write: 3, undo: 2, carryOut: 5 } as const;

/**
 * Commits a transaction, waits until ovs-vswitchd has carried it out, and reads rows then.
 * @returns the rows of each select
 * @throws OvsError 11 where ovs-vswitchd does not do so in time: **the rows are committed all the same**
 */
export async function commitAndWait(
  host: Host,
  database: Database,
  operations: readonly Operation[],
  selects: readonly Select[],
  options: ClientOptions = {},
): Promise<Row[][]> {
  const number = await commitCounted(host, database, operations, { ...options, seconds: patience.write });
  const waiting = { ...options, again: true, seconds: patience.carryOut, selects };
  return awaitCarriedOut(host, database, number, waiting);
}

/**
 * Commits a removal, and gives ovs-vswitchd a moment to carry it out: while it has not, a port of the same name that is
 * made anew would be taken for the old one, with the old one's link. A daemon that is dead keeps nothing from being
 * removed.
 */
export async function commitRemoval(
  host: Host,
  database: Database,
  operations: readonly Operation[],
  options: ClientOptions = {},
): Promise<void> {
  if (operations.length === 0) return;
  const waiting = { ...options, seconds: patience.undo };
  const number = await commitCounted(host, database, operations, waiting);
  try {
    await awaitCarriedOut(host, database, number, waiting);
  } catch (error) {
    if (!(error instanceof OvsError)) throw error;
  }
}

/**
 * Commits a transaction for ovs-vswitchd to carry out when it can: for what takes something away, which must not depend
 * on a daemon that may be dead.
 */
export async function commit(
  host: Host,
  database: Database,
  operations: readonly Operation[],
  options: ClientOptions = {},
): Promise<void> {
  if (operations.length === 0) return;
  await send(host, database, 'transact', [comment, ...operations], { ...options, seconds: patience.undo });
}

const comment: Operation = { op: 'comment', comment: 'plumbline' };

/** @returns the number that cur_cfg has once ovs-vswitchd has carried this out (ovs-vswitchd.conf.db(5), next_cfg) */
async function commitCounted(
  host: Host,
  database: Database,
  operations: readonly Operation[],
  options: SendOptions,
): Promise<number> {
  const counting = [mutate('Open_vSwitch', [], ['next_cfg', '+=', 1]), select('Open_vSwitch', ['next_cfg'])];
  const outcomes = await send(host, database, 'transact', [comment, ...operations, ...counting], options);
  const [row] = outcomes.slice(-1).flatMap(rowsOf);
  return (row && numberOf(row, 'next_cfg')) ?? 0;
}

interface WaitOptions extends ClientOptions {
  readonly seconds: number;
  readonly selects?: readonly Select[];
}

/**
 * Waits until ovs-vswitchd has carried out all that has been asked for up to this number, and reads rows then.
 * @throws OvsError 11 with the reason `timeout` where it does not in time
 */
export async function awaitCarriedOut(
  host: Host,
  database: Database,
  number: number,
  { selects = [], seconds, ...options }: WaitOptions,
): Promise<Row[][]> {
  const carriedOut = awaitRow('Open_vSwitch', [['cur_cfg', '>=', number]], seconds * 1000);
  // The server itself ends the waiting: a client that runs out of time has had no answer.
  const sending = { ...options, seconds: Math.ceil(seconds) + 1 };
  try {
    const outcomes = await send(host, database, 'query', [carriedOut, ...selects], sending);
    return outcomes.slice(1).map(rowsOf);
  } catch (error) {
    if (!isOvsError(error, 'unmet')) throw error;
    throw new OvsError(
      'timeout',
      ErrorCode.tryAgainLater,
      `ovs-vswitchd has not carried the change out within ${seconds} s; is it running? (ovsdb-server at ${database.remote} answers)`,
      error.details,
    );
  }
}
