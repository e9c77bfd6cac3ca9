/** One call at a time: VERSION, ADD, CHECK and DEL of each contender, in turns. */
import { type Beside, beside } from './beside.ts';
import { type Contender, type ContenderName, callOf, configOf } from './contenders.ts';
import { type Floor, floorCall, floorOf, prepareFloor } from './floor.ts';
import { layAnew } from './page-cache.ts';
import { hasReference, type Plugin, type Scenario, scenarios } from './scenarios.ts';
import type { Sandbox, Station } from './station.ts';
import { rotated, roundsWithin, sums, uncertainty } from './statistics.ts';

const called = ['VERSION', 'ADD', 'CHECK', 'DEL'] as const;
export const steps = [...called, 'ADD+DEL'] as const;
export type Step = (typeof steps)[number];

/** Milliseconds; ratios are to the reference, or to the same made by hand where there is no reference. */
export interface CallMeasure extends Beside {
  readonly plugin: Plugin;
  readonly scenario: string;
  readonly step: Step;
}

/** The samples of one contender, one a round. */
export type Samples = Record<(typeof called)[number], number[]>;

export interface Runner {
  readonly name: ContenderName;
  readonly samples: Samples;
  /** Calls once in each way, and notes how long each took. */
  round(): Promise<void>;
}

/** Rounds that are not counted: caches fill, the bridge and the tables are made. */
export const warmUps = 3;

export interface CallOptions {
  readonly scenario: Scenario;
  /** Tells the networks of several scenarios apart. */
  readonly number: number;
  readonly rounds: number;
  /** After which no further round begins. */
  readonly seconds: number;
  /** Rounds before those, which are not counted: {@link warmUps} at first. */
  readonly warmUps: number;
  /** Where the same is made by hand, if the scenario wants it. */
  readonly floor: Station;
}

/** By contender; all have as many. */
export type TakenCalls = ReadonlyMap<ContenderName, Samples>;

export async function takeCalls(
  contenders: readonly Contender[],
  { scenario, number, floor, ...limits }: CallOptions,
): Promise<TakenCalls> {
  const handMade = floorOf(scenario, number);
  const runners = await Promise.all([
    ...contenders.map((contender) => runnerOf(contender, scenario, number)),
    ...(handMade === undefined ? [] : [floorRunner(floor, handMade)]),
  ]);
  layAnew();
  await runRounds(runners, limits);
  return new Map(runners.map(({ name, samples }) => [name, samples]));
}

/** Those of an earlier time, and those of a later one. */
export function joinCalls(earlier: TakenCalls, later: TakenCalls): TakenCalls {
  return new Map(
    [...later].map(([name, samples]) => {
      const joined = noSamples();
      for (const step of called) joined[step].push(...(earlier.get(name)?.[step] ?? []), ...samples[step]);
      return [name, joined];
    }),
  );
}

/** {@link uncertainty} of the least sure of a scenario's ratios. */
export function leastSure(scenario: Scenario, taken: TakenCalls): number {
  const ratios = measuresOf(scenario, taken).flatMap((measure) => Object.values(measure.ratios));
  return Math.max(0, ...ratios.map(uncertainty));
}

export function measuresOf(scenario: Scenario, taken: TakenCalls): readonly CallMeasure[] {
  return steps
    .filter((step) => step !== 'VERSION' || hasVersion(scenario))
    .map((step) => measureOf(scenario, step, taken));
}

/** VERSION is the same whatever the config says. */
const hasVersion = (scenario: Scenario): boolean =>
  scenarios.find(({ plugin }) => plugin === scenario.plugin) === scenario;

/** In turns, so that a machine that is slower for a while is so for all. */
export async function runRounds(
  runners: readonly Runner[],
  { rounds, seconds, warmUps: before }: Pick<CallOptions, 'rounds' | 'seconds' | 'warmUps'>,
): Promise<void> {
  for (const round of roundsWithin({ rounds: before + rounds, least: before + 3, seconds })) {
    for (const runner of rotated(runners, round)) await runner.round();
    if (round >= before) continue;
    for (const { samples } of runners) for (const list of Object.values(samples)) list.length = 0;
  }
}

export function stepSamples(samples: Samples, step: Step): readonly number[] {
  return step === 'ADD+DEL' ? sums(samples.ADD, samples.DEL) : samples[step];
}

function measureOf(scenario: Scenario, step: Step, taken: TakenCalls): CallMeasure {
  const { plugin, title } = scenario;
  const samples = new Map([...taken].map(([name, all]) => [name, stepSamples(all, step)]));
  return { plugin, scenario: title, step, ...beside(samples, hasReference(plugin) ? 'reference' : 'floor') };
}

const noSamples = (): Samples => ({ VERSION: [], ADD: [], CHECK: [], DEL: [] });

export async function runnerOf(contender: Contender, scenario: Scenario, number: number): Promise<Runner> {
  const { name, station } = contender;
  const config = configOf(contender, number, scenario);
  const [resident, sandbox] = await twoSandboxes(station);
  // A container that stays: a bridge without ports, and a network without rules, are not what nodes have.
  await station.run(callOf(contender, 'ADD', config, resident));
  const samples = noSamples();
  return {
    name,
    samples,
    async round() {
      if (hasVersion(scenario)) {
        const version = await station.run(callOf(contender, 'VERSION', config, sandbox));
        samples.VERSION.push(version.milliseconds);
      }
      const added = await station.run(callOf(contender, 'ADD', config, sandbox));
      const { stdout: result } = added;
      const checked = await station.run(callOf(contender, 'CHECK', config, sandbox, { result }));
      const deleted = await station.run(callOf(contender, 'DEL', config, sandbox, { result }));
      samples.ADD.push(added.milliseconds);
      samples.CHECK.push(checked.milliseconds);
      samples.DEL.push(deleted.milliseconds);
    },
  };
}

async function floorRunner(station: Station, floor: Floor): Promise<Runner> {
  const [resident, sandbox] = await twoSandboxes(station);
  await prepareFloor(station, floor);
  await station.run(floorCall('ADD', floor, { sandbox: resident, host: 1 }));
  const samples = noSamples();
  return {
    name: 'floor',
    samples,
    async round() {
      samples.ADD.push((await station.run(floorCall('ADD', floor, { sandbox, host: 2 }))).milliseconds);
      samples.DEL.push((await station.run(floorCall('DEL', floor, { sandbox, host: 2 }))).milliseconds);
    },
  };
}

async function twoSandboxes(station: Station): Promise<readonly [Sandbox, Sandbox]> {
  const [first, second] = await station.sandboxes(2);
  if (first === undefined || second === undefined) throw new Error('no namespaces were made');
  return [first, second];
}
