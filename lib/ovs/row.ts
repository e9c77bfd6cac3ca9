/** Rows of the Open vSwitch database as an operation returns them (RFC 7047, sections 5.1 and 5.2.2). */

/** A set is a list, a map an object, a UUID its text; an optional value that is not there is an empty list. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
export type Row = Readonly<Record<string, Value>>;

/** A row out of the server's JSON. */
export function readRow(row: object): Row {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, decode(value)]));
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
