/**
 * What schemas are made of, and read with: as much of zod as plumbline uses. A call whose config is plain, and that finds
 * no fault, needs none of it; so it is imported as `#zod`, and loaded when something of it is called: in the build by pkg it
 * is no part of the heap that each start puts together (scripts/build/later.ts), and on Bun runtime/zod.ts stands for it.
 * Hence functions alone, beside types.
 */

export type { core, infer, output, ZodMiniType } from 'zod/mini';
export {
  _default,
  array,
  boolean,
  custom,
  enum,
  extend,
  gte,
  int,
  literal,
  looseObject,
  lte,
  nullable,
  number,
  object,
  optional,
  parse,
  record,
  refine,
  regex,
  safeParse,
  string,
  union,
  unknown,
} from 'zod/mini';
