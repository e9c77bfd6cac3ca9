/** Keys that nobody reads: a plugin takes them without a word, and does nothing with them. */
import type { Node } from 'jsonc-parser';
import type { Definition, SchemaLike } from '../../lib/cni/json.ts';
import { foldKey } from '../../lib/plain.ts';
import { itemsOf, membersOf, type Path } from '../network/source.ts';
import { nearest } from './nearest.ts';

/** A key at its place. */
export interface KeyFault {
  readonly node: Node;
  readonly path: Path;
  readonly level: 'error' | 'warning';
  readonly message: string;
}

export interface KeyRules {
  /** Keys that are known to others, as the runtime, and so may be there. */
  readonly others: readonly string[];
  /** What to say of a key that belongs elsewhere; undefined where it does not. */
  elsewhere(key: string): string | undefined;
  /** Whether the schema is to be taken for all there is, though it lets other keys pass. */
  readonly isClosed?: boolean;
}

/**
 * All unknown keys of an object and of what is below it, and keys that are there twice.
 * @param at path of the node in its file
 */
export function findUnknownKeys(schema: SchemaLike, node: Node, at: Path, rules: KeyRules): KeyFault[] {
  const { element, shape, isOpen } = shapeOf(schema);
  if (element)
    return itemsOf(node).flatMap((item, index) => findUnknownKeys(element, item, [...at, index], inner));
  if (shape === undefined) return [];
  const faults = findRepeatedKeys(node, at);
  for (const { key, value } of membersOf(node)) {
    const name = String(key.value);
    const known = knownAs(name, Object.keys(shape));
    const below = known === undefined ? undefined : shape[known];
    if (below !== undefined) {
      faults.push(...findUnknownKeys(below, value, [...at, name], inner));
    } else if ((!isOpen || rules.isClosed) && !isOthers(name, rules.others)) {
      faults.push({
        node: key,
        path: [...at, name],
        level: 'error',
        message: tell(name, Object.keys(shape), rules),
      });
    }
  }
  return faults;
}

const inner: KeyRules = { others: [], elsewhere: () => undefined };

function tell(name: string, known: readonly string[], rules: KeyRules): string {
  const elsewhere = rules.elsewhere(name);
  if (elsewhere !== undefined) return `${name}: ${elsewhere}`;
  const meant = nearest(name, [...known, ...rules.others.filter((key) => !key.startsWith('$'))]);
  if (meant !== undefined) return `${name}: unknown key; did you mean ${meant}?`;
  const few = known.length <= 8 ? `; known are ${known.join(', ')}` : '; remove it';
  return `${name}: unknown key${few}`;
}

/** Keys that say the same, in one case or another: only one of them counts. */
export function findRepeatedKeys(node: Node, at: Path): KeyFault[] {
  const seen = new Map<string, string>();
  const faults: KeyFault[] = [];
  for (const { key } of membersOf(node)) {
    const name = String(key.value);
    const before = seen.get(foldKey(name));
    if (before !== undefined) {
      const which = before === name ? 'the last one counts' : `one of it and ${before} counts`;
      faults.push({
        node: key,
        path: [...at, name],
        level: 'error',
        message: `${name}: there is this key already, and ${which}; remove one of them`,
      });
    }
    seen.set(foldKey(name), name);
  }
  return faults;
}

/** A key as the schema spells it. */
export function knownAs(name: string, keys: readonly string[]): string | undefined {
  return keys.includes(name) ? name : keys.find((key) => foldKey(key) === foldKey(name));
}

/** Notes (`_comment`, `//`, `#`), keys in somebody's own name space (`cni.dev/...`), and keys that others read. */
export function isOthers(name: string, others: readonly string[]): boolean {
  return /^(?:_|#|\/\/)|[./]/.test(name) || knownAs(name, others) !== undefined;
}

interface Shape {
  readonly shape?: Readonly<Record<string, SchemaLike>> | undefined;
  readonly element?: SchemaLike | undefined;
  /** Whether keys beside the shape's mean something to somebody. */
  readonly isOpen: boolean;
}

/** What a schema says of keys, below what makes it optional or gives it a default. */
export function shapeOf(schema: SchemaLike): Shape {
  const { innerType, in: input, shape, element, catchall }: Definition = schema._zod.def;
  const wrapped = innerType ?? input;
  return wrapped ? shapeOf(wrapped) : { shape, element, isOpen: catchall !== undefined };
}

/** The keys of a schema's object. */
export function keysOf(schema: SchemaLike | undefined): readonly string[] {
  return Object.keys((schema && shapeOf(schema).shape) ?? {});
}
