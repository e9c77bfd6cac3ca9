/**
 * A made-up Open vSwitch: a database that answers ovsdb-client's transactions as plumbline sends them, and a daemon that
 * makes and removes the links which the rows ask for.
 */
import { randomUUID } from 'node:crypto';
import type { RunResult } from '../../../lib/exec/runner.ts';
import type { Columns, Condition, Mutation, Operation } from '../../../lib/ovs/operation.ts';
import type { Machine } from './machine.ts';
import {
  type Cell,
  cellOf,
  emptyRow,
  encode,
  kindOf,
  mapOf,
  membersOf,
  OvsdbRefusal,
  type Row,
  type Table,
  tables,
} from './ovs-schema.ts';
import type { OvsdbRun } from './ovsdb.ts';

type Rows = Record<Table, Map<string, Row>>;
type Symbols = ReadonlyMap<string, string>;

export interface Switch {
  run(run: OvsdbRun): Partial<RunResult>;
  /** The rows of a table, each with its `_uuid`. */
  rows(table: Table): readonly Readonly<Record<string, Cell>>[];
  /** The rows of a table that bear a name. */
  row(table: Table, name: string): Readonly<Record<string, Cell>> | undefined;
  addBridge(name: string): void;
  /** Makes a port, as something that was there before. */
  addPort(bridge: string, name: string, externalIds?: Readonly<Record<string, string>>): void;
  /** Changes a column of all rows of a table with this name, behind everybody's back. */
  change(table: Table, name: string, column: string, cell: Cell): void;
  /** The same of all rows, for tables without names. */
  changeAll(table: Table, column: string, cell: Cell): void;
  /** Whether the database answers, and whether the daemon does. */
  database: 'up' | 'down' | 'hung';
  daemon: 'up' | 'dead';
}

const alarm: Partial<RunResult> = {
  status: 142,
  stderr: '2026-01-01T00:00:00Z|00002|fatal_signal|WARN|terminating with signal 14 (Alarm clock)\n',
};

export function createSwitch(machine: Machine): Switch {
  const unchanging: Row = new Map<string, Cell>([
    ...emptyRow('Open_vSwitch'),
    ['datapath_types', ['netdev', 'system']],
  ]);
  let state = Object.fromEntries(tables.map((table) => [table, new Map<string, Row>()])) as Rows;
  state.Open_vSwitch.set(randomUUID(), unchanging);
  /** By the interface's row: the link that the daemon has made for it. */
  const made = new Map<string, number>();
  let lastPort = 0;

  /** @returns the outcomes of the operations, and of the whole where it is refused in the end */
  function transact(operations: readonly Operation[]): { readonly outcomes: object[]; readonly next?: Rows } {
    const next = structuredClone(state);
    const inserts = operations.flatMap((operation) => (operation.op === 'insert' ? [operation] : []));
    // A row may be named before the operation that makes it.
    const symbols = new Map(inserts.map(({ 'uuid-name': name }) => [name, randomUUID()]));
    const outcomes: object[] = [];
    try {
      for (const operation of operations) outcomes.push(carryOut(next, symbols, operation));
      // In this order, as ovsdb-server does: a row that is about to be collected still counts as one that refers.
      refuseDangling(next);
      collect(next);
      refuseTwins(next);
      return { outcomes, next };
    } catch (error) {
      if (!(error instanceof OvsdbRefusal)) throw error;
      return { outcomes: [...outcomes, { error: error.error, details: error.message }] };
    }
  }

  /** What the daemon does once it sees the rows. */
  function settle(): void {
    for (const [id, ifindex] of made) {
      if (state.Interface.has(id)) continue;
      machine.drop(ifindex);
      made.delete(id);
    }
    for (const [id, row] of state.Interface) settleInterface(id, row);
    for (const row of state.Open_vSwitch.values()) row.set('cur_cfg', row.get('next_cfg') ?? 0);
  }

  function settleInterface(id: string, row: Row): void {
    const name = String(row.get('name'));
    const isNew = membersOf(row.get('ofport')).length === 0;
    if (isNew && row.get('type') === 'internal') {
      const [mtu] = membersOf(row.get('mtu_request'));
      machine.put({ ifname: name, ...(mtu === undefined ? {} : { mtu: Number(mtu) }) });
      made.set(id, machine.link(name)?.ifindex ?? 0);
    }
    const link = machine.link(name);
    const index = made.get(id) ?? link?.ifindex;
    row.set('ifindex', [index ?? 0]);
    if (link !== undefined) machine.listen(name);
    if (!isNew) return;
    lastPort += 1;
    row.set('ofport', index === undefined ? [-1] : [membersOf(row.get('ofport_request'))[0] ?? lastPort]);
    if (index === undefined) row.set('error', [`could not open network device ${name} (No such device)`]);
  }

  function run({ remote, verb, operations }: OvsdbRun): Partial<RunResult> {
    if (self.database === 'hung') return alarm;
    if (self.database === 'down') {
      const stderr = `ovsdb-client: failed to connect to "${remote}" (No such file or directory)\n`;
      return { status: 1, stderr };
    }
    if (self.daemon === 'up') settle();
    const { outcomes, next } = transact(operations);
    if (verb === 'transact' && next !== undefined) {
      state = next;
      if (self.daemon === 'up') settle();
    }
    return { stdout: `${JSON.stringify(outcomes)}\n` };
  }

  const rows: Switch['rows'] = (table) =>
    [...state[table]].map(([id, row]) => ({ _uuid: id, ...Object.fromEntries(row) }));
  const self: Switch = {
    run,
    rows,
    row: (table, wanted) => rows(table).find(({ name }) => name === wanted),
    addBridge(name) {
      addBridge(state, name);
      settle();
    },
    addPort(bridge, name, externalIds = {}) {
      const ids = new Map(Object.entries(externalIds));
      addPort(state, bridge, name).set('external_ids', ids);
      settle();
    },
    change(table, wanted, column, cell) {
      for (const row of state[table].values()) if (row.get('name') === wanted) row.set(column, cell);
    },
    changeAll(table, column, cell) {
      for (const row of state[table].values()) row.set(column, cell);
    },
    database: 'up',
    daemon: 'up',
  };
  return self;
}

/** One operation on the rows. @returns its outcome */
function carryOut(rows: Rows, symbols: Symbols, operation: Operation): object {
  if (operation.op === 'comment') return {};
  const { op, table } = operation;
  if (op === 'insert') {
    const id = symbols.get(operation['uuid-name']) ?? '';
    rows[table].set(id, fill(table, emptyRow(table), operation.row, symbols));
    return { uuid: ['uuid', id] };
  }
  const found = [...rows[table]].filter(([id, row]) => {
    const whole = new Map<string, Cell>([...row, ['_uuid', [id]]]);
    return operation.where.every((condition) => holds(table, whole, condition));
  });
  switch (op) {
    case 'select':
      return { rows: found.map((row) => print(table, row, operation.columns)) };
    case 'wait':
      if (found.length === 0) throw new OvsdbRefusal('timed out', '"where" clause test failed');
      return {};
    case 'update':
      for (const [, row] of found) fill(table, row, operation.row, symbols);
      return { count: found.length };
    case 'mutate':
      for (const [, row] of found)
        for (const mutation of operation.mutations) change(table, row, mutation, symbols);
      return { count: found.length };
    case 'delete':
      for (const [id] of found) rows[table].delete(id);
      return { count: found.length };
  }
}

function print(table: Table, [id, row]: readonly [string, Row], columns: readonly string[]): object {
  return Object.fromEntries(
    columns.map((column) => [
      column,
      encode(table, column, column === '_uuid' ? [id] : (row.get(column) ?? [])),
    ]),
  );
}

function fill(table: Table, row: Row, columns: Columns, symbols: Symbols): Row {
  for (const [column, datum] of Object.entries(columns)) {
    row.set(column, cellOf(kindOf(table, column), datum, symbols));
  }
  return row;
}

function change(table: Table, row: Row, [column, mutator, datum]: Mutation, symbols: Symbols): void {
  const now = row.get(column);
  const given = cellOf(kindOf(table, column), datum, symbols);
  if (mutator === '+=') row.set(column, Number(now) + Number(given));
  else if (mutator === 'insert') row.set(column, [...membersOf(now), ...membersOf(given)]);
  else
    row.set(
      column,
      membersOf(now).filter((member) => !membersOf(given).includes(member)),
    );
}

const named = (rows: ReadonlyMap<string, Row>, name: string): readonly [string, Row] | undefined =>
  [...rows].find(([, row]) => row.get('name') === name);

function addBridge(rows: Rows, name: string): void {
  rows.Bridge.set(randomUUID(), emptyRow('Bridge').set('name', name));
  addPort(rows, name, name);
  named(rows.Interface, name)?.[1].set('type', 'internal');
}

function addPort(rows: Rows, bridge: string, name: string): Row {
  const on = named(rows.Bridge, bridge)?.[1];
  if (on === undefined) throw new Error(`no bridge named ${bridge}`);
  const [port, link] = [randomUUID(), randomUUID()];
  const row = emptyRow('Port').set('name', name).set('interfaces', [link]);
  rows.Port.set(port, row);
  rows.Interface.set(link, emptyRow('Interface').set('name', name));
  on.set('ports', [...membersOf(on.get('ports')), port]);
  return row;
}

function holds(table: Table, row: Row, [column, comparison, datum]: Condition): boolean {
  const kind = kindOf(table, column);
  const cell = row.get(column);
  const wanted = cellOf(kind, datum, new Map());
  if (wanted instanceof Map) {
    const has = [...wanted].map(([key, value]) => mapOf(cell).get(key) === value);
    return comparison === 'includes' ? has.every(Boolean) : !has.some(Boolean);
  }
  const [members, given] = [membersOf(cell), membersOf(wanted)];
  const isEqual = members.length === given.length && given.every((member) => members.includes(member));
  switch (comparison) {
    case '==':
      return isEqual;
    case '!=':
      return !isEqual;
    case '>=':
      return Number(members[0]) >= Number(given[0]);
    case 'includes':
      return given.every((member) => members.includes(member));
    case 'excludes':
      return !given.some((member) => members.includes(member));
  }
}

/** Rows that nothing refers to go, but for those of root tables. */
function collect(rows: Rows): void {
  const keep = (table: Table, from: Table, column: string): void => {
    const used = new Set([...rows[from].values()].flatMap((row) => membersOf(row.get(column))));
    for (const id of rows[table].keys()) if (!used.has(id)) rows[table].delete(id);
  };
  keep('Port', 'Bridge', 'ports');
  keep('Interface', 'Port', 'interfaces');
}

function refuseDangling(rows: Rows): void {
  const check = (from: Table, column: string, table: Table): void => {
    for (const row of rows[from].values()) {
      if (membersOf(row.get(column)).every((id) => rows[table].has(String(id)))) continue;
      throw new OvsdbRefusal(
        'referential integrity violation',
        `cannot delete ${table} row because of 1 remaining reference(s)`,
      );
    }
  };
  check('Port', 'qos', 'QoS');
  check('QoS', 'queues', 'Queue');
}

/** Names are unique in each of these tables. */
function refuseTwins(rows: Rows): void {
  for (const table of ['Bridge', 'Port', 'Interface'] as const) {
    const names = [...rows[table].values()].map((row) => String(row.get('name')));
    const twin = names.find((name, index) => names.indexOf(name) !== index);
    if (twin === undefined) continue;
    throw new OvsdbRefusal(
      'constraint violation',
      `Transaction causes multiple rows in "${table}" table to have identical values (${twin}) for index on column "name".  First row, with UUID x, was inserted by this transaction.`,
    );
  }
}
