/** What the measurements are boiled down to. */

export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/**
 * A quantile, linear between the two nearest samples (type 7 of Hyndman and Fan, what R and NumPy do).
 * @param q from 0 (the smallest sample) to 1 (the largest)
 * @throws where there are no samples
 */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) throw new Error('no samples');
  const sorted = samples.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  return low + (high - low) * (position - below);
}

/** Median and spread: a mean would tell of the machine's hiccups. */
export function summarize(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    median: quantile(samples, 0.5),
    p10: quantile(samples, 0.1),
    p90: quantile(samples, 0.9),
  };
}

/**
 * The ratio of each sample to the one that was taken next to it, so that what slows the machine down for a while, slows
 * both and cancels out.
 * @throws where the two do not pair up
 */
export function pairRatios(samples: readonly number[], reference: readonly number[]): readonly number[] {
  if (samples.length !== reference.length) {
    throw new Error(`${samples.length} samples do not pair up with ${reference.length}`);
  }
  return samples.map((sample, index) => sample / (reference[index] ?? Number.NaN));
}

/**
 * A ratio: the geometric mean of those of the rounds, without a tenth of them at either end, in the place of the median. No outlier
 * moves it far either; and where something takes one time or four times as long, it moves with how often it does so, and does
 * not jump from one to the other. Of two things and of the same two the other way round it is the inverse.
 */
export function summarizeRatio(samples: readonly number[], reference: readonly number[]): Summary {
  const ratios = pairRatios(samples, reference);
  const logs = ratios.map(Math.log).sort((a, b) => a - b);
  const outside = logs.length < 5 ? 0 : Math.max(1, Math.round(logs.length / 10));
  const kept = logs.slice(outside, logs.length - outside);
  return { ...summarize(ratios), median: Math.exp(mean(kept)) };
}

export const mean = (samples: readonly number[]): number =>
  samples.reduce((sum, sample) => sum + sample, 0) / samples.length;

/**
 * How far from the truth a ratio may be: the standard error of its logarithm, as if its rounds were spread normally.
 * Without an end where there is one round.
 */
export function uncertainty({ count, p10, p90 }: Summary): number {
  // From the 10th to the 90th percentile there are 2.56 standard deviations.
  return count < 2 ? Number.POSITIVE_INFINITY : Math.log(p90 / p10) / 2.56 / Math.sqrt(count);
}

/** Means of samples that were taken next to each other. */
export function means(a: readonly number[], b: readonly number[]): readonly number[] {
  return sums(a, b).map((sum) => sum / 2);
}

/** Adds samples up one by one: the cycle is its ADD and its DEL. */
export function sums(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length !== b.length) throw new Error(`${a.length} samples do not pair up with ${b.length}`);
  return a.map((sample, index) => sample + (b[index] ?? Number.NaN));
}

/**
 * How far two runs of the same thing have been from each other at most, as a factor: 1 is not at all. Pair by pair, and
 * whichever of the two was the larger one: what they differ in is chance.
 */
export function selfSpread(samples: readonly number[], again: readonly number[]): number {
  return Math.max(...pairRatios(samples, again).map((ratio) => Math.max(ratio, 1 / ratio)));
}

/** Where a ratio is, seen from what chance alone can do. */
export type Standing = 'within' | 'above' | 'below';

export function standingOf(ratio: number, spread: number): Standing {
  if (ratio > spread) return 'above';
  return ratio < 1 / spread ? 'below' : 'within';
}

/**
 * Things in the order of their turn in a round: each begins as often as the others, so that nobody always runs in what
 * the same other one has left behind (hot caches, the kernel's late cleaning up).
 */
export function rotated<T>(things: readonly T[], round: number): readonly T[] {
  const at = things.length === 0 ? 0 : round % things.length;
  return [...things.slice(at), ...things.slice(0, at)];
}

export interface RoundOptions {
  readonly rounds: number;
  /** Rounds that there are in any case; spreads of fewer say nothing. */
  readonly least: number;
  /** Seconds after which no further round begins. */
  readonly seconds: number;
}

/** Numbers of rounds, from 0: as many as are wanted, fewer where the machine is too busy for so many. */
export function* roundsWithin({ rounds, least, seconds }: RoundOptions): Generator<number> {
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < rounds; round += 1) {
    if (round >= least && performance.now() >= end) return;
    yield round;
  }
}
