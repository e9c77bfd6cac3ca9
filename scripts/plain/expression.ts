/**
 * A schema as an expression of what lib/plain.ts has. What an expression does not take, or takes in another way than the
 * schema may, it leaves to the schema (`unread`); so this need not know all that a schema can say. What it would say
 * wrongly is an error.
 */
import type { SchemaLike } from '../../lib/cni/json.ts';
import { type Definition, definitionOf, type Known, type Named, type Source, takesText } from './source.ts';
import { chooseSpreads, shapeOf } from './spread.ts';

/** What an expression may use, and of what is used an import is made. */
export interface Scope {
  readonly folds: boolean;
  /** What has a name, of the same folding. */
  readonly known: readonly Known[];
  /** Something of lib/plain.ts. */
  readonly help: (name: string) => string;
  readonly use: (named: Named) => string;
  /** Where a function that a schema checks with is exported. */
  readonly nameOf: (fn: unknown) => Named | undefined;
}

const quote = (value: unknown): string => JSON.stringify(value);
const call = (name: string, ...args: readonly string[]): string => `${name}(${args.join(', ')})`;
const mayBeAbsent = ({ type }: Definition): boolean => type === 'optional' || type === 'default';
const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

/**
 * Of a source: its table, or its reader.
 * @throws Error for what would be said wrongly
 */
export function expressionOf({ name, schema, isShape }: Source, scope: Scope): string {
  return isShape ? tableOf(schema, name, scope) : memberOf(schema, name, scope);
}

function readerNamed({ known, use }: Scope, fits: (schema: SchemaLike) => boolean): string | undefined {
  const found = known.find(({ isShape, schema }) => !isShape && fits(schema));
  return found && use(found);
}

/** @param key for messages, and for the choice between tables that say the same */
function memberOf(schema: SchemaLike, key: string, scope: Scope): string {
  const definition = definitionOf(schema);
  const { type, innerType, defaultValue, checks = [] } = definition;
  if (innerType === undefined || !mayBeAbsent(definition)) return readerOf(schema, key, scope);
  if (checks.length > 0) throw new Error(`${key}: checks of what may be left out cannot be written down`);
  const name = readerNamed(scope, (one) => one === schema);
  if (name !== undefined) return name;
  const optional = optionalOf(innerType, key, scope);
  if (type === 'optional') return optional;
  if (isScalar(defaultValue)) return call(scope.help('orElse'), optional, quote(defaultValue));
  if (Array.isArray(defaultValue) && defaultValue.length === 0) return call(scope.help('orNone'), optional);
  throw new Error(`${key}: ${quote(defaultValue)} as a default cannot be written down`);
}

function optionalOf(inner: SchemaLike, key: string, scope: Scope): string {
  const name = readerNamed(scope, (one) => {
    const { type, innerType } = definitionOf(one);
    return type === 'optional' && innerType === inner;
  });
  if (name !== undefined) return name;
  const isText = scope.folds && takesText(inner);
  return call(scope.help(isText ? 'optionalOrEmpty' : 'optional'), readerOf(inner, key, scope));
}

function readerOf(schema: SchemaLike, key: string, scope: Scope): string {
  const definition = definitionOf(schema);
  // As the item of a list, say: what is left out there is for the schema to tell.
  if (mayBeAbsent(definition)) return scope.help('unread');
  const name = readerNamed(scope, (one) => one === schema);
  if (name !== undefined) return name;
  const { bounds, rest } = splitChecks(definition);
  const write = writers[definition.type];
  const written = write?.(definition, { schema, key, scope, bounds }) ?? scope.help('unread');
  return rest.length === 0
    ? written
    : call(scope.help('such'), written, ...rest.map((one) => checkOf(one, key, scope)));
}

interface Place {
  readonly schema: SchemaLike;
  readonly key: string;
  readonly scope: Scope;
  readonly bounds: readonly string[];
}
/** @returns undefined for what is left to the schema */
type Write = (definition: Definition, place: Place) => string | undefined;

const writers: Readonly<Record<string, Write>> = {
  // What is a type of its own, such as z.email, has a check in itself.
  string: ({ check }, { scope }) => (check === undefined ? scope.help('text') : undefined),
  boolean: (_, { scope }) => scope.help('flag'),
  unknown: (_, { scope }) => scope.help('anything'),
  number({ check, format }, { scope, bounds }) {
    if (check === undefined) return scope.help('finite');
    return format === 'safeint' ? call(scope.help('integer'), ...bounds) : undefined;
  },
  enum: ({ entries = {} }, { scope }) => call(scope.help('oneOf'), ...Object.values(entries).map(quote)),
  literal: ({ values = [] }, { scope }) =>
    values.every(isScalar) ? call(scope.help('oneOf'), ...values.map(quote)) : undefined,
  custom({ fn }, { scope }) {
    const named = scope.nameOf(fn);
    return named && call(scope.help('such'), scope.help('anything'), scope.use(named));
  },
  nullable: ({ innerType }, { key, scope }) =>
    innerType && call(scope.help('nullable'), readerOf(innerType, key, scope)),
  array: ({ element }, { key, scope }) => element && call(scope.help('list'), readerOf(element, key, scope)),
  object({ catchall }, { schema, key, scope }) {
    const isOpen = catchall !== undefined;
    if (isOpen && (!scope.folds || definitionOf(catchall).type !== 'unknown')) return undefined;
    const closed = scope.folds ? 'config' : 'printed';
    return call(scope.help(isOpen ? 'openConfig' : closed), tableOf(schema, key, scope));
  },
};

/** The members of an object: what other tables have of them is spread. */
function tableOf(schema: SchemaLike, key: string, scope: Scope): string {
  const same = scope.known.find((one) => one.isShape && one.schema === schema);
  if (same !== undefined) return scope.use(same);
  const shape = shapeOf(schema);
  const { spreads, rest } = chooseSpreads(shape, key, scope.known);
  const entries = [
    ...spreads.map((one) => `...${scope.use(one)}`),
    ...rest.map(([name, member]) => `${propertyName(name)}: ${memberOf(member, name, scope)}`),
  ];
  // The formatter keeps an object on several lines if the first member is on a line of its own.
  return entries.length > 2 ? `{\n${entries.join(',\n')}\n}` : `{ ${entries.join(', ')} }`;
}

const propertyName = (key: string): string => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? key : quote(key));

/** The bounds that an integer's checks begin with, as arguments, and the other checks. */
function splitChecks({ type, format, checks = [] }: Definition): {
  readonly bounds: readonly string[];
  readonly rest: readonly Definition[];
} {
  const rest = checks.map(definitionOf);
  if (type !== 'number' || format !== 'safeint') return { bounds: [], rest };
  const take = (kind: string): number | undefined => {
    const { check, inclusive, value } = rest[0] ?? {};
    if (check !== kind || !inclusive) return undefined;
    rest.shift();
    return value;
  };
  const [least, most] = [take('greater_than'), take('less_than')];
  if (least === undefined && most === undefined) return { bounds: [], rest };
  const lower = least === undefined ? 'undefined' : quote(least);
  return { bounds: most === undefined ? [lower] : [lower, quote(most)], rest };
}

function checkOf({ check, pattern, fn }: Definition, key: string, { nameOf, use }: Scope): string {
  if (check === 'string_format' && pattern !== undefined) return `(value) => ${pattern}.test(value)`;
  const named = check === 'custom' ? nameOf(fn) : undefined;
  if (named === undefined)
    throw new Error(`${key}: a check of kind ${check} cannot be written down; export what it calls`);
  return use(named);
}
