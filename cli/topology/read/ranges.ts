/** Numbers as people write many of them: 10,20-30. */

export type Range = readonly [first: number, last: number];

/** In order, with neighbours joined. */
export function rangesOf(ranges: readonly Range[]): string {
  const joined: [number, number][] = [];
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const previous = joined.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else joined.push([first, last]);
  }
  return joined.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
