/**
 * A made-up Open vSwitch: a database that answers ovs-vsctl's commands as plumbline sends them, one transaction a run, and
 * a daemon that makes and removes the links which the rows ask for.
 */
import { randomUUID } from 'node:crypto';
import type { RunResult } from '../../../lib/exec/runner.ts';
import type { Machine } from './machine.ts';
import {
  type Cell,
  emptyRow,
  encode,
  kindOf,
  mapOf,
  membersOf,
  type Row,
  type Table,
  tables,
  VsctlRefusal,
} from './ovs-schema.ts';
import type { Assignment, VsctlCommand, VsctlRun } from './vsctl.ts';

type Rows = Record<Table, Map<string, Row>>;

export interface Switch {
  run(run: VsctlRun): Partial<RunResult>;
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
  /** Fails the next runs with this, in place of carrying them out. */
  refusal: string | undefined;
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

  function transact(commands: readonly VsctlCommand[]): readonly string[] {
    const next = structuredClone(state);
    const symbols = new Map<string, string>();
    // A row may be named before the command that makes it.
    for (const { verb, options, words } of commands) {
      if (verb !== 'create') continue;
      const [table] = words as [Table];
      const id = randomUUID();
      next[table].set(id, emptyRow(table));
      symbols.set((options[0] ?? '').slice('--id='.length), id);
    }
    const printed = commands.flatMap((command) => carryOut(next, symbols, command) ?? []);
    // In this order, as ovsdb-server does: a row that is about to be collected still counts as one that refers.
    refuseDangling(next);
    collect(next);
    state = next;
    return printed;
  }

  /** What the daemon does once it sees the rows. @returns what it complains of */
  function settle(): readonly string[] {
    for (const [id, ifindex] of made) {
      if (state.Interface.has(id)) continue;
      machine.drop(ifindex);
      made.delete(id);
    }
    return [...state.Interface].flatMap(([id, row]) => {
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
      if (!isNew) return [];
      lastPort += 1;
      const fault = `could not open network device ${name} (No such device)`;
      row.set('ofport', index === undefined ? [-1] : [membersOf(row.get('ofport_request'))[0] ?? lastPort]);
      if (index !== undefined) return [];
      row.set('error', [fault]);
      return [
        `ovs-vsctl: Error detected while setting up '${name}': ${fault}.  See ovs-vswitchd log for details.`,
      ];
    });
  }

  function run({ remote, wait, commands }: VsctlRun): Partial<RunResult> {
    if (self.database === 'hung') return alarm;
    const refusal =
      self.database === 'down'
        ? `${remote}: database connection failed (No such file or directory)`
        : self.refusal;
    if (refusal !== undefined) return { status: 1, stderr: `ovs-vsctl: ${refusal}\n` };
    try {
      if (self.daemon === 'up') settle();
      const stdout = transact(commands).map((line) => `${line}\n`);
      if (self.daemon === 'dead') return wait ? alarm : { stdout: stdout.join('') };
      return { stdout: stdout.join(''), stderr: settle().join('\n') };
    } catch (error) {
      if (!(error instanceof VsctlRefusal)) throw error;
      return { status: 1, stderr: `ovs-vsctl: ${error.message}\n` };
    }
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
    refusal: undefined,
  };
  return self;
}

/** One command on the rows. @returns what it prints */
function carryOut(
  rows: Rows,
  symbols: ReadonlyMap<string, string>,
  { verb, options, words, assignments }: VsctlCommand,
): string | undefined {
  const [first = '', second = '', third = '', fourth = ''] = words;
  const table = first as Table;
  const assign = (of: Table, row: Row): void => {
    for (const assignment of assignments) set(of, row, assignment, symbols);
  };
  switch (verb) {
    case 'find':
    case 'list': {
      const headings = (options[0] ?? '').slice('--columns='.length).split(',');
      const found = [...rows[table]].filter(([id, row]) =>
        assignments.every((condition) => holds(table, new Map([...row, ['_uuid', id]]), condition)),
      );
      for (const column of headings) kindOf(table, column);
      const data = found.map(([id, row]) =>
        headings.map((column) => encode(table, column, column === '_uuid' ? [id] : (row.get(column) ?? []))),
      );
      return JSON.stringify({ data, headings });
    }
    case 'get':
      return String([...rows[table].values()][0]?.get(third) ?? '');
    case 'add-br':
      if (named(rows.Bridge, first) === undefined) addBridge(rows, first);
      return;
    case 'add-port':
      assign('Port', addPort(rows, first, second));
      return;
    case 'set': {
      const row = named(rows[table], second);
      if (row === undefined) throw new VsctlRefusal(`no row "${second}" in table ${first}`);
      assign(table, row[1]);
      return;
    }
    case 'create': {
      const row = rows[table].get(symbols.get((options[0] ?? '').slice('--id='.length)) ?? '');
      if (row) assign(table, row);
      return;
    }
    case 'del-port': {
      const port = named(rows.Port, first);
      if (port) detach(rows, port[0]);
      return;
    }
    case 'clear':
      rows[table].get(second)?.set(third, []);
      return;
    case 'remove': {
      const row = named(rows[table], second)?.[1];
      row?.set(
        third,
        membersOf(row.get(third)).filter((id) => id !== fourth),
      );
      return;
    }
    case 'destroy':
      rows[table].delete(second);
      return;
  }
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
  if (on === undefined) throw new VsctlRefusal(`no bridge named ${bridge}`);
  const taken = named(rows.Port, name)?.[0];
  if (taken !== undefined) {
    const owner = [...rows.Bridge.values()].find((row) => membersOf(row.get('ports')).includes(taken));
    throw new VsctlRefusal(
      `cannot create a port named ${name} because a port named ${name} already exists on bridge ${String(owner?.get('name'))}`,
    );
  }
  const [port, link] = [randomUUID(), randomUUID()];
  const row = emptyRow('Port').set('name', name).set('interfaces', [link]);
  rows.Port.set(port, row);
  rows.Interface.set(link, emptyRow('Interface').set('name', name));
  on.set('ports', [...membersOf(on.get('ports')), port]);
  return row;
}

function detach(rows: Rows, port: string): void {
  for (const bridge of rows.Bridge.values()) {
    bridge.set(
      'ports',
      membersOf(bridge.get('ports')).filter((id) => id !== port),
    );
  }
}

function set(
  table: Table,
  row: Row,
  { column, key, value }: Assignment,
  symbols: ReadonlyMap<string, string>,
): void {
  const kind = kindOf(table, column);
  const text = 'text' in value ? value.text : (symbols.get(value.word) ?? value.word);
  if (key !== undefined) row.set(column, new Map([...mapOf(row.get(column)), [key, text]]));
  else if (kind === 'numbers') row.set(column, text.split(',').map(Number));
  else if (kind === 'number') row.set(column, Number(text));
  else row.set(column, kind === 'text' ? text : [text]);
}

/** A key that is not there fulfils no condition (ovs-vsctl(8), "find"). */
function holds(table: Table, row: Row, { column, key, operator, value }: Assignment): boolean {
  const kind = kindOf(table, column);
  const cell = row.get(column);
  const wanted = 'text' in value ? value.text : value.word;
  if (key !== undefined) {
    const actual = mapOf(cell).get(key);
    return actual !== undefined && (actual === wanted) === (operator === '=');
  }
  const members = membersOf(cell).map(String);
  if (operator === '{>=}') return members.includes(wanted);
  const isEqual =
    wanted === '[]' && kind !== 'text'
      ? members.length === 0
      : members.join() === wanted && members.length === 1;
  return isEqual === (operator === '=');
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
      throw new VsctlRefusal(
        `transaction error: {"details":"cannot delete ${table} row because of 1 remaining reference(s)","error":"referential integrity violation"}`,
      );
    }
  };
  check('Port', 'qos', 'QoS');
  check('QoS', 'queues', 'Queue');
}
