import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  means,
  pairRatios,
  quantile,
  rotated,
  roundsWithin,
  selfSpread,
  standingOf,
  summarize,
  summarizeRatio,
  sums,
  uncertainty,
} from '../../bench/statistics.ts';

const samples = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('quantile', () => {
  test('the median of an odd number of samples is the one in the middle, in whichever order they come', () => {
    expect(quantile([9, 1, 5], 0.5)).toBe(5);
  });

  test('between two samples it is linear, as R and NumPy have it', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.1)).toBeCloseTo(14);
    expect(quantile([10, 20, 30, 40, 50], 0.9)).toBeCloseTo(46);
  });

  test('one sample is every quantile', () => {
    expect(quantile([7], 0.1)).toBe(7);
    expect(quantile([7], 0.9)).toBe(7);
  });

  test('numbers are compared as numbers', () => {
    expect(quantile([9, 10, 100], 0.5)).toBe(10);
  });

  test('its samples stay in their order', () => {
    const given = [3, 1, 2];
    quantile(given, 0.5);
    expect(given).toEqual([3, 1, 2]);
  });

  test('without samples there is none', () => {
    expect(() => quantile([], 0.5)).toThrow('no samples');
  });

  test('it lies among the samples, and grows with its share', () => {
    fc.assert(
      fc.property(samples, (given) => {
        const found = [0, 0.1, 0.5, 0.9, 1].map((q) => quantile(given, q));
        expect(found).toEqual(found.toSorted((a, b) => a - b));
        expect(found[0]).toBe(Math.min(...given));
        expect(found.at(-1)).toBe(Math.max(...given));
      }),
    );
  });
});

test('a summary has the median and the spread; one outlier moves neither far', () => {
  const calm = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
  expect(summarize(calm)).toEqual({ count: 11, median: 15, p10: 11, p90: 19 });
  expect(summarize([...calm.slice(0, 10), 5000])).toEqual({ count: 11, median: 15, p10: 11, p90: 19 });
});

describe('pairRatios', () => {
  test('each sample by the one taken next to it', () => {
    expect(pairRatios([20, 90], [10, 30])).toEqual([2, 3]);
  });

  test('a slow time of the machine that meets both sides does not show', () => {
    expect(pairRatios([10, 1000], [5, 500])).toEqual([2, 2]);
  });

  test('what does not pair up is refused', () => {
    expect(() => pairRatios([1, 2], [1])).toThrow('2 samples do not pair up with 1');
  });
});

describe('summarizeRatio', () => {
  test('what is the same in each round is the ratio', () => {
    expect(summarizeRatio([2, 4, 6], [1, 2, 3])).toEqual({ count: 3, median: 2, p10: 2, p90: 2 });
  });

  test('between two rounds it is their geometric mean', () => {
    expect(summarizeRatio([1, 4], [1, 1]).median).toBeCloseTo(2);
  });

  test('one outlier does not move it far', () => {
    const calm = [1.9, 1.95, 2, 2, 2, 2.05, 2.1];
    const ones = Array.from({ length: 8 }, () => 1);
    expect(summarizeRatio([...calm, 500], ones).median).toBeCloseTo(2, 1);
  });

  test('of two times of which each comes up now and then, it tells how often', () => {
    const ofTwenty = (often: number): number =>
      summarizeRatio(
        Array.from({ length: 20 }, (_, index) => (index < often ? 4 : 1)),
        Array.from({ length: 20 }, () => 1),
      ).median;
    const [some, half, most] = [ofTwenty(7), ofTwenty(10), ofTwenty(13)];
    expect([some, half, most].map((ratio) => Math.round(ratio * 100) / 100)).toEqual([1.54, 2, 2.59]);
  });

  test('the other way round it is the inverse', () => {
    const [a, b] = [
      [3, 5, 9],
      [2, 7, 4],
    ];
    expect(summarizeRatio(a, b).median * summarizeRatio(b, a).median).toBeCloseTo(1);
  });
});

test('sums go sample by sample', () => {
  expect(sums([1, 2], [10, 20])).toEqual([11, 22]);
  expect(() => sums([1], [])).toThrow('do not pair up');
});

describe('rotated', () => {
  test('who is first changes from round to round', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
  });

  test('nobody has no turns', () => {
    expect(rotated([], 3)).toEqual([]);
  });
});

describe('roundsWithin', () => {
  test('gives all rounds where there is time', () => {
    expect([...roundsWithin({ rounds: 4, least: 1, seconds: 60 })]).toEqual([0, 1, 2, 3]);
  });

  test('ends when the time is over, and not before the least number of rounds', () => {
    expect([...roundsWithin({ rounds: 100, least: 3, seconds: 0 })]).toEqual([0, 1, 2]);
  });
});

test('means go sample by sample', () => {
  expect(means([1, 2], [3, 6])).toEqual([2, 4]);
});

describe('what chance alone does', () => {
  test('the spread is the furthest of all pairs, whichever was larger', () => {
    expect(selfSpread([10, 10], [10, 10])).toBe(1);
    expect(selfSpread([10, 20], [11, 10])).toBe(2);
    expect(selfSpread([10, 10], [11, 20])).toBe(2);
  });

  test.each([
    [1, 1, 'within'],
    [1.25, 1.25, 'within'],
    [0.8, 1.25, 'within'],
    [1.26, 1.25, 'above'],
    [0.79, 1.25, 'below'],
  ])('a ratio of %s is, by a spread of %s, %s', (ratio, spread, expected) => {
    expect(standingOf(ratio, spread)).toBe(expected);
  });
});

test('the uncertainty of a ratio is that of its logarithm, and falls with the root of its rounds', () => {
  // The 10th and the 90th percentile lie 1.28 standard deviations of 0.1 from the middle.
  const spread = { median: 1, p10: Math.exp(-0.128), p90: Math.exp(0.128) };
  expect(uncertainty({ ...spread, count: 4 })).toBeCloseTo(0.05);
  expect(uncertainty({ ...spread, count: 16 })).toBeCloseTo(0.025);
  expect(uncertainty({ ...spread, count: 1 })).toBe(Number.POSITIVE_INFINITY);
});
