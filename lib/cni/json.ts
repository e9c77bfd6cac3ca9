/**
 * JSON as the Go plugins read it: keys match in any case (an exact match first), null is as good as absent, and so is an
 * empty text where a text may be left out.
 * So a config that says `"macSpoofChk": true` gets its anti-spoofing here as it does there.
 */
import { CniError, ErrorCode, show } from '../errors.ts';
import { once } from '../once.ts';
import { foldKey, isRecord } from '../plain.ts';

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return isRecord(value);
}

/**
 * JSON text as an object.
 * @throws CniError 6 when it is no JSON, or no object
 */
export function parseObject(text: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CniError(ErrorCode.undecodable, `${what} is not valid JSON: ${reason.slice(0, 200)}`);
  }
  if (!isObject(value)) {
    throw new CniError(ErrorCode.undecodable, `${what} must be a JSON object, not ${show(value)}`);
  }
  return value;
}

/** One member of an object, its key in any case; null is absent. */
export function member(object: JsonObject, key: string): unknown {
  if (Object.hasOwn(object, key)) return object[key] ?? undefined;
  const folded = foldKey(key);
  for (const [candidate, value] of Object.entries(object)) {
    if (foldKey(candidate) === folded) return value ?? undefined;
  }
  return undefined;
}

/** The object without a member, its key in any case. */
export function without(object: JsonObject, key: string): JsonObject {
  const folded = foldKey(key);
  return Object.fromEntries(Object.entries(object).filter(([candidate]) => foldKey(candidate) !== folded));
}

/** What is looked at in a zod schema; zod documents `_zod.def` for libraries that walk schemas. */
export interface SchemaLike {
  readonly _zod: { readonly def: object };
}

export interface Definition {
  readonly type?: string;
  readonly shape?: Readonly<Record<string, SchemaLike>>;
  /** What keys beside those of the shape are taken for: there are such keys, then. */
  readonly catchall?: SchemaLike;
  readonly element?: SchemaLike;
  readonly innerType?: SchemaLike;
  readonly in?: SchemaLike;
  readonly valueType?: SchemaLike;
  readonly options?: readonly SchemaLike[];
}

/**
 * A value with the keys that a schema knows spelled as the schema spells them, and its nulls left out.
 * Follows the schema, not the value, so that deep nesting in an unknown field costs nothing.
 */
export function foldToSchema(schema: SchemaLike, value: unknown): unknown {
  const definition: Definition = schema._zod.def;
  if (definition.innerType) return foldToSchema(definition.innerType, value);
  if (definition.in) return foldToSchema(definition.in, value);
  if (definition.element && Array.isArray(value)) {
    const { element } = definition;
    return value.map((item) => foldToSchema(element, item));
  }
  if (definition.options) {
    return definition.options.reduce((folded, option) => foldToSchema(option, folded), value);
  }
  if (definition.shape && isObject(value)) return foldObject(definition.shape, value);
  return value;
}

function foldObject(shape: Readonly<Record<string, SchemaLike>>, value: JsonObject): JsonObject {
  // Most configs are spelled as the schema is.
  const spelling = once(() => new Map(Object.keys(shape).map((key) => [foldKey(key), key])));
  const folded: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === null || key === '__proto__') continue;
    const known = Object.hasOwn(shape, key) ? key : spelling().get(foldKey(key));
    const schema = known === undefined ? undefined : shape[known];
    if (known === undefined || schema === undefined) folded[key] = item;
    else if (
      isSaid(schema, item) &&
      (known === key || !Object.hasOwn(value, known) || value[known] === null)
    ) {
      folded[known] = foldToSchema(schema, item);
    }
  }
  return folded;
}

/** Go leaves a text that is not set empty, and so do configs that were written by Go programs. */
function isSaid(schema: SchemaLike, item: unknown): boolean {
  const { type = '' }: Definition = schema._zod.def;
  return item !== '' || !['optional', 'default'].includes(type) || !takesText(schema);
}

/** An empty text in the place of a number or a truth value is a mistake for Go too. */
function takesText(schema: SchemaLike): boolean {
  const { type = '', innerType, in: input, options = [] }: Definition = schema._zod.def;
  const inner = innerType ?? input;
  return (
    ['string', 'enum'].includes(type) || (inner !== undefined && takesText(inner)) || options.some(takesText)
  );
}
