/** Finds what a misspelled word was meant to be. */
import { foldKey } from '../../lib/plain.ts';

/** The key that a word was most likely meant to be; none where all are too different. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  return best(word, candidates, (bare, name) => difference(bare, name));
}

/**
 * The same for names that anybody may choose, where there may well be one that is alike: `cnv-bridge` is not meant for
 * `bridge`, nor `ovn` for `ovs`.
 */
export function nearestName(word: string, candidates: Iterable<string>): string | undefined {
  return best(word, candidates, (bare, name) => {
    const edits = distance(bare, name);
    return edits <= allowance(name) && (name.length >= 5 || hasSameLetters(bare, name)) ? edits : undefined;
  });
}

function best(
  word: string,
  candidates: Iterable<string>,
  rate: (word: string, name: string) => number | undefined,
): string | undefined {
  let found: { readonly name: string; readonly score: number } | undefined;
  for (const name of candidates) {
    const score = rate(plain(word), plain(name));
    if (score !== undefined && (found === undefined || score < found.score)) found = { name, score };
  }
  return found?.name;
}

/** Case and what joins words are none of a misspelling's matter. */
const plain = (text: string): string => foldKey(text).replaceAll(/[_-]/g, '');

/** How many letters may be wrong. */
const allowance = (name: string): number => Math.max(1, Math.floor(name.length / 4));

const hasSameLetters = (a: string, b: string): boolean => [...a].sort().join('') === [...b].sort().join('');

/** How different two words are, 0 for the same; undefined where one cannot be meant for the other. */
function difference(word: string, name: string): number | undefined {
  const edits = distance(word, name);
  if (edits <= allowance(name)) return edits;
  // hairpin for hairpinMode, gateway for isGateway.
  const [short, long] = word.length < name.length ? [word, name] : [name, word];
  const isPart = short.length >= 4 && (long.startsWith(short) || long.endsWith(short));
  return isPart ? 3 + long.length - short.length : undefined;
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
