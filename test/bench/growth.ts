/** How calls grow with what is on the node already: reservations, ports of the bridge, masqueraded containers. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beside } from './beside.ts';
import { type Config, type Contender, callOf, configOf, contend, isBuild, type Side } from './contenders.ts';
import { addMasquerading, addPorts, addReservations, crowdDataDir, indexOf } from './crowd.ts';
import { layAnew } from './page-cache.ts';
import { addressOnly, masqueraded, type Plugin, plain, type Scenario } from './scenarios.ts';
import { createStation, type Sandbox, settle } from './station.ts';
import { rotated, roundsWithin, type Summary, summarize, summarizeRatio, sums } from './statistics.ts';

export interface GrowthMeasure {
  /** What there is more and more of. */
  readonly of: string;
  readonly plugin: Plugin;
  readonly size: number;
  readonly side: Side;
  /** Milliseconds. */
  readonly add: Summary;
  readonly del: Summary;
  readonly cycle: Summary;
  /** By the same call of the same contender in the same round where there is nothing yet. */
  readonly growth: { readonly add: Summary; readonly cycle: Summary };
  /** The cycle of a build of ours, by the reference's at this size. */
  readonly ratio?: Summary;
  /** The one ADD of ours after a reboot that looks at every reservation, to take back the dead. */
  readonly firstAfterBoot?: number;
}

/** Something that grows. */
interface Growth {
  readonly of: string;
  readonly sizes: readonly number[];
  readonly scenario: Scenario;
  readonly fill: (contender: Contender, network: Network, size: number) => Promise<void>;
  /** Seconds for its rounds, and the fewest rounds there are. */
  readonly seconds: number;
  readonly least: number;
}

interface Network {
  readonly config: Config;
  /** Of the container that comes and goes. */
  readonly sandbox: Sandbox;
}

/** Of the only network on each node. */
const number = 64;

const fillReservations: Growth['fill'] = (contender, network, size) =>
  addReservations(contender, { ...network, range: [10, number] }, size);

const growths: readonly Growth[] = [
  {
    of: 'reservations',
    sizes: [0, 1_000, 10_000, 50_000],
    scenario: addressOnly,
    fill: fillReservations,
    seconds: 28,
    least: 5,
  },
  {
    of: 'reservations',
    sizes: [0, 1_000, 10_000, 50_000],
    scenario: plain,
    fill: fillReservations,
    seconds: 34,
    least: 5,
  },
  {
    of: 'ports on the bridge',
    sizes: [0, 100, 1_000],
    scenario: plain,
    async fill(contender, network, size) {
      const { station } = contender;
      // The plugin makes the bridge.
      await station.run(callOf(contender, 'ADD', network.config, network.sandbox));
      await station.run(callOf(contender, 'DEL', network.config, network.sandbox));
      const [others] = await station.sandboxes(1);
      if (others !== undefined) await addPorts(contender, { ...network, sandbox: others }, size);
    },
    seconds: 20,
    least: 5,
  },
  {
    of: 'masqueraded containers',
    sizes: [0, 1_000, 10_000],
    scenario: masqueraded,
    async fill(contender, network, size) {
      const { station } = contender;
      const [resident] = await station.sandboxes(1);
      if (resident !== undefined) await station.run(callOf(contender, 'ADD', network.config, resident));
      await addMasquerading(contender, { ...network, number }, { count: size });
    },
    seconds: 30,
    least: 3,
  },
];

/** One contender at one size, on a node of its own. */
interface Track {
  readonly contender: Contender;
  readonly size: number;
  readonly network: Network;
  readonly add: number[];
  readonly del: number[];
}

/** Rounds are taken a part each time, and all that grows in between: a machine may be slow for minutes. */
const times = 3;

export async function measureGrowths(
  sides: readonly Side[],
  { rounds, progress }: { readonly rounds: number; readonly progress: (what: string) => void },
): Promise<readonly GrowthMeasure[]> {
  const measures = await withTracks(sides, progress, async (all) => {
    for (let time = 0; time < times; time += 1) {
      for (const [growth, tracks] of all) {
        progress(`${growth.of}, ${growth.scenario.plugin}`);
        await takeRounds(growth, tracks, rounds);
      }
    }
    const found: GrowthMeasure[] = [];
    for (const [growth, tracks] of all)
      for (const track of tracks) found.push(await measureOf(growth, track, tracks));
    return found;
  });
  await settle();
  return measures;
}

async function takeRounds(growth: Growth, tracks: readonly Track[], rounds: number): Promise<void> {
  const part = (whole: number): number => Math.ceil(whole / times);
  const limits = { rounds: part(rounds), least: part(growth.least), seconds: part(growth.seconds) };
  layAnew();
  for (const track of tracks) await oneRound(track, 'not counted');
  for (const round of roundsWithin(limits)) {
    for (const track of rotated(tracks, round)) await oneRound(track, 'counted');
  }
}

async function withTracks<T>(
  sides: readonly Side[],
  progress: (what: string) => void,
  work: (all: ReadonlyMap<Growth, readonly Track[]>) => Promise<T>,
): Promise<T> {
  await using stations = new AsyncDisposableStack();
  const all = new Map<Growth, readonly Track[]>();
  for (const growth of growths) {
    progress(`nodes with ${growth.of}, ${growth.scenario.plugin}`);
    const tracks: Track[] = [];
    for (const size of growth.sizes) {
      for (const side of sides)
        tracks.push(await trackOf(contend(side, stations.use(await createStation())), growth, size));
    }
    all.set(growth, tracks);
  }
  return await work(all);
}

async function trackOf(contender: Contender, { scenario, fill }: Growth, size: number): Promise<Track> {
  const [sandbox] = await contender.station.sandboxes(1);
  if (sandbox === undefined) throw new Error('no namespace was made');
  const config = configOf(contender, number, scenario, {
    dataDir: crowdDataDir,
    // Room for 262,000.
    range: { subnet: `10.${number}.0.0/14` },
  });
  const network = { config, sandbox };
  await fill(contender, network, size);
  return { contender, size, network, add: [], del: [] };
}

async function oneRound(track: Track, what: 'counted' | 'not counted'): Promise<void> {
  const { contender, network } = track;
  const { station } = contender;
  const add = await station.run(callOf(contender, 'ADD', network.config, network.sandbox));
  // As runtimes do: without the result, DEL has to look for what there is to take away.
  const result = { result: add.stdout };
  const del = await station.run(callOf(contender, 'DEL', network.config, network.sandbox, result));
  if (what === 'not counted') return;
  track.add.push(add.milliseconds);
  track.del.push(del.milliseconds);
}

const cycleOf = ({ add, del }: Track): readonly number[] => sums(add, del);

async function measureOf(growth: Growth, track: Track, tracks: readonly Track[]): Promise<GrowthMeasure> {
  const { contender, size, add, del } = track;
  const side = contender.name;
  const empty = tracks.find((other) => other.contender.name === side && other.size === 0) ?? track;
  const sameSize = tracks.filter((other) => other.size === size);
  const { ratios } = beside(
    new Map(sameSize.map((other) => [other.contender.name, cycleOf(other)])),
    'reference',
  );
  const ratio = isBuild(side) ? ratios[side] : undefined;
  return {
    ...{ of: growth.of, plugin: growth.scenario.plugin, size, side },
    add: summarize(add),
    del: summarize(del),
    cycle: summarize(cycleOf(track)),
    growth: {
      add: summarizeRatio(add, empty.add),
      cycle: summarizeRatio(cycleOf(track), cycleOf(empty)),
    },
    ...(ratio === undefined ? {} : { ratio }),
    ...(isBuild(side) && growth.of === 'reservations' ? { firstAfterBoot: await firstAfterBoot(track) } : {}),
  };
}

/** The marker of the boot removed, ADD looks for what an earlier boot has left. */
async function firstAfterBoot({ contender, network: { config, sandbox } }: Track): Promise<number> {
  const { station } = contender;
  const index = indexOf(station, config);
  for (const name of readdirSync(index).filter((entry) => entry.startsWith('boot.')))
    rmSync(join(index, name));
  const { milliseconds } = await station.run(callOf(contender, 'ADD', config, sandbox));
  await station.run(callOf(contender, 'DEL', config, sandbox));
  return milliseconds;
}
