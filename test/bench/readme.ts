/** The main table of a run, put between two marks of a README, so that what it says is what was measured last. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Step } from './calls.ts';
import type { Side } from './contenders.ts';
import type { Report } from './report.ts';
import type { Summary } from './statistics.ts';
import { labels, table } from './table.ts';

const begin = '<!-- make bench writes this table -->';
const end = '<!-- end of the table -->';

/** @throws where the file does not have both marks */
export function putTable(file: string, report: Report): void {
  writeFileSync(file, replaceTable(readFileSync(file, 'utf8'), mainTable(report).join('\n')));
}

/** @throws where the text does not have both marks */
export function replaceTable(text: string, content: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no "${begin}" and "${end}" after it`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

interface Row {
  readonly what: string;
  readonly value: (side: Side) => Summary | undefined;
  /** To the reference. */
  readonly ratio: (side: Side) => Summary | undefined;
}

/** Milliseconds of each side, with ours by the reference's. */
export function mainTable(report: Report): string[] {
  const { machine } = report;
  const sides = report.starts.map(({ side }) => side);
  const rows = [
    callRow(report, 'VERSION', 'plain', 'VERSION'),
    ...['plain', 'ipMasq', 'macspoofchk', 'dual stack'].map((scenario) =>
      callRow(report, `veth-bridge, ${scenario}: ADD+DEL`, scenario, 'ADD+DEL'),
    ),
    callRow(report, 'macvlan: ADD+DEL', 'bridge', 'ADD+DEL', 'macvlan'),
    ...['10,000', '50,000'].map((size) => growthRow(report, 'reservations', size)),
    growthRow(report, 'ports on the bridge', '1,000'),
    growthRow(report, 'masqueraded containers', '10,000'),
    ...[100, 300].map((containers) => loadRow(report, containers)),
  ];
  const cell = ({ value, ratio }: Row, side: Side): string => {
    const by = ratio(side);
    const factor = by === undefined ? '' : ` (${by.median.toFixed(2)})`;
    return `${value(side)?.median.toFixed(0) ?? ''}${factor}`;
  };
  return [
    '',
    ...table(
      ['milliseconds', ...sides.map((side) => labels[side])],
      rows.map((row) => [row.what, ...sides.map((side) => cell(row, side))]),
    ),
    '',
    `In brackets: ours by the reference's, measured in turns. ${machine['date']}, ${machine['cpu']}, ${machine['kernel']}, ${machine['reference']}.`,
    '',
  ];
}

function callRow({ calls }: Report, what: string, scenario: string, step: Step, plugin = 'veth-bridge'): Row {
  const found = calls.find(
    (call) => call.plugin === plugin && call.scenario === scenario && call.step === step,
  );
  return {
    what,
    value: (side) => found?.values[side],
    ratio: (side) => (side === 'reference' ? undefined : found?.ratios[side]),
  };
}

function growthRow({ growth }: Report, of: string, size: string): Row {
  const find = (side: Side) =>
    growth.find(
      (measure) =>
        measure.of === of &&
        measure.plugin === 'veth-bridge' &&
        measure.size.toLocaleString('en') === size &&
        measure.side === side,
    );
  return {
    what: `veth-bridge at ${size} ${of}: ADD+DEL`,
    value: (side) => find(side)?.cycle,
    ratio: (side) => find(side)?.ratio,
  };
}

function loadRow({ load }: Report, containers: number): Row {
  const find = (side: Side) =>
    load.find(
      (measure) => measure.containers === containers && measure.scenario === 'plain' && measure.side === side,
    );
  return {
    what: `${containers} ADDs at once`,
    value: (side) => find(side)?.add.wall,
    ratio: (side) => find(side)?.add.ratio,
  };
}
