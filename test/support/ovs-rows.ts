/** Rows of an Open vSwitch database as tests read them, and as facts of the leak check. */
import type { Fact } from './facts.ts';

/** A set is a list (and one with a single member that member alone), a map an object, a UUID its text. */
export type OvsValue = string | number | boolean | readonly OvsValue[] | OvsMap;
export interface OvsMap {
  readonly [key: string]: OvsValue;
}
export type OvsRow = Readonly<Record<string, OvsValue>>;

export type OvsTable = 'Open_vSwitch' | 'Bridge' | 'Port' | 'Interface' | 'QoS' | 'Queue' | 'Mirror';

/** What `ovs-vsctl --format=json list` prints: RFC 7047, section 5.1, in a frame of its own. */
export function parseRows(json: string): readonly OvsRow[] {
  const { headings, data } = JSON.parse(json) as {
    readonly headings: readonly string[];
    readonly data: readonly (readonly unknown[])[];
  };
  return data.map((cells) =>
    Object.fromEntries(headings.map((heading, index) => [heading, decode(cells[index])])),
  );
}

function decode(cell: unknown): OvsValue {
  if (!Array.isArray(cell)) return cell as OvsValue;
  const [kind, inner]: readonly unknown[] = cell;
  if (kind === 'set') return (inner as readonly unknown[]).map(decode);
  if (kind === 'uuid') return String(inner);
  const entries = inner as readonly (readonly [unknown, unknown])[];
  return Object.fromEntries(entries.map(([key, value]) => [String(decode(key)), decode(value)]));
}

/** A column's values, however many they are. */
export function valuesOf(row: OvsRow | undefined, column: string): readonly OvsValue[] {
  const value = row?.[column];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as OvsValue];
}

/** A column that is a map: external_ids, other_config, options. */
export function mapOf(row: OvsRow | undefined, column: string): OvsMap {
  const value = row?.[column];
  return typeof value === 'object' && !Array.isArray(value) ? (value as OvsMap) : {};
}

/** What is asked for the leak check: the columns that a plugin writes, and none that the daemon keeps up to date. */
const written: Readonly<Partial<Record<OvsTable, readonly string[]>>> = {
  Bridge: ['name', 'datapath_type'],
  Port: ['_uuid', 'name', 'vlan_mode', 'tag', 'trunks', 'qos', 'interfaces', 'external_ids', 'other_config'],
  Interface: [
    ...['_uuid', 'name', 'type', 'options', 'mtu_request', 'ofport_request', 'external_ids', 'other_config'],
    ...['ingress_policing_rate', 'ingress_policing_burst'],
  ],
  QoS: ['_uuid', 'type', 'queues', 'other_config', 'external_ids'],
  Queue: ['_uuid', 'dscp', 'other_config', 'external_ids'],
};

export const leakTables = Object.keys(written) as readonly OvsTable[];

/** A bridge may stay, as one of Linux may, and with it the port and interface that bear its name. */
export function rowFacts(
  tables: Readonly<Partial<Record<OvsTable, readonly OvsRow[]>>>,
  where: string,
): readonly Fact[] {
  const bridges = new Set((tables.Bridge ?? []).map(({ name }) => name));
  return leakTables.flatMap((table) =>
    (tables[table] ?? []).map((row) => {
      const told = (written[table] ?? []).map((column) => `${column}=${JSON.stringify(row[column])}`);
      return { text: `${where} ${table} ${told.join(' ')}`, mayStay: bridges.has(row['name'] ?? '') };
    }),
  );
}
