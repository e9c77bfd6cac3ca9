/** What readers are made of: schemas with names, and what is looked at in them. */
import type { SchemaLike } from '../../lib/cni/json.ts';

/** A schema that gets a constant. */
export interface Source {
  readonly name: string;
  readonly schema: SchemaLike;
  /** Whether keys are matched in any case, nulls and empty texts are absent: so in configs, not in what tools print. */
  readonly folds: boolean;
  /** Whether it is the table of an object's members, for others to spread, rather than a reader. */
  readonly isShape?: boolean;
  /** Whether nobody else may import it. */
  readonly isOwn?: boolean;
}

/** Where something is exported. */
export interface Named {
  readonly name: string;
  /** The import's specifier, from the file that is made; undefined within the file. */
  readonly from?: string;
}

/** A source that is in reach of a file: of another one, or further up. */
export type Known = Source & Named;

export interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, SchemaLike>>;
  readonly catchall?: SchemaLike;
  readonly element?: SchemaLike;
  readonly innerType?: SchemaLike;
  readonly defaultValue?: unknown;
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
  readonly check?: string;
  readonly checks?: readonly SchemaLike[];
  readonly format?: string;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly pattern?: RegExp;
  readonly fn?: unknown;
}

export const definitionOf = (schema: SchemaLike): Definition => schema._zod.def as Definition;

/** As lib/cni/json.ts: where an empty text is absent. */
export function takesText(schema: SchemaLike): boolean {
  const { type, innerType } = definitionOf(schema);
  return ['string', 'enum'].includes(type) || (innerType !== undefined && takesText(innerType));
}
