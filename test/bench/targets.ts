/** What this project asks of itself on a machine of two cores: ratios in one run, a limit that must hold and one that is aimed at. */
import type { Step } from './calls.ts';
import type { CniCommand } from './contenders.ts';
import { type Build, builds } from './contenders.ts';
import type { Report } from './report.ts';
import type { ResourceMeasure } from './resources.ts';
import type { Summary } from './statistics.ts';
import { spread } from './table.ts';

/** Out of reach: not met, and neither would be by a program that does nothing but start and call `ip` (limits.ts). */
export type Verdict = 'aim met' | 'met' | 'NOT MET' | 'out of reach' | 'not measured';

/** One target of one build, in words. */
export interface Judgement {
  readonly what: string;
  readonly build: Build;
  readonly must: string;
  readonly aim: string;
  readonly measured: string;
  /** The least that is possible, where that is measured. */
  readonly limit: string;
  readonly verdict: Verdict;
}

type Found = Summary | number | undefined;

interface Target {
  readonly what: string;
  /** Must and aim; a build without them has no target here. */
  readonly limits: Readonly<Partial<Record<Build, readonly [must: number, aim: number]>>>;
  readonly find: (report: Report, build: Build) => Found;
  /** The least that is possible, or the most where more is better. */
  readonly limit?: (report: Report, build: Build) => Summary | undefined;
  /** Otherwise less is better. */
  readonly isLeast?: boolean;
  readonly unit?: string;
}

const cycle =
  (scenario: string, step: Step = 'ADD+DEL') =>
  ({ calls }: Report, build: Build): Found =>
    calls.find((call) => call.plugin === 'veth-bridge' && call.scenario === scenario && call.step === step)
      ?.ratios[build];

const leastPossible =
  (scenario: string, containers = 1) =>
  ({ limits }: Report, build: Build): Summary | undefined =>
    limits.find((limit) => limit.scenario === scenario && limit.containers === containers)?.ratios[build];

const atReservations =
  (size: number) =>
  ({ growth }: Report, build: Build): Found =>
    growth.find(
      (measure) =>
        measure.of === 'reservations' &&
        measure.plugin === 'veth-bridge' &&
        measure.size === size &&
        measure.side === build,
    )?.ratio;

const newConnections =
  (came: Report['connections'][number]['came']) =>
  ({ connections }: Report, build: Build): Found =>
    connections.find((measure) => measure.came === came)?.ratios[build];

/** The most that any of these calls took. */
function most(
  { resources }: Report,
  build: Build,
  of: (measure: ResourceMeasure) => number | undefined,
  isMeant: (measure: ResourceMeasure) => boolean = () => true,
): number | undefined {
  const values = resources
    .filter((measure) => measure.contender === build && isMeant(measure))
    .flatMap((measure) => of(measure) ?? []);
  return values.length === 0 ? undefined : Math.max(...values);
}

const processes =
  (command: CniCommand, scenarios: readonly string[]) =>
  (report: Report, build: Build): Found =>
    most(
      report,
      build,
      ({ children }) => children,
      (measure) =>
        measure.plugin === 'veth-bridge' &&
        measure.command === command &&
        scenarios.includes(measure.scenario),
    );

const both = (must: number, aim: number): Target['limits'] => ({ pkg: [must, aim], bun: [must, aim] });

const targets: readonly Target[] = [
  {
    what: 'VERSION, to an empty program on the same runtime',
    limits: { pkg: [1.5, 1.25], bun: [2.2, 1.6] },
    find: ({ starts }, build) => starts.find(({ side }) => side === build)?.ratio,
  },
  {
    what: 'ADD+DEL, veth-bridge + host-local, to the reference',
    limits: { pkg: [3, 2.5], bun: [1.8, 1.4] },
    find: cycle('plain'),
    limit: leastPossible('plain'),
  },
  {
    what: 'the same with ipMasq',
    limits: { pkg: [1.4, 1.1], bun: [0.9, 0.7] },
    find: cycle('ipMasq'),
    limit: leastPossible('ipMasq'),
  },
  {
    what: 'ADD+DEL, veth-bridge + host-local, at 10,000 reservations, to the reference',
    limits: { pkg: [0.7, 0.5], bun: [0.4, 0.3] },
    find: atReservations(10_000),
  },
  {
    what: 'the same at 50,000',
    limits: { pkg: [0.15, 0.12], bun: [0.08, 0.06] },
    find: atReservations(50_000),
  },
  {
    // Alone, where it is the largest part of what is measured.
    what: 'ADD of host-local at 50,000 reservations, to ADD at 0',
    limits: { pkg: [1.3, 1.1], bun: [1.5, 1.2] },
    find: ({ growth }, build) =>
      growth.find(
        ({ of, plugin, size, side }) =>
          of === 'reservations' && plugin === 'host-local' && size === 50_000 && side === build,
      )?.growth.add,
  },
  {
    what: '100 parallel ADDs, wall time, to the reference',
    limits: { pkg: [3.5, 2.5], bun: [1.8, 1.4] },
    find: ({ load }, build) =>
      load.find(
        ({ containers, scenario, side }) => containers === 100 && scenario === 'plain' && side === build,
      )?.add.ratio,
    limit: leastPossible('plain', 100),
  },
  {
    what: 'new connections a second, masqueraded, 1,000 containers there before, to the reference',
    limits: { pkg: [1.2, 1.5] },
    find: newConnections('last'),
    limit: ({ connections }) => connections.find(({ came }) => came === 'last')?.most,
    isLeast: true,
  },
  {
    what: 'peak memory of a call, the largest of all',
    limits: { pkg: [75, 65], bun: [60, 45] },
    find: (report, build) => most(report, build, ({ peak }) => peak),
    unit: 'MiB',
  },
  {
    what: 'attach, detach, explain, topology beside 200 containers, the slowest',
    limits: { pkg: [1_000, 500], bun: [1_000, 500] },
    find: ({ commands }, build) => {
      const values = commands.flatMap(({ values }) => values[build]?.median ?? []);
      return values.length === 0 ? undefined : Math.max(...values);
    },
    unit: 'ms',
  },
  { what: 'processes forked: ADD, plain', limits: both(2, 2), find: processes('ADD', ['plain']) },
  {
    what: 'processes forked: ADD with rules',
    limits: both(3, 3),
    find: processes('ADD', ['ipMasq', 'macspoofchk', 'ipMasq + macspoofchk']),
  },
  { what: 'processes forked: DEL', limits: both(2, 2), find: processes('DEL', ['plain']) },
];

/** Every target, for each build that was measured. */
export function judge(report: Report): readonly Judgement[] {
  const present = builds.filter((build) => report.starts.some(({ side }) => side === build));
  return [
    ...targets.flatMap((target) =>
      present.flatMap((build) => {
        const limits = target.limits[build];
        return limits === undefined ? [] : [judgeOne(target, build, limits, report)];
      }),
    ),
    ...present.filter((build) => build === 'pkg').map((build) => judgeDataPath(report, build)),
  ];
}

function judgeOne(
  { what, find, limit, isLeast = false, unit }: Target,
  build: Build,
  [must, aim]: readonly [number, number],
  report: Report,
): Judgement {
  const found = find(report, build);
  const least = limit?.(report, build);
  const value = typeof found === 'object' ? found.median : found;
  const holds = (limit: number): boolean =>
    value !== undefined && (isLeast ? value >= limit : value <= limit);
  const limitText = (limit: number): string =>
    [...(isLeast ? ['at least'] : []), String(limit), ...(unit === undefined ? [] : [unit])].join(' ');
  const measured =
    typeof found === 'object' ? spread(found, 2) : (value?.toFixed(unit === 'MiB' ? 1 : 0) ?? '');
  const isBeyond = least !== undefined && (isLeast ? least.median < must : least.median > must);
  const missedBy = isBeyond ? 'out of reach' : 'NOT MET';
  const kept = holds(must) ? 'met' : missedBy;
  return {
    ...{ what, build, must: limitText(must), aim: limitText(aim), measured, limit: spread(least, 2) },
    verdict: value === undefined ? 'not measured' : holds(aim) ? 'aim met' : kept,
  };
}

/** Faster than by hand is no fault; slower than chance explains is. */
function judgeDataPath({ traffic, links }: Report, build: Build): Judgement {
  const worse = traffic.filter(({ unit, standing }) => standing === (unit === 'µs' ? 'above' : 'below'));
  const unlike = links.filter(({ differences }) => differences.length > 0);
  const isMet = worse.length === 0 && unlike.length === 0;
  const limit = 'within the spread of the hand-made; links equal';
  return {
    ...{ what: 'data path, to the same wiring by hand', build, must: limit, aim: limit, limit: '' },
    measured: `${traffic.length - worse.length} of ${traffic.length} within or better; ${links.length - unlike.length} of ${links.length} links equal`,
    verdict: traffic.length === 0 ? 'not measured' : isMet ? 'aim met' : 'NOT MET',
  };
}

export function missed(judgements: readonly Judgement[]): readonly Judgement[] {
  return judgements.filter(({ verdict }) => verdict === 'NOT MET' || verdict === 'out of reach');
}
