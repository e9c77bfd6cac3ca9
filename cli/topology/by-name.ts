/**
 * The order of names with numbers in them: eth2 before eth10. By code units otherwise, capital letters counted as small
 * ones. (Intl.Collator does that, too, and takes 50 ms to be made.)
 */
export function byName(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return left.length - right.length || compare(a, b);
}

/** Numbers and what is between them, in turns. */
const partsOf = (name: string): readonly string[] => name.toLowerCase().match(/\d+|\D+/g) ?? [];

function compareParts(a: string, b: string): number {
  const [left, right] = [Number(a), Number(b)];
  return Number.isNaN(left) || Number.isNaN(right) ? compare(a, b) : left - right;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
