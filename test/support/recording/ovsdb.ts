/**
 * Reads a run of ovsdb-client back into what it came from: options, and operations whose every table, column and
 * comparison is known.
 *
 * Text from outside may stand in a value; it can be neither an operation, nor a table, nor a column.
 */
import type { Arg } from '../../../lib/exec/runner.ts';
import type { Columns, Condition, Datum, Mutation, Operation } from '../../../lib/ovs/operation.ts';
import { type Kind, kindOf, type Table, tables } from './ovs-schema.ts';

export interface OvsdbRun {
  readonly remote: string;
  readonly seconds: number;
  /** A query changes nothing. */
  readonly verb: 'query' | 'transact';
  readonly operations: readonly Operation[];
}

/** The members of each operation, in their order. */
const forms: Readonly<Record<Operation['op'], readonly string[]>> = {
  select: ['op', 'table', 'where', 'columns'],
  insert: ['op', 'table', 'row', 'uuid-name'],
  update: ['op', 'table', 'where', 'row'],
  mutate: ['op', 'table', 'where', 'mutations'],
  delete: ['op', 'table', 'where'],
  wait: ['op', 'table', 'timeout', 'where', 'columns', 'until', 'rows'],
  comment: ['op', 'comment'],
};
const reading: readonly Operation['op'][] = ['select', 'wait'];

const comparisons = /^(?:==|!=|>=|includes|excludes)$/;
const mutators = /^(?:\+=|insert|delete)$/;
const symbol = /^[a-z_]+$/;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws when any of its words is not one that plumbline sends */
export function parseOvsdb(args: readonly Arg[]): OvsdbRun {
  const [timeout = '', verbose, verb, remote, text, ...more] = args.map((arg) => {
    if (typeof arg !== 'string') throw new Error('expected a text for ovsdb-client');
    return arg;
  });
  const seconds = /^--timeout=(\d+)$/.exec(timeout)?.[1];
  const isKnown = verbose === '--verbose=syslog:off' && (verb === 'query' || verb === 'transact');
  if (seconds === undefined || !isKnown || more.length > 0)
    throw new Error(`expected options of ovsdb-client: ${show(args.slice(0, 3))} and ${more.length} more`);
  if (remote === undefined || !/^(?:unix|tcp|ssl):\S+$/.test(remote))
    throw new Error(`expected a remote: ${show(remote)}`);
  const all: unknown = JSON.parse(text ?? '');
  if (JSON.stringify(all) !== text) throw new Error(`expected the same again: ${show(text)}`);
  if (!Array.isArray(all) || all[0] !== 'Open_vSwitch' || all.length < 2)
    throw new Error(`expected a transaction: ${show(text)}`);
  const operations = all.slice(1).map(checkOperation);
  if (verb === 'query' && operations.some(({ op }) => !reading.includes(op)))
    throw new Error(`expected a query: ${show(text)}`);
  return { remote, seconds: Number(seconds), verb, operations };
}

function checkOperation(found: unknown): Operation {
  const operation = found as Operation;
  const form = forms[operation.op];
  if (form?.join() !== Object.keys(operation).join())
    throw new Error(`expected an operation: ${show(operation)}`);
  if (operation.op === 'comment') {
    if (operation.comment !== 'plumbline') throw new Error(`expected a comment: ${show(operation)}`);
    return operation;
  }
  const { table } = operation;
  if (!tables.includes(table)) throw new Error(`expected a table: ${show(operation)}`);
  if ('where' in operation) for (const condition of operation.where) checkCondition(table, condition);
  if ('columns' in operation) for (const column of operation.columns) kindOf(table, column);
  if ('row' in operation) checkRow(table, operation.row);
  if ('mutations' in operation) for (const mutation of operation.mutations) checkMutation(table, mutation);
  if (operation.op === 'insert' && !symbol.test(operation['uuid-name']))
    throw new Error(`expected a name of a row: ${show(operation)}`);
  const { op } = operation;
  // Without a condition it would be all rows of the table.
  if ((op === 'delete' || op === 'update') && operation.where.length === 0)
    throw new Error(`expected a condition: ${show(operation)}`);
  return operation;
}

function checkCondition(table: Table, [column, comparison, value, ...more]: Condition): void {
  if (!comparisons.test(comparison) || more.length > 0)
    throw new Error(`expected a condition: ${show([column, comparison])}`);
  checkDatum(kindOf(table, column), value);
}

function checkMutation(table: Table, [column, mutator, value, ...more]: Mutation): void {
  if (!mutators.test(mutator) || more.length > 0)
    throw new Error(`expected a mutation: ${show([column, mutator])}`);
  checkDatum(kindOf(table, column), value);
}

function checkRow(table: Table, row: Columns): void {
  for (const [column, value] of Object.entries(row)) checkDatum(kindOf(table, column), value);
}

function checkDatum(kind: Kind, datum: Datum): void {
  const refuse = (): Error => new Error(`expected a value of kind ${kind}: ${show(datum)}`);
  const [what, content, ...more] = Array.isArray(datum) ? (datum as readonly unknown[]) : [];
  if (more.length > 0) throw refuse();
  if (kind === 'map' || kind === 'uuid-map') {
    if (what !== 'map' || !Array.isArray(content)) throw refuse();
    const isValue = kind === 'map' ? isText : isReference;
    const isKey = kind === 'map' ? isText : isCount;
    const isPair = (pair: unknown): boolean =>
      Array.isArray(pair) && pair.length === 2 && isKey(pair[0]) && isValue(pair[1]);
    if (!content.every(isPair)) throw refuse();
    return;
  }
  const isAtom = { text: isText, texts: isText, number: isCount, numbers: isCount, uuids: isReference }[kind];
  const members: unknown = what === 'set' ? content : [datum];
  if (!Array.isArray(members) || !members.every(isAtom)) throw refuse();
}

/** ovsdb-server refuses NUL and halves of surrogate pairs (json_string_unescape in Open vSwitch's lib/json.c). */
const isText = (value: unknown): boolean =>
  typeof value === 'string' && !value.includes('\0') && value.isWellFormed();
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
function isReference(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [kind, text] = value as readonly unknown[];
  if (typeof text !== 'string') return false;
  return kind === 'uuid' ? uuid.test(text) : kind === 'named-uuid' && symbol.test(text);
}

const show = (value: unknown): string => String(JSON.stringify(value)).slice(0, 1000);
