/** The measurements as text: tables that read as they are, and are Markdown. */
import type { Agreement } from './agreement.ts';
import type { BeforeMeasure } from './before.ts';
import type { CallMeasure } from './calls.ts';
import type { CommandMeasure } from './commands.ts';
import type { ConnectionMeasure } from './connections.ts';
import type { GrowthMeasure } from './growth.ts';
import type { LimitMeasure } from './limits.ts';
import type { LoadMeasure } from './load.ts';
import type { Machine } from './machine.ts';
import { beforeSection, callSections, limitSection, resourceSection, startSection } from './report-calls.ts';
import { commandSection, growthSection, loadSection } from './report-many.ts';
import { connectionSection, trafficSection } from './report-traffic.ts';
import { agreementSection, targetSection } from './report-verdicts.ts';
import type { ResourceMeasure } from './resources.ts';
import type { Plugin } from './scenarios.ts';
import type { StartMeasure } from './start.ts';
import { table } from './table.ts';
import type { Judgement } from './targets.ts';
import type { LinkMeasure, TrafficMeasure } from './traffic.ts';

export interface Report {
  /** Of this JSON: another number, another meaning. */
  readonly form: number;
  readonly machine: Machine;
  readonly rounds: number;
  /** Seconds that each section took. */
  readonly durations: Readonly<Record<string, number>>;
  readonly starts: readonly StartMeasure[];
  readonly limits: readonly LimitMeasure[];
  /** Beside an earlier build, where one was named. */
  readonly before: readonly BeforeMeasure[];
  readonly calls: readonly CallMeasure[];
  readonly missing: readonly Missing[];
  readonly resources: readonly ResourceMeasure[];
  readonly load: readonly LoadMeasure[];
  readonly growth: readonly GrowthMeasure[];
  readonly traffic: readonly TrafficMeasure[];
  readonly links: readonly LinkMeasure[];
  readonly missingTraffic: readonly Missing[];
  readonly connections: readonly ConnectionMeasure[];
  /** Why there are none. */
  readonly missingConnections?: string;
  /** Of people. */
  readonly commands: readonly CommandMeasure[];
  /** Of a whole run. */
  readonly targets: readonly Judgement[];
  /** With the whole run before, where there was one. */
  readonly agreement?: Agreement;
}

/** What this machine could not measure. */
export interface Missing {
  readonly plugin: Plugin;
  readonly scenario: string;
  readonly reason: string;
}

export const emptyReport: Report = {
  ...{ form: 3, machine: {}, rounds: 0, durations: {} },
  ...{ starts: [], limits: [], before: [], calls: [], missing: [], resources: [], load: [], growth: [] },
  ...{ traffic: [], links: [], missingTraffic: [], connections: [], commands: [], targets: [] },
};

/** @param plot file name of the chart */
export function formatReport(report: Report, plot: string): string {
  return [
    '# plumbline beside the reference plugins',
    '',
    'Made by `make bench`: all sides in one run on one machine, call by call in turns. Compare within a row; absolute',
    'times belong to the machine. Milliseconds are medians, with the 10th and the 90th percentile in brackets; a ratio is',
    'ours / reference, pair by pair, their trimmed geometric mean: above 1, ours is slower. How to read it: [README.md](../README.md).',
    '',
    ...table(['', ''], Object.entries(report.machine), 'left'),
    '',
    ...targetSection(report),
    ...agreementSection(report),
    ...startSection(report),
    ...limitSection(report),
    ...beforeSection(report),
    ...callSections(report),
    ...resourceSection(report),
    ...growthSection(report, plot),
    ...loadSection(report),
    ...trafficSection(report),
    ...connectionSection(report),
    ...commandSection(report),
    ...durationSection(report),
  ].join('\n');
}

function durationSection({ durations }: Report): string[] {
  const parts = Object.entries(durations);
  const total = parts.reduce((sum, [, seconds]) => sum + seconds, 0);
  return [
    '## How long this took',
    '',
    ...table(
      ['section', 'seconds'],
      [...parts, ['all', total] as const].map(([name, seconds]) => [name, String(seconds)]),
    ),
    '',
  ];
}
