/**
 * Operations on the Open vSwitch database (RFC 7047, section 5.2); those of one list are one transaction. They are JSON as
 * the server takes it, so a text from outside is a value in it, whatever it holds.
 */

/** Tables that plumbline reads or writes (ovs-vswitchd.conf.db(5)). */
export type Table = 'Open_vSwitch' | 'Bridge' | 'Port' | 'Interface' | 'QoS' | 'Queue';

/** A row by its UUID, or by the name that an insert of the same transaction gives it. */
export type Reference = readonly ['uuid' | 'named-uuid', string];
export type Atom = string | number | Reference;
export type Datum =
  | Atom
  | readonly ['set', readonly Atom[]]
  | readonly ['map', readonly (readonly [Atom, Atom])[]];
export type Columns = Readonly<Record<string, Datum>>;

/** `includes`: a map has these keys with these values, a set these members. `excludes`: it has none of them. */
export type Comparison = '==' | '!=' | '>=' | 'includes' | 'excludes';
/** A row meets a condition by a column; of several it has to meet all. */
export type Condition = readonly [column: string, comparison: Comparison, value: Datum];
export type Mutation = readonly [column: string, mutator: '+=' | 'insert' | 'delete', value: Datum];

export interface Select {
  readonly op: 'select';
  readonly table: Table;
  readonly where: readonly Condition[];
  readonly columns: readonly string[];
}

export type Operation =
  | Select
  | {
      readonly op: 'insert';
      readonly table: Table;
      readonly row: Columns;
      /** Letters, digits and underscores. */
      readonly 'uuid-name': string;
    }
  | {
      readonly op: 'update';
      readonly table: Table;
      readonly where: readonly Condition[];
      readonly row: Columns;
    }
  | {
      readonly op: 'mutate';
      readonly table: Table;
      readonly where: readonly Condition[];
      readonly mutations: readonly Mutation[];
    }
  | { readonly op: 'delete'; readonly table: Table; readonly where: readonly Condition[] }
  | {
      readonly op: 'wait';
      readonly table: Table;
      /** Milliseconds. */
      readonly timeout: number;
      readonly where: readonly Condition[];
      readonly columns: readonly string[];
      readonly until: '!=';
      readonly rows: readonly [];
    }
  /** Stands beside the change in the database's log (`ovsdb-tool show-log`). */
  | { readonly op: 'comment'; readonly comment: string };

export const select = (
  table: Table,
  columns: readonly string[],
  where: readonly Condition[] = [],
): Select => ({ op: 'select', table, where, columns });

export const insert = (table: Table, row: Columns, name: string): Operation => ({
  op: 'insert',
  table,
  row,
  'uuid-name': name,
});

export const update = (table: Table, where: readonly Condition[], row: Columns): Operation => ({
  op: 'update',
  table,
  where,
  row,
});

export const mutate = (
  table: Table,
  where: readonly Condition[],
  ...mutations: readonly Mutation[]
): Operation => ({ op: 'mutate', table, where, mutations });

export const remove = (table: Table, where: readonly Condition[]): Operation => ({
  op: 'delete',
  table,
  where,
});

/** Fails the transaction where no row meets the conditions within the time. */
export const awaitRow = (table: Table, where: readonly Condition[], timeout: number): Operation => ({
  op: 'wait',
  table,
  timeout,
  where,
  columns: ['_uuid'],
  until: '!=',
  rows: [],
});

export const isRow = (uuid: string): readonly Condition[] => [['_uuid', '==', ['uuid', uuid]]];
export const isNamed = (name: string): readonly Condition[] => [['name', '==', name]];

/** A set of numbers or references; of optional values the empty one. */
export const setOf = (members: readonly Atom[]): Datum => ['set', members];
/** A map of texts such as external_ids; what is undefined is left out. */
export const mapOfTexts = (entries: Readonly<Record<string, string | undefined>>): Datum => [
  'map',
  Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
];
export const named = (name: string): Reference => ['named-uuid', name];
