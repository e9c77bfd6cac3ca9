/** Which tables of members an object's table is built on. */
import type { SchemaLike } from '../../lib/cni/json.ts';
import { definitionOf, type Known } from './source.ts';

type Members = Readonly<Record<string, SchemaLike>>;

export const shapeOf = (schema: SchemaLike): Members => definitionOf(schema).shape ?? {};

/**
 * The tables that an object's members are spread from, and the members that are to be written down: those whose schema is
 * another than that of the spread. `z.extend` keeps the schemas of what it extends.
 * @param key by which one of two tables that say the same is chosen
 */
export function chooseSpreads(
  shape: Members,
  key: string,
  known: readonly Known[],
): { readonly spreads: readonly Known[]; readonly rest: readonly (readonly [string, SchemaLike])[] } {
  const chosen = new Set<Known>();
  let rest = Object.entries(shape);
  for (;;) {
    const [best] = known
      .filter((one) => one.isShape && fits(shapeOf(one.schema), shape, rest))
      .sort((a, b) => shared(b, rest) - shared(a, rest) || Number(b.name === key) - Number(a.name === key));
    if (best === undefined) return { spreads: known.filter((one) => chosen.has(one)), rest };
    chosen.add(best);
    rest = rest.filter(([name, member]) => shapeOf(best.schema)[name] !== member);
  }
}

/**
 * Two members at the least, but not all; none that the object does not have, and none that another spread has given, so
 * that their order means nothing.
 */
function fits(table: Members, shape: Members, rest: readonly [string, SchemaLike][]): boolean {
  const names = Object.keys(table);
  const same = names.filter((name) => table[name] === shape[name]).length;
  return (
    names.every((name) => rest.some(([one]) => one === name)) && same > 1 && same < Object.keys(shape).length
  );
}

function shared({ schema }: Known, rest: readonly [string, SchemaLike][]): number {
  return rest.filter(([name, member]) => shapeOf(schema)[name] === member).length;
}
