import { describe, expect, test } from 'vitest';
import { compareRuns, isWithinSpread, ratiosIn } from '../../bench/agreement.ts';
import type { CallMeasure } from '../../bench/calls.ts';
import { replaceTable } from '../../bench/readme.ts';
import { emptyReport, formatReport, type Report } from '../../bench/report.ts';
import { judge, missed } from '../../bench/targets.ts';

const time = (median: number) => ({ count: 3, median, p10: median, p90: median });
const start = (side: 'pkg' | 'bun', ratio: number) => ({ side, version: time(30), ratio: time(ratio) });
const cycle = (scenario: string, pkg: number, bun: number): CallMeasure => ({
  plugin: 'veth-bridge',
  scenario,
  step: 'ADD+DEL',
  values: {},
  ratios: { pkg: time(pkg), bun: time(bun) },
});
const measured: Report = {
  ...emptyReport,
  starts: [start('pkg', 1.4), start('bun', 2.5)],
  calls: [cycle('plain', 2.4, 1.7), cycle('ipMasq', 1.5, 0.6)],
  connections: [
    { containers: 1_000, came: 'last', values: {}, most: time(1.4), ratios: { pkg: time(1.3) } },
    { containers: 1_000, came: 'first', values: {}, most: time(1.4), ratios: { pkg: time(1) } },
  ],
  resources: [
    { plugin: 'veth-bridge', scenario: 'plain', command: 'ADD', contender: 'pkg', peak: 60, children: 2 },
    { plugin: 'macvlan', scenario: 'bridge', command: 'DEL', contender: 'pkg', peak: 70, children: 3 },
  ],
};

describe('targets', () => {
  const judgements = judge(measured);
  const verdictOf = (what: RegExp, build: string) =>
    judgements.find((judgement) => what.test(judgement.what) && judgement.build === build)?.verdict;

  test('each build has its own limits; the aim is told from what must be', () => {
    expect(verdictOf(/^VERSION/, 'pkg')).toBe('met');
    expect(verdictOf(/^VERSION/, 'bun')).toBe('NOT MET');
    expect(verdictOf(/host-local, to the reference/, 'pkg')).toBe('aim met');
    expect(verdictOf(/ipMasq/, 'pkg')).toBe('NOT MET');
    expect(verdictOf(/ipMasq/, 'bun')).toBe('aim met');
  });

  test('of connections, more is better', () => {
    expect(verdictOf(/^new connections/, 'pkg')).toBe('met');
    expect(verdictOf(/^new connections/, 'bun')).toBeUndefined();
    const slow = { containers: 1_000, came: 'last', values: {}, ratios: { pkg: time(1.1) } } as const;
    const withMost = (most: number) =>
      judge({ ...measured, connections: [{ ...slow, most: time(most) }] }).find(({ what }) =>
        /^new connections/.test(what),
      )?.verdict;
    expect(withMost(1.15)).toBe('out of reach');
    expect(withMost(1.3)).toBe('NOT MET');
  });

  test('memory is the most of all calls, processes those of the named scenario', () => {
    expect(judgements.find(({ what }) => /memory/.test(what))?.measured).toBe('70.0');
    expect(verdictOf(/ADD, plain/, 'pkg')).toBe('aim met');
  });

  test('what was not measured is not met, and not missed', () => {
    expect(verdictOf(/50,000$/, 'pkg')).toBe('not measured');
    expect(missed(judgements).map(({ build }) => build)).toEqual(['bun', 'pkg']);
  });

  test('a target below the least that is possible is missed for another reason', () => {
    const limit = (least: number) => ({
      ...{ scenario: 'ipMasq', containers: 1, values: {} },
      ratios: { pkg: time(least) },
    });
    const found = (least: number) =>
      judge({ ...measured, limits: [limit(least)] }).find(
        ({ what, build }) => /ipMasq/.test(what) && build === 'pkg',
      );
    expect(found(1.45)).toMatchObject({ verdict: 'out of reach', limit: '1.45 (1.45-1.45)' });
    expect(found(1.3)).toMatchObject({ verdict: 'NOT MET', limit: '1.30 (1.30-1.30)' });
  });

  test('the report says it aloud', () => {
    const text = formatReport({ ...measured, targets: judgements }, 'plot.svg');
    expect(text).toContain('**NOT MET: VERSION, to an empty program on the same runtime (bun); ');
  });
});

describe('the data path', () => {
  const passed = { plugin: 'ovs', scenario: 'veth', ours: time(1), byHand: time(1), spread: 1.1 } as const;
  const traffic = (unit: string, standing: 'above' | 'below' | 'within') => ({
    ...{ ...passed, what: unit, unit, ratio: time(1) },
    standing,
  });
  const verdictOf = (report: Partial<Report>) =>
    judge({ ...measured, ...report }).find(({ what }) => /data path/.test(what))?.verdict;

  test.each([
    ['Gbit/s', 'above', 'aim met'],
    ['Gbit/s', 'below', 'NOT MET'],
    ['µs', 'above', 'NOT MET'],
    ['µs', 'below', 'aim met'],
    ['µs', 'within', 'aim met'],
  ] as const)('%s %s what chance does: %s', (unit, standing, verdict) => {
    expect(verdictOf({ traffic: [traffic(unit, standing)] })).toBe(verdict);
  });

  test('links that differ are a fault of their own', () => {
    const link = { plugin: 'ovs', scenario: 'veth', end: 'node', compared: 9 } as const;
    const report = { traffic: [traffic('µs', 'within')], links: [{ ...link, differences: ['mtu'] }] };
    expect(verdictOf(report)).toBe('NOT MET');
  });
});

describe('two runs', () => {
  test('agree where each ratio is within 20 % of the other, in either direction', () => {
    const again = { ...measured, calls: [cycle('plain', 2.8, 1.5), cycle('ipMasq', 1.2, 0.6)] };
    expect(compareRuns(again, measured)).toEqual({
      compared: ratiosIn(measured).length,
      apart: [{ name: 'veth-bridge ipMasq ADD+DEL, pkg', now: time(1.2), before: time(1.5) }],
    });
  });

  test('that are apart: whether their rounds are, too', () => {
    const spread = (median: number, p10: number, p90: number) => ({ count: 4, median, p10, p90 });
    expect(isWithinSpread(spread(1.5, 1.1, 1.9), spread(1.2, 1, 1.6))).toBe(true);
    expect(isWithinSpread(spread(1.5, 1.3, 1.9), spread(1.2, 1, 1.6))).toBe(false);
    expect(isWithinSpread(spread(1.5, 1.1, 1.9), spread(1.2, 1, 1.4))).toBe(false);
  });

  test('what one of them has not measured is not compared', () => {
    expect(compareRuns(measured, { ...measured, starts: [] }).compared).toBe(ratiosIn(measured).length - 2);
  });

  test('every ratio has a name of its own', () => {
    const names = ratiosIn(measured).map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the table of a README', () => {
  const [begin, end] = ['<!-- make bench writes this table -->', '<!-- end of the table -->'];

  test('is put between its marks, and the rest stays', () => {
    const text = `before\n${begin}\nold\n${end}\nafter\n`;
    expect(replaceTable(text, 'new')).toBe(`before\n${begin}\nnew\n${end}\nafter\n`);
    expect(replaceTable(replaceTable(text, 'x'), 'new')).toBe(replaceTable(text, 'new'));
  });

  test('without marks there is no place for it', () => {
    expect(() => replaceTable('text', 'new')).toThrow('no "<!-- make bench');
    expect(() => replaceTable(`${end} ${begin}`, 'new')).toThrow();
  });
});
