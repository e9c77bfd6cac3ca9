/** Finds what a misspelled word was meant to be. */
import { foldKey } from '../../lib/cni/json.ts';

/** The candidate that a word was most likely meant to be; none where all are too different. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const bare = plain(word);
  let best: { readonly name: string; readonly score: number } | undefined;
  for (const name of candidates) {
    const score = difference(bare, plain(name));
    if (score !== undefined && (best === undefined || score < best.score)) best = { name, score };
  }
  return best?.name;
}

/** Case and what joins words are none of a misspelling's matter. */
const plain = (text: string): string => foldKey(text).replaceAll(/[_-]/g, '');

/** How different two words are, 0 for the same; undefined where one cannot be meant for the other. */
function difference(word: string, name: string): number | undefined {
  const edits = distance(word, name);
  if (edits <= Math.max(1, Math.floor(name.length / 4))) return edits;
  // hairpin for hairpinMode, gateway for isGateway.
  const [short, long] = word.length < name.length ? [word, name] : [name, word];
  if (short.length >= 4 && (long.startsWith(short) || long.endsWith(short)))
    return 3 + long.length - short.length;
  return undefined;
}

/** How many letters must be added, left out, replaced, or exchanged with their neighbour (optimal string alignment). */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
