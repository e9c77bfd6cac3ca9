/**
 * What readers that are made of schemas (`plain.ts` in the folders of plugins, by scripts/plain) have in common: what a
 * schema would find for members that it does not know.
 */
/** Upper and lower case as Go folds them; the long s (U+017F) is the one letter that toLowerCase leaves alone. */
export function foldKey(key: string): string {
  return key.toLowerCase().replaceAll('\u017f', 's');
}

export type Plain = Record<string, unknown>;

export const isMembers = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Adds to `out` what `from` has beside the known keys, nulls left out; without `out` only looks.
 * @returns false where one of them is a known key in another case, which only the schema sorts out
 */
export function takeOthers(from: Plain, keys: readonly string[], out?: Plain): boolean {
  for (const key of Object.keys(from)) {
    if (keys.includes(key)) continue;
    if (key === '__proto__') return false;
    const folded = foldKey(key);
    if (keys.some((known) => foldKey(known) === folded)) return false;
    if (out !== undefined && from[key] !== null) out[key] = from[key];
  }
  return true;
}

/** Each item read; undefined where one of them is not plain. */
export function readEach<T>(
  items: unknown,
  read: (item: unknown) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(items)) return undefined;
  const out: T[] = [];
  for (const item of items) {
    const value = read(item);
    if (value === undefined) return undefined;
    out.push(value);
  }
  return out;
}
