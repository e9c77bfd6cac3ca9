/** Many containers at once: a node that boots, or is drained. */
import { beside } from './beside.ts';
import { type Config, type Contender, callOf, configOf, contend, isBuild, type Side } from './contenders.ts';
import { watchMemory } from './memory.ts';
import { layAnew } from './page-cache.ts';
import type { Answer } from './protocol.ts';
import type { Plugin, Scenario } from './scenarios.ts';
import { createStation, describeFailure, type Sandbox, settle } from './station.ts';
import { mean, rotated, roundsWithin, type Summary, summarize } from './statistics.ts';

/** All ADDs, or all DELs. */
export interface LoadFigures {
  /** Milliseconds from the first start to the last end. */
  readonly wall: Summary;
  /** User and system time of all processes, in seconds. */
  readonly cpu: Summary;
  /** MiB of all processes together, in a round of its own: looking takes time. Not of all crowds. */
  readonly peak?: number;
  /** The wall time of a build of ours, by the reference's, round by round. */
  readonly ratio?: Summary;
}

export interface LoadMeasure {
  readonly plugin: Plugin;
  readonly scenario: string;
  readonly containers: number;
  readonly side: Side;
  readonly add: LoadFigures;
  readonly del: LoadFigures;
  /** Calls that failed, of all rounds, and what the first one said. */
  readonly failures: number;
  readonly failure?: string;
  /** Addresses given out in one round, each counted once. */
  readonly addresses: number;
}

export interface LoadOptions {
  readonly scenario: Scenario;
  readonly containers: number;
  readonly rounds: number;
  /** No further round begins after these. */
  readonly seconds: number;
  /** Whether memory is measured, too. */
  readonly memory: boolean;
}

const steps = ['add', 'del'] as const;
type Step = (typeof steps)[number];

interface Taken {
  readonly wall: number[];
  readonly cpu: number[];
  peak?: number;
}

/** Milliseconds and seconds of one round. */
type Times = Readonly<Record<Step, { readonly wall: number; readonly cpu: number }>>;

interface Tally extends Readonly<Record<Step, Taken>> {
  readonly contender: Contender;
  readonly sandboxes: readonly Sandbox[];
  readonly config: Config;
  readonly failed: string[];
  addresses: number;
}

export async function measureLoad(
  sides: readonly Side[],
  options: LoadOptions,
): Promise<readonly LoadMeasure[]> {
  const measures = await withTallies(sides, options, async (tallies) => {
    if (options.memory) for (const tally of tallies) await oneRound(tally, 'memory');
    for (const round of roundsWithin({ ...options, least: Math.min(2, options.rounds) })) {
      layAnew();
      const times = new Map(tallies.map((tally) => [tally, [] as Times[]]));
      for (const tally of turns(tallies, round)) times.get(tally)?.push(await oneRound(tally, 'time'));
      for (const [tally, taken] of times) {
        for (const step of steps) {
          tally[step].wall.push(mean(taken.map((one) => one[step].wall)));
          tally[step].cpu.push(mean(taken.map((one) => one[step].cpu)));
        }
      }
    }
    return tallies.map((tally) => measureOf(tally, tallies, options));
  });
  await settle();
  return measures;
}

/** The reference comes before each of ours: its times are the least even, and its rounds the shortest. */
function turns(tallies: readonly Tally[], round: number): readonly Tally[] {
  const ours = tallies.filter(({ contender }) => isBuild(contender.name));
  const others = tallies.filter(({ contender }) => !isBuild(contender.name));
  return rotated(ours, round).flatMap((tally) => [...others, tally]);
}

async function withTallies<T>(
  sides: readonly Side[],
  options: LoadOptions,
  work: (tallies: readonly Tally[]) => Promise<T>,
): Promise<T> {
  await using stations = new AsyncDisposableStack();
  const tallies: Tally[] = [];
  for (const side of sides)
    tallies.push(await tallyOf(contend(side, stations.use(await createStation())), options));
  return await work(tallies);
}

async function tallyOf(contender: Contender, { scenario, containers }: LoadOptions): Promise<Tally> {
  const number = 32;
  const sandboxes = await contender.station.sandboxes(containers);
  // As many addresses as containers: the last one has to find the only one that is free.
  const last = 10 + containers - 1;
  const range = {
    subnet: `10.${number}.0.0/22`,
    rangeStart: `10.${number}.0.10`,
    rangeEnd: `10.${number}.${last >> 8}.${last & 255}`,
  };
  const config = configOf(contender, number, scenario, { range });
  const nothing = (): Taken => ({ wall: [], cpu: [] });
  return { contender, sandboxes, config, add: nothing(), del: nothing(), failed: [], addresses: 0 };
}

async function oneRound(tally: Tally, what: 'memory' | 'time'): Promise<Times> {
  const { contender, sandboxes, config } = tally;
  const step = async (name: Step, calls: readonly ReturnType<typeof callOf>[]): Promise<Answer> => {
    const watch = what === 'memory' ? watchMemory(contender.station.spawner) : undefined;
    const answer = await contender.station.runAll(calls);
    if (watch !== undefined) tally[name].peak = await watch.stop();
    for (const [index, outcome] of answer.outcomes.entries()) {
      const call = calls[index];
      if (outcome.code !== 0 && call !== undefined) tally.failed.push(describeFailure(call, outcome));
    }
    return answer;
  };
  const added = await step(
    'add',
    sandboxes.map((sandbox) => callOf(contender, 'ADD', config, sandbox)),
  );
  const results = added.outcomes.map(({ code, stdout }) => (code === 0 ? stdout : undefined));
  tally.addresses = new Set(results.flatMap(addressesIn)).size;
  const deleted = await step(
    'del',
    sandboxes.map((sandbox, index) => {
      const result = results[index];
      return callOf(contender, 'DEL', config, sandbox, result === undefined ? {} : { result });
    }),
  );
  const timesOf = ({ milliseconds, cpuSeconds }: Answer) => ({ wall: milliseconds, cpu: cpuSeconds });
  return { add: timesOf(added), del: timesOf(deleted) };
}

function measureOf(
  tally: Tally,
  tallies: readonly Tally[],
  { scenario, containers }: LoadOptions,
): LoadMeasure {
  const { contender, failed, addresses } = tally;
  const side = contender.name;
  const figures = (step: Step): LoadFigures => {
    const { wall, cpu, peak } = tally[step];
    const { ratios } = beside(
      new Map(tallies.map((other) => [other.contender.name, other[step].wall])),
      'reference',
    );
    const ratio = isBuild(side) ? ratios[side] : undefined;
    return {
      ...{ wall: summarize(wall), cpu: summarize(cpu) },
      ...(peak === undefined ? {} : { peak }),
      ...(ratio === undefined ? {} : { ratio }),
    };
  };
  const [failure] = failed;
  return {
    ...{ plugin: scenario.plugin, scenario: scenario.title, containers, side },
    add: figures('add'),
    del: figures('del'),
    failures: failed.length,
    ...(failure === undefined ? {} : { failure }),
    addresses,
  };
}

function addressesIn(result: string | undefined): readonly string[] {
  const { ips = [] } = JSON.parse(result ?? '{}') as { ips?: readonly { address: string }[] };
  return ips.map(({ address }) => address);
}
