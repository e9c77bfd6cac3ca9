/** Columns of a made-up Open vSwitch database, and their values as the real one prints and takes them (RFC 7047, section 5.1). */
import type { Datum, Table } from '../../../lib/ovs/operation.ts';

export type { Table } from '../../../lib/ovs/operation.ts';

export type Atom = string | number;
/** A set is a list, a map a Map. */
export type Cell = Atom | readonly Atom[] | ReadonlyMap<string, string>;
export type Row = Map<string, Cell>;

export type Kind = 'text' | 'number' | 'texts' | 'numbers' | 'uuids' | 'map' | 'uuid-map';

export const schema: Readonly<Record<Table, Readonly<Record<string, Kind>>>> = {
  Open_vSwitch: {
    bridges: 'uuids',
    cur_cfg: 'number',
    next_cfg: 'number',
    ovs_version: 'texts',
    datapath_types: 'texts',
  },
  Bridge: { name: 'text', datapath_type: 'text', ports: 'uuids' },
  Port: {
    name: 'text',
    interfaces: 'uuids',
    tag: 'numbers',
    trunks: 'numbers',
    vlan_mode: 'texts',
    qos: 'uuids',
    external_ids: 'map',
  },
  Interface: {
    name: 'text',
    type: 'text',
    error: 'texts',
    ifindex: 'numbers',
    ofport: 'numbers',
    ofport_request: 'numbers',
    mtu_request: 'numbers',
    ingress_policing_rate: 'number',
    ingress_policing_burst: 'number',
    external_ids: 'map',
  },
  QoS: { type: 'text', other_config: 'map', queues: 'uuid-map', external_ids: 'map' },
  Queue: { other_config: 'map', external_ids: 'map' },
};

export const tables = Object.keys(schema) as readonly Table[];

/** What the server says when it refuses: `error` and `details`. */
export class OvsdbRefusal extends Error {
  readonly error: string;

  constructor(error: string, details: string) {
    super(details);
    this.error = error;
  }
}

export function kindOf(table: Table, column: string): Kind {
  const kind = column === '_uuid' ? 'uuids' : schema[table][column];
  if (kind !== undefined) return kind;
  throw new OvsdbRefusal('unknown column', `No column ${column} in table ${table}.`);
}

export function emptyRow(table: Table): Row {
  const empty: Readonly<Record<Kind, Cell>> = {
    text: '',
    number: 0,
    texts: [],
    numbers: [],
    uuids: [],
    map: new Map(),
    'uuid-map': new Map(),
  };
  return new Map(Object.entries(schema[table]).map(([column, kind]) => [column, empty[kind]]));
}

/** A cell's members, however many it may have; of a map its values. */
export function membersOf(cell: Cell | undefined): readonly Atom[] {
  if (cell === undefined) return [];
  if (typeof cell !== 'object') return [cell];
  return Array.isArray(cell) ? cell : [...mapOf(cell).values()];
}

export const mapOf = (cell: Cell | undefined): ReadonlyMap<string, string> =>
  cell instanceof Map ? cell : new Map<string, string>();

/** Out of an operation's JSON; a row's name is looked up among those of the transaction. */
export function cellOf(kind: Kind, datum: Datum, symbols: ReadonlyMap<string, string>): Cell {
  const atom = (value: unknown): Atom => {
    const [, id] = Array.isArray(value) ? (value as readonly string[]) : [];
    return id === undefined ? (value as Atom) : (symbols.get(id) ?? id);
  };
  const [what, content] = Array.isArray(datum) ? (datum as readonly unknown[]) : [];
  if (what === 'map')
    return new Map(
      (content as readonly (readonly unknown[])[]).map(([key, value]) => [String(key), String(atom(value))]),
    );
  const members = what === 'set' ? (content as readonly unknown[]).map(atom) : [atom(datum)];
  return kind === 'text' || kind === 'number' ? (members[0] ?? '') : members;
}

/** As the server prints it: a set with one member is that member. */
export function encode(table: Table, column: string, cell: Cell): unknown {
  const kind = kindOf(table, column);
  const atom = (value: Atom): unknown => (kind.startsWith('uuid') ? ['uuid', value] : value);
  if (kind === 'map' || kind === 'uuid-map')
    return ['map', [...mapOf(cell)].map(([key, value]) => [key, atom(value)])];
  const members = membersOf(cell).map(atom);
  return members.length === 1 ? members[0] : ['set', members];
}
