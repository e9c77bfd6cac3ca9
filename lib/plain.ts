/**
 * Readers of what is plain: a config as people write it, and what tools print, read without its schema. The tables in the
 * folders of plugins (`plain.ts`) are made of them, out of the schemas, by scripts/plain.
 *
 * A reader answers undefined for what only the schema can tell: a fault, a key in another case. So it says nothing about
 * faults, and whoever calls it goes on to the schema then.
 */

/** @returns the value as the schema would give it, or undefined */
export type Reader<T = unknown> = (value: unknown) => T | undefined;

/** What a member that may be left out is read as, where it is: it is not in the result. */
const absent = Symbol('absent');
type Member<T> = Reader<T | typeof absent>;

/** Readers of the members that a schema knows, by their keys. */
export type Shape = Readonly<Record<string, Reader>>;

export type Plain = Record<string, unknown>;

/* Values */

export const text: Reader<string> = (value) => (typeof value === 'string' ? value : undefined);
export const flag: Reader<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);
export const finite: Reader<number> = (value) => (Number.isFinite(value) ? (value as number) : undefined);
export const anything: Reader = (value) => value;
/** An object, or an array: whatever has members. */
export const isProperties = (value: unknown): value is object => typeof value === 'object' && value !== null;
/** An object that is no array. */
export const isRecord = (value: unknown): value is Plain => isProperties(value) && !Array.isArray(value);
/** For what cannot be read here. */
export const unread: Reader<never> = () => undefined;

/** A whole number, exact in a double; both ends are allowed. */
export function integer(least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (value) => {
    const number = value as number;
    return Number.isSafeInteger(value) && number >= least && number <= most ? number : undefined;
  };
}

export function oneOf<T extends string | number | boolean>(...values: readonly T[]): Reader<T> {
  return (value) => (values.includes(value as T) ? (value as T) : undefined);
}

/** What a reader has read, where it passes all checks. */
export function such<T>(read: Reader<T>, ...checks: readonly ((value: T) => boolean)[]): Reader<T> {
  return (value) => {
    const taken = read(value);
    if (taken === undefined) return undefined;
    for (const passes of checks) if (!passes(taken)) return undefined;
    return taken;
  };
}

export function nullable<T>(read: Reader<T>): Reader<T | null> {
  return (value) => (value === null ? null : read(value));
}

export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const out: T[] = [];
    for (const item of value) {
      const taken = read(item);
      if (taken === undefined) return undefined;
      out.push(taken);
    }
    return out;
  };
}

/* Members that may be left out; one of a config is, too, where it is null */

export function optional<T>(read: Reader<T>): Member<T> {
  return (value) => (value === undefined ? absent : read(value));
}

/** Where an empty text is as good as none. */
export function optionalOrEmpty<T>(read: Reader<T>): Member<T> {
  return (value) => (value === undefined || value === '' ? absent : read(value));
}

export function orElse<T>(member: Member<T>, fallback: T): Reader<T> {
  return (value) => {
    const taken = member(value);
    return taken === absent ? fallback : taken;
  };
}

/** A list that has nothing in it where it is left out. */
export function orNone<T>(member: Member<T[]>): Reader<T[]> {
  return (value) => {
    const taken = member(value);
    return taken === absent ? [] : taken;
  };
}

/* Objects */

/** Of a config: keys match in any case, which is for the schema to sort out; what is not known is left out. */
export function config(shape: Shape): Reader<Plain> {
  return (value) => {
    const out = readMembers(value, shape, true);
    return out !== undefined && takeOthers(value as Plain, shape) ? out : undefined;
  };
}

/** The same where other members are taken as they are, but for nulls. */
export function openConfig(shape: Shape): Reader<Plain> {
  return (value) => {
    const out = readMembers(value, shape, true);
    return out !== undefined && takeOthers(value as Plain, shape, out) ? out : undefined;
  };
}

/** What a tool prints: keys are what they are, and null is not absent; what is not known is left out. */
export function printed(shape: Shape): Reader<Plain> {
  return (value) => readMembers(value, shape, false);
}

function readMembers(from: unknown, shape: Shape, isNullAbsent: boolean): Plain | undefined {
  if (!isRecord(from)) return undefined;
  const out: Plain = {};
  for (const key of Object.keys(shape)) {
    const value = from[key];
    const taken = shape[key]?.(isNullAbsent && value === null ? undefined : value);
    if (taken === undefined) return undefined;
    if (taken !== absent) out[key] = taken;
  }
  return out;
}

/**
 * Adds to `out` what `from` has beside the known keys, nulls left out; without `out` only looks.
 * @returns false where one of them is a known key in another case
 */
function takeOthers(from: Plain, shape: Shape, out?: Plain): boolean {
  for (const key of Object.keys(from)) {
    if (Object.hasOwn(shape, key)) continue;
    if (key === '__proto__') return false;
    const folded = foldKey(key);
    for (const known of Object.keys(shape)) if (foldKey(known) === folded) return false;
    if (out !== undefined && from[key] !== null) out[key] = from[key];
  }
  return true;
}

/** Upper and lower case as Go folds them; the long s (U+017F) is the one letter that toLowerCase leaves alone. */
export function foldKey(key: string): string {
  return key.toLowerCase().replaceAll('\u017f', 's');
}
