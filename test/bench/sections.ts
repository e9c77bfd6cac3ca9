/** The parts of a run, in their order, and what each may take: together less than a quarter of an hour on a quiet machine. */
import { measureBefore } from './before.ts';
import { joinCalls, leastSure, measuresOf, type TakenCalls, takeCalls, warmUps } from './calls.ts';
import { measureCommands } from './commands.ts';
import { measureConnections } from './connections.ts';
import { type Contender, contend, type Side, sidesThere, takesPart } from './contenders.ts';
import { measureGrowths } from './growth.ts';
import { measureLimits } from './limits.ts';
import { measureLoad } from './load.ts';
import type { Missing, Report } from './report.ts';
import { measureResources, type ResourceMeasure } from './resources.ts';
import { masqueraded, plain, type Scenario, scenarios } from './scenarios.ts';
import { measureStarts } from './start.ts';
import { createStation, type Station } from './station.ts';
import { lackOf, plugIn } from './switches.ts';
import { lackOfPrograms, measureTraffic, type Traffic } from './traffic.ts';

export const sections = [
  'starts',
  'limits',
  'before',
  'calls',
  'connections',
  'load',
  'growth',
  'commands',
] as const;
export type Section = (typeof sections)[number];

export interface Settings {
  /** Of single calls; what takes longer has fewer, in proportion. */
  readonly rounds: number;
  /** Scenarios by plugin and title: all without it. */
  readonly only?: RegExp;
  /** Folder `dist` of an earlier state of the source, to be measured beside. */
  readonly before?: string;
  readonly progress: (what: string) => void;
}

/** What a section adds to the report. */
export type Part = Partial<Report>;

export const measureSection: Readonly<Record<Section, (settings: Settings) => Promise<Part>>> = {
  async starts({ rounds, progress }) {
    progress('VERSION, beside an empty program');
    await using station = await createStation();
    return { starts: await measureStarts(sidesThere(), station, { rounds: 2 * rounds, seconds: 20 }) };
  },

  async limits({ rounds, progress }) {
    progress('the least that is possible');
    return { limits: await measureLimits(sidesThere(), rounds) };
  },

  async before({ rounds, before, progress }) {
    if (before === undefined) return {};
    progress('beside an earlier build');
    return { before: await measureBefore(before, rounds) };
  },

  calls: measureScenarios,

  async connections({ rounds, progress }) {
    progress('new connections through masquerading');
    const lack = lackOfPrograms(['perl']);
    if (lack !== undefined) return { missingConnections: lack };
    return { connections: await measureConnections(1_000, { rounds: Math.ceil(rounds / 4), seconds: 42 }) };
  },

  async load({ rounds, progress }) {
    const crowds = [
      { scenario: plain, containers: 100, rounds: 6, seconds: 42, memory: true },
      { scenario: masqueraded, containers: 100, rounds: 2, seconds: 10, memory: false },
      { scenario: plain, containers: 300, rounds: 2, seconds: 60, memory: true },
    ];
    const load: Report['load'][number][] = [];
    for (const crowd of crowds) {
      progress(`${crowd.containers} containers at once, ${crowd.scenario.title}`);
      const few = Math.min(crowd.rounds, rounds);
      load.push(...(await measureLoad(sidesThere(), { ...crowd, rounds: few })));
    }
    return { load };
  },

  async growth({ rounds, progress }) {
    return { growth: await measureGrowths(sidesThere(), { rounds: Math.ceil(rounds / 2), progress }) };
  },

  async commands({ rounds, progress }) {
    progress('what people type, beside many containers');
    const limits = { rounds: Math.ceil(rounds / 3), seconds: 12 };
    return { commands: await measureCommands(sidesThere(), limits) };
  },
};

interface Sides {
  readonly contenders: readonly Contender[];
  readonly floor: Station;
}

/** A scenario that can be measured here, and what has been so far. */
interface Track {
  readonly scenario: Scenario;
  /** Tells the networks of several scenarios, and times, apart. */
  number: number;
  taken: TakenCalls;
  resources: readonly ResourceMeasure[];
  traffic: Traffic;
}

/**
 * All calls are taken at several times, and what passes between containers in between: a machine may be slow for minutes.
 * What is left of the time goes to the scenario with the least sure ratio, again and again: some of the reference's calls
 * take four times as long as at another time, and a few rounds tell little of those.
 */
async function measureScenarios(settings: Settings): Promise<Part> {
  await using stations = new AsyncDisposableStack();
  const add = async (side: Side): Promise<Contender> => contend(side, stations.use(await createStation()));
  const contenders: Contender[] = [];
  for (const side of sidesThere()) contenders.push(await add(side));
  const sides: Sides = { contenders, floor: stations.use(await createStation()) };
  const { tracks, ...lacks } = await tracksFor(settings, sides.floor);
  for (const track of tracks) await measureTrack(sides, track, settings, 'first');
  for (let time = 1; time < callTimes; time += 1)
    for (const track of tracks) await measureTrack(sides, track, settings, 'again');
  const end = performance.now() + 1000 * moreSeconds * tracks.length;
  while (performance.now() < end) {
    const track = leastSureOf(tracks);
    if (track === undefined) break;
    await measureTrack(sides, track, settings, 'again');
  }
  return {
    ...lacks,
    calls: tracks.flatMap(({ scenario, taken }) => measuresOf(scenario, taken)),
    resources: tracks.flatMap(({ resources }) => resources),
    traffic: tracks.flatMap(({ traffic }) => traffic.traffic),
    links: tracks.flatMap(({ traffic }) => traffic.links),
  };
}

/** Of those that there are numbers for. */
function leastSureOf(tracks: readonly Track[]): Track | undefined {
  const [track] = tracks
    .filter(({ number }) => number <= highestNumber)
    .map((one) => ({ one, by: leastSure(one.scenario, one.taken) }))
    .toSorted((a, b) => b.by - a.by);
  return track?.one;
}

async function tracksFor(
  { only }: Settings,
  floor: Station,
): Promise<{ tracks: readonly Track[] } & Record<'missing' | 'missingTraffic', readonly Missing[]>> {
  const [tracks, missing, missingTraffic]: [Track[], Missing[], Missing[]] = [[], [], []];
  for (const [number, scenario] of scenarios.entries()) {
    const { plugin, title } = scenario;
    if (only !== undefined && !only.test(`${plugin} ${title}`)) continue;
    const reason = await lackOf(floor, scenario);
    const noTraffic = reason ?? lackOfPrograms();
    if (scenario.withTraffic && noTraffic !== undefined)
      missingTraffic.push({ plugin, scenario: title, reason: noTraffic });
    if (reason !== undefined) missing.push({ plugin, scenario: title, reason });
    else
      tracks.push({ scenario, number, taken: new Map(), resources: [], traffic: { traffic: [], links: [] } });
  }
  return { tracks, missing, missingTraffic };
}

/** A spread of fewer says little, and each takes ten seconds. */
const trafficRounds = 5;

const callTimes = 3;
/** Of one scenario's calls each time. */
const callSeconds = 3.2;
/** A scenario, for those that are the least sure. */
const moreSeconds = 1.5;

/** Added to the numbers of networks each further time: those of the last are on the nodes still. */
const laterNumbers = 16;
/** They are bytes of addresses. */
const highestNumber = 255;

async function measureTrack(
  { contenders: all, floor: floorAlone }: Sides,
  track: Track,
  { rounds, progress }: Settings,
  time: 'first' | 'again',
): Promise<void> {
  const { scenario, number } = track;
  track.number += laterNumbers;
  const { plugin, title } = scenario;
  const contenders = all.filter(({ name }) => takesPart(name, plugin));
  const [ours] = contenders;
  if (ours === undefined) throw new Error(`nobody has ${plugin}`);
  // There is one NIC with functions.
  const floor = plugin === 'sriov' ? ours.station : floorAlone;
  const stations = new Set([
    ...contenders.map(({ station }) => station),
    ...(scenario.byHand ? [floor] : []),
  ]);
  await using switches = new AsyncDisposableStack();
  for (const station of stations) switches.use(await plugIn(station, scenario, number));
  progress(`one call, ${plugin} ${title}`);
  const limits = {
    rounds: Math.ceil(rounds / 2),
    seconds: callSeconds,
    warmUps: time === 'first' ? warmUps : 1,
  };
  track.taken = joinCalls(track.taken, await takeCalls(contenders, { scenario, number, floor, ...limits }));
  if (time === 'again') return;
  if (scenario.withResources) track.resources = await measureResources(contenders, { scenario, number });
  if (!scenario.withTraffic || lackOfPrograms() !== undefined) return;
  progress(`traffic, ${plugin} ${title}`);
  track.traffic = await measureTraffic(ours, { scenario, number, rounds: Math.min(trafficRounds, rounds) });
}
