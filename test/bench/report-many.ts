/** Many containers, there already or all at once, as text. */
import { builds } from './contenders.ts';
import type { GrowthMeasure } from './growth.ts';
import type { LoadFigures, LoadMeasure } from './load.ts';
import type { Report } from './report.ts';
import { labels, spread, table } from './table.ts';

export function growthSection({ growth }: Report, plot: string): string[] {
  if (growth.length === 0) return [];
  const kinds = Map.groupBy(growth, ({ of, plugin }) => `${of}: ${plugin}`);
  return [
    '## Growth: ADD and DEL of one more',
    '',
    'What is there already is made up; reservations lie on a file system in memory. Growth: ADD+DEL by the same on a node that',
    'has none, pair by pair; ratio: ADD+DEL by the reference on a node that has as many. First after boot: the one ADD of a',
    'network that looks at every reservation for what an earlier boot has left (one sample; the reference never does).',
    '',
    ...[...kinds].flatMap(([title, measures]) => [`### By ${title}`, '', ...growthTable(measures), '']),
    `![ADD+DEL by what is on the node already](${plot})`,
    '',
  ];
}

function growthTable(measures: readonly GrowthMeasure[]): string[] {
  const withBoot = measures.some(({ firstAfterBoot }) => firstAfterBoot !== undefined);
  return table(
    [
      ...['there', 'side', 'ADD ms', 'DEL ms', 'ADD+DEL ms', 'growth', 'ratio'],
      ...(withBoot ? ['first after boot ms'] : []),
    ],
    measures.map(({ size, side, add, del, cycle, growth, ratio, firstAfterBoot }) => [
      size.toLocaleString('en'),
      labels[side],
      ...[add, del, cycle].map((summary) => spread(summary)),
      spread(growth.cycle, 2),
      spread(ratio, 2),
      firstAfterBoot?.toFixed(0) ?? '',
    ]),
  );
}

export function loadSection({ load }: Report): string[] {
  if (load.length === 0) return [];
  const kinds = Map.groupBy(load, ({ containers, scenario }) => `${containers} containers, ${scenario}`);
  return [
    '## Many at once',
    '',
    'veth-bridge: one bridge, one range that has just enough addresses; all ADDs at once, then all DELs. Wall: from the first',
    'start to the last end. CPU: user and system time of all processes. Peak: what all processes take at the same time, with',
    'shared pages divided among them (PSS), in a round of its own.',
    '',
    ...[...kinds].flatMap(([title, measures]) => [`### ${title}`, '', ...loadTable(measures), '']),
  ];
}

function loadTable(load: readonly LoadMeasure[]): string[] {
  const figures = ({ wall, cpu, peak, ratio }: LoadFigures): string[] => [
    spread(wall, 0),
    ratio?.median.toFixed(2) ?? '',
    spread(cpu, 1),
    peak?.toFixed(0) ?? '',
  ];
  const rows = table(
    ['call', 'side', 'wall ms', 'ratio', 'CPU s', 'peak MiB', 'addresses', 'failures'],
    (['add', 'del'] as const).flatMap((step) =>
      load.map((measure) => [
        step.toUpperCase(),
        labels[measure.side],
        ...figures(measure[step]),
        ...(step === 'add' ? [String(measure.addresses), ''] : ['', String(measure.failures)]),
      ]),
    ),
  );
  const said = load.flatMap(({ side, failure }) =>
    failure === undefined
      ? []
      : ['', `First failure, ${labels[side]}:`, '', ...failure.split('\n').map((line) => `    ${line}`)],
  );
  return [...rows, ...said];
}

export function commandSection({ commands }: Report): string[] {
  const [first] = commands;
  if (first === undefined) return [];
  const sides = builds.filter((build) => commands.some(({ values }) => values[build] !== undefined));
  return [
    '## What people type',
    '',
    `On a node with ${first.containers} masqueraded containers; attach and detach are of one more.`,
    '',
    ...table(
      ['plumbline …', ...sides.map((side) => `${labels[side]} ms`)],
      commands.map(({ command, values }) => [command, ...sides.map((side) => spread(values[side], 0))]),
    ),
    '',
  ];
}
