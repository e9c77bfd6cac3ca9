/** Values of the Open vSwitch database as JSON (RFC 7047, section 5.1), and as arguments of ovs-vsctl. */
import { CniError, ErrorCode } from '../errors.ts';

/** A set is a list, a map an object, a UUID its text; an optional value that is not there is an empty list. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
export type Row = Readonly<Record<string, Value>>;

/**
 * The rows that a command has printed by --format=json --data=json.
 * @throws CniError 999 for what is no table
 */
export function readTable(line: string): Row[] {
  const table: unknown = JSON.parse(line);
  if (!isTable(table)) {
    throw new CniError(
      ErrorCode.internal,
      'ovs-vsctl printed no table where one was expected',
      line.slice(0, 200),
    );
  }
  return table.data.map((values) =>
    Object.fromEntries(table.headings.map((heading, index) => [heading, decode(values[index])])),
  );
}

interface Table {
  readonly headings: readonly string[];
  readonly data: readonly (readonly unknown[])[];
}

function isTable(value: unknown): value is Table {
  return (
    typeof value === 'object' &&
    value !== null &&
    'headings' in value &&
    'data' in value &&
    Array.isArray(value.headings) &&
    Array.isArray(value.data)
  );
}

function decode(value: unknown): Value {
  if (!Array.isArray(value)) {
    return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
  }
  const [kind, content] = value as readonly unknown[];
  switch (kind) {
    case 'set':
      return (content as readonly unknown[]).map(decode);
    case 'map':
      return Object.fromEntries(
        (content as readonly (readonly [unknown, unknown])[]).map(([key, entry]) => [
          String(decode(key)),
          decode(entry),
        ]),
      );
    default:
      return decode(content);
  }
}

/** A column's one text; undefined where it is empty. */
export function textOf(row: Row, column: string): string | undefined {
  const value = row[column];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A column's one number; undefined where it is empty. */
export function numberOf(row: Row, column: string): number | undefined {
  const value = row[column];
  return typeof value === 'number' ? value : undefined;
}

/** A column's values: a set of one is that one by itself. */
export function listOf(row: Row, column: string): readonly Value[] {
  const value = row[column];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as Value];
}

/** A column that is a map of texts, such as external_ids. */
export function mapOf(row: Row, column: string): Readonly<Record<string, string>> {
  const value = row[column];
  if (typeof value !== 'object' || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, String(entry)]));
}

/** A text as ovs-vsctl takes it: quoted, whatever it holds. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** Arguments that set keys of a map: `external_ids:owner="plumbline"`. */
export function mapArguments(
  column: string,
  entries: Readonly<Record<string, string | undefined>>,
): string[] {
  return Object.entries(entries).flatMap(([key, value]) =>
    value === undefined ? [] : [`${column}:${quote(key)}=${quote(value)}`],
  );
}
