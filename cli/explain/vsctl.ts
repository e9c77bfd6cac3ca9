/** Operations on the database of Open vSwitch in the words of ovs-vsctl(8), which people know. */
import type { Columns, Condition, Datum, Operation } from '../../lib/ovs/operation.ts';

/** Names of bridges by the UUIDs of their ports. */
export type Bridges = ReadonlyMap<string, string>;

type Words = readonly string[];

/**
 * One run of ovs-vsctl, which is one transaction as well. It raises next_cfg and waits for ovs-vswitchd by itself.
 * @returns undefined where it has no words for an operation
 */
export function vsctlWords(
  remote: string,
  operations: readonly Operation[],
  bridges: Bridges,
): Words | undefined {
  const commands = operations.map((operation) => commandsOf(operation, bridges));
  const known = commands.filter((one) => one !== undefined).flat();
  if (known.length === 0 || commands.includes(undefined)) return undefined;
  const usual = /^unix:(?:\/var)?\/run\/openvswitch\/db\.sock$/.test(remote);
  return [
    'ovs-vsctl',
    ...(usual ? [] : [`--db=${remote}`]),
    ...(operations.some(isCounting) ? [] : ['--no-wait']),
    ...known.flatMap((command) => ['--', ...command]),
  ];
}

const isCounting = (operation: Operation): boolean =>
  operation.op === 'mutate' && operation.mutations.some(([column]) => column === 'next_cfg');

/** None for what ovs-vsctl does by itself; undefined for what it has no words for. */
function commandsOf(operation: Operation, bridges: Bridges): readonly Words[] | undefined {
  if (operation.op === 'comment' || operation.op === 'select' || operation.op === 'wait') return [];
  if (isCounting(operation)) return [];
  switch (operation.op) {
    case 'insert':
      return [[`--id=@${operation['uuid-name']}`, 'create', operation.table, ...assignments(operation.row)]];
    case 'update':
      return updatesOf(operation.table, recordOf(operation.where), operation.row);
    case 'delete': {
      const record = recordOf(operation.where);
      return record === undefined ? undefined : [['--if-exists', 'destroy', operation.table, record]];
    }
    case 'mutate':
      return mutationsOf(operation, bridges);
  }
}

/** Of a row that is told by its name or its UUID. */
function recordOf(where: readonly Condition[]): string | undefined {
  const [[column, comparison, value] = [], ...more] = where;
  if (more.length > 0 || comparison !== '==') return undefined;
  if (column === 'name' && typeof value === 'string') return value;
  return column === '_uuid' && Array.isArray(value) ? String(value[1]) : undefined;
}

function updatesOf(table: string, record: string | undefined, row: Columns): readonly Words[] | undefined {
  if (record === undefined) return undefined;
  return Object.entries(row).map(([column, value]) =>
    isEmpty(value)
      ? ['--if-exists', 'clear', table, record, column]
      : ['--if-exists', 'set', table, record, ...assignments({ [column]: value })],
  );
}

const isEmpty = (value: Datum): boolean =>
  Array.isArray(value) && value[0] === 'set' && value[1].length === 0;

type Mutate = Extract<Operation, { op: 'mutate' }>;

function mutationsOf({ table, where, mutations }: Mutate, bridges: Bridges): readonly Words[] | undefined {
  const record = table === 'Open_vSwitch' && where.length === 0 ? '.' : recordOf(where);
  const commands = mutations.map(([column, mutator, value]): readonly Words[] | undefined => {
    const members = membersOf(value);
    if (mutator === 'insert' && record !== undefined) return [['add', table, record, column, ...members]];
    if (mutator !== 'delete') return undefined;
    if (record !== undefined) return [['--if-exists', 'remove', table, record, column, ...members]];
    // Out of whatever bridge they are on.
    return members.flatMap((member) => {
      const bridge = bridges.get(member);
      return bridge === undefined ? [] : [['--if-exists', 'remove', table, bridge, column, member]];
    });
  });
  return commands.includes(undefined) ? undefined : commands.flatMap((one) => one ?? []);
}

function membersOf(value: Datum): readonly string[] {
  return Array.isArray(value) && value[0] === 'set' ? value[1].map(atom) : [atom(value)];
}

/** A map has an argument for each of its keys. */
function assignments(row: Columns): readonly string[] {
  return Object.entries(row).flatMap(([column, value]) =>
    Array.isArray(value) && value[0] === 'map'
      ? value[1].map(([key, entry]: readonly [unknown, unknown]) => `${column}:${atom(key)}=${atom(entry)}`)
      : [`${column}=${membersOf(value).join(',')}`],
  );
}

/** A text stays bare where nothing in it means anything to ovs-vsctl. */
function atom(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value[0] === 'named-uuid' ? `@${String(value[1])}` : String(value[1]);
  const text = String(value);
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(text) ? text : JSON.stringify(text);
}
