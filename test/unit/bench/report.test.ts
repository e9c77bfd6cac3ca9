import { describe, expect, test } from 'vitest';
import { drawCharts, ticks } from '../../bench/plot.ts';
import { emptyReport, formatReport, type Report } from '../../bench/report.ts';
import { spread, table } from '../../bench/table.ts';

describe('table', () => {
  test('is Markdown whose columns stand under each other; numbers stand right', () => {
    const rows = [
      ['plain', '9'],
      ['ipMasq', '10.5'],
    ];
    expect(table(['scenario', 'ms'], rows)).toEqual([
      '| scenario |   ms |',
      '| -------- | ---: |',
      '| plain    |    9 |',
      '| ipMasq   | 10.5 |',
    ]);
  });

  test('a cell that is not there is empty', () => {
    expect(table(['a', 'b'], [['x']]).at(-1)).toBe('| x   |     |');
  });
});

describe('the report', () => {
  const time = (median: number) => ({ count: 3, median, p10: median, p90: median });
  const call = {
    step: 'ADD',
    values: { pkg: time(40), reference: time(20) },
    ratios: { pkg: time(2) },
  } as const;
  const handMade = {
    step: 'ADD',
    values: { pkg: time(40), floor: time(16) },
    ratios: { pkg: time(2.5) },
  } as const;
  const passed = { plugin: 'ovs', scenario: 'veth', unit: 'Gbit/s', ours: time(4), byHand: time(5) } as const;
  const peaks = (plugin: 'veth-bridge' | 'macvlan', ours: number, reference: number) =>
    [
      { plugin, scenario: 'one', command: 'ADD', contender: 'pkg', peak: ours, children: 2 },
      { plugin, scenario: 'one', command: 'ADD', contender: 'reference', peak: reference, children: 1 },
    ] as const;
  const report: Report = {
    ...emptyReport,
    rounds: 3,
    calls: [
      { plugin: 'veth-bridge', scenario: 'one', ...call },
      { plugin: 'macvlan', scenario: 'one', ...call, values: { ...call.values, floor: time(10) } },
      { plugin: 'ovs', scenario: 'veth', ...handMade },
      { plugin: 'ovs', scenario: 'veth', step: 'CHECK', values: { pkg: time(30) }, ratios: {} },
    ],
    missing: [{ plugin: 'ipvlan', scenario: 'l2', reason: 'this kernel has none' }],
    resources: [
      ...peaks('veth-bridge', 60, 5),
      ...peaks('macvlan', 61, 6),
      { plugin: 'ovs', scenario: 'veth', command: 'ADD', contender: 'pkg', peak: 62, children: 7 },
    ],
    traffic: [
      { ...passed, what: 'TCP, 1 stream', ratio: time(0.8), spread: 1.25, standing: 'within' },
      { ...passed, what: 'TCP, 8 streams', ratio: time(0.5), spread: 1.25, standing: 'below' },
    ],
    links: [
      { plugin: 'ovs', scenario: 'veth', end: 'container', compared: 85, differences: [] },
      {
        ...{ plugin: 'ovs', scenario: 'veth', end: 'node', compared: 85 },
        differences: ['mtu: 1400, by hand 1500', 'offload tso: off, by hand on'],
      },
    ],
    missingTraffic: [{ plugin: 'ovs', scenario: 'veth, kernel', reason: 'this kernel has none' }],
  };
  const text = formatReport(report, 'plot.svg');
  const sectionOf = (heading: string) => text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));

  test('has a table for each plugin', () => {
    expect(sectionOf('veth-bridge')).toMatch(/\| one +\| ADD +\| +40\.0 /);
    expect(sectionOf('macvlan')).toMatch(/\| one +\| ADD +\| +40\.0 .* 10\.0 .* 2\.00 /);
  });

  test('names what the machine could not measure, and has no empty table for it', () => {
    expect(sectionOf('ipvlan')).toContain('\n\nMissing: ipvlan l2: this kernel has none.\n\n');
    expect(sectionOf('ipvlan')).not.toContain('|');
  });

  test('where there is no reference, the ratio is by what is made by hand', () => {
    const section = sectionOf('ovs');
    expect(section).toMatch(/\| scenario \| call +\| +plumbline ms \| +by hand ms \| +ratio \|/);
    expect(section).toMatch(/\| veth +\| ADD +\| +40\.0 .* \| +16\.0 .* \| +2\.50 /);
    expect(section).toMatch(/\| veth +\| CHECK \| +30\.0 \(30\.0-30\.0\) \| +\| +\|/);
    expect(sectionOf('Memory and processes of a call')).toMatch(/\| ovs .*\| +62\.0 \| +\| +7 \| +\|/);
  });

  test('traffic is told beside the spread, links by what they differ in', () => {
    const section = sectionOf('Traffic between two containers');
    expect(section).toMatch(/TCP, 1 stream .* 0\.80-1\.25 \| within the spread \|/);
    expect(section).toMatch(/TCP, 8 streams .* 0\.80-1\.25 \| BELOW the spread +\|/);
    expect(section).toMatch(/\| container \| +85 \| equal +\|/);
    expect(section).toContain('| DIFFERS: mtu: 1400, by hand 1500; offload tso: off, by hand on |');
    expect(section).toContain('\n\nMissing: ovs veth, kernel: this kernel has none.\n\n');
  });

  test('scenarios of the same title are told apart by their plugin', () => {
    const section = sectionOf('Memory and processes of a call');
    expect(section).toMatch(/\| veth-bridge \| one +\| ADD +\| +60\.0 \| +5\.0 \| +2 \| +1 \|/);
    expect(section).toMatch(/\| macvlan +\| one +\| ADD +\| +61\.0 \| +6\.0 \| +2 \| +1 \|/);
  });
});

test('a median stands with its spread', () => {
  expect(spread({ count: 3, median: 5.25, p10: 4, p90: 6.06 })).toBe('5.3 (4.0-6.1)');
  expect(spread({ count: 3, median: 1.0149, p10: 1, p90: 1.1 }, 2)).toBe('1.01 (1.00-1.10)');
  expect(spread(undefined)).toBe('');
});

test.each([
  [50_000, [0, 10_000, 20_000, 30_000, 40_000, 50_000]],
  [1102.4, [0, 200, 400, 600, 800, 1000, 1200]],
  [0.7, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]],
  [0, [0, 1]],
])('an axis up to %s has round ticks', (largest, expected) => {
  expect(ticks(largest)).toEqual(expected);
});

test('a chart puts larger values higher and further right, inside its frame', () => {
  const points = [
    { x: 0, y: 5, low: 4, high: 6 },
    { x: 100, y: 50, low: 45, high: 60 },
  ];
  const series = [{ name: 's', color: 'red', points }];
  const svg = drawCharts([{ title: 'a < b', xLabel: 'x', yLabel: 'y', series }]);
  const dots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
  expect(dots).toHaveLength(2);
  const [[x1, y1], [x2, y2]] = dots as [[number, number], [number, number]];
  expect(x2).toBeGreaterThan(x1);
  expect(y2).toBeLessThan(y1);
  expect(Math.max(x1, x2)).toBeLessThanOrEqual(720);
  expect(Math.min(y1, y2)).toBeGreaterThanOrEqual(0);
  expect(svg).toContain('a &lt; b');
});
