/** The chart of what calls cost by what is on the node already: one panel for each thing that grows. */
import type { ContenderName, Side } from './contenders.ts';
import type { GrowthMeasure } from './growth.ts';
import { type Chart, drawCharts, type Series } from './plot.ts';
import { labels } from './table.ts';

const colors: Readonly<Record<ContenderName, string>> = {
  reference: '#c1440e',
  pkg: '#0b6e4f',
  bun: '#2f5fd0',
  floor: '#777777',
};

export function drawGrowth(growth: readonly GrowthMeasure[]): string {
  // Of reservations, host-local alone is in the tables; here is what a pod pays.
  const shown = growth.filter(({ plugin }) => plugin !== 'host-local');
  return drawCharts([...Map.groupBy(shown, ({ of }) => of)].map(([of, measures]) => chartOf(of, measures)));
}

function chartOf(of: string, measures: readonly GrowthMeasure[]): Chart {
  const sides = (['reference', 'pkg', 'bun'] as const).filter((name) =>
    measures.some(({ side }) => side === name),
  );
  return {
    title: `veth-bridge + host-local: ADD and DEL of one more, by ${of}`,
    xLabel: of,
    yLabel: 'milliseconds (median, 10th to 90th percentile)',
    series: sides.map((side) => seriesOf(side, measures)),
  };
}

function seriesOf(side: Side, measures: readonly GrowthMeasure[]): Series {
  return {
    name: labels[side],
    color: colors[side],
    points: measures
      .filter((measure) => measure.side === side)
      .map(({ size: x, cycle: { median: y, p10: low, p90: high } }) => ({ x, y, low, high })),
  };
}
