/**
 * The least that is possible in this design: a process on the runtime that does nothing, and then the kernel's work by the
 * programs that do it, out of a shell script. What a build takes above that is its own; a target below it is out of reach.
 */
import type { HandMade } from '../support/by-hand.ts';
import { type Beside, beside } from './beside.ts';
import { type ContenderName, callOf, configOf, contend, isBuild, type Side } from './contenders.ts';
import { emptyIsThere, emptyPrograms } from './empty.ts';
import { type Floor, floorCall, prepareFloor } from './floor.ts';
import { layAnew } from './page-cache.ts';
import type { Command } from './protocol.ts';
import { masqueraded, plain, type Scenario } from './scenarios.ts';
import { createStation, type Sandbox, type Station, settle } from './station.ts';
import { rotated, roundsWithin } from './statistics.ts';

/** Milliseconds of ADD and DEL together, under a build's name those of its limit; ratios are to the reference. */
export interface LimitMeasure extends Beside {
  readonly scenario: string;
  /** Called at once; only ADDs are measured if there are several. */
  readonly containers: number;
}

interface Case {
  readonly scenario: Scenario;
  readonly wiring: HandMade;
  readonly containers: number;
  /** After which no further round begins. */
  readonly seconds: number;
}

const cases: readonly Case[] = [
  { scenario: plain, wiring: 'veth-bridge', containers: 1, seconds: 10 },
  { scenario: masqueraded, wiring: 'veth-bridge-masqueraded', containers: 1, seconds: 12 },
  { scenario: plain, wiring: 'veth-bridge', containers: 100, seconds: 10 },
];

interface Runner {
  readonly name: ContenderName;
  readonly station: Station;
  readonly samples: number[];
  call(command: 'ADD' | 'DEL', host: number, result?: string): Command;
}

const warmUps = 2;
const number = 48;

export async function measureLimits(
  sides: readonly Side[],
  rounds: number,
): Promise<readonly LimitMeasure[]> {
  const measures: LimitMeasure[] = [];
  for (const one of cases) {
    measures.push(await measureCase(sides, one, one.containers === 1 ? rounds : Math.min(rounds, 2)));
    await settle();
  }
  return measures;
}

async function measureCase(sides: readonly Side[], one: Case, rounds: number): Promise<LimitMeasure> {
  const { scenario, containers, seconds } = one;
  await using stations = new AsyncDisposableStack();
  const runners: Runner[] = [];
  for (const side of sides) {
    if (isBuild(side) && !emptyIsThere(side)) continue;
    runners.push(await runnerOf(side, stations.use(await createStation()), one));
  }
  for (const round of roundsWithin({ rounds: warmUps + rounds, least: warmUps + 3, seconds })) {
    if (containers > 1 || round % 10 === 0) layAnew();
    for (const runner of rotated(runners, round)) await oneRound(runner, one, round < warmUps);
  }
  const samples = new Map(runners.map((runner) => [runner.name, runner.samples]));
  return { scenario: scenario.title, containers, ...beside(samples, 'reference') };
}

async function oneRound({ station, samples, call }: Runner, one: Case, isWarmUp: boolean): Promise<void> {
  const hosts = Array.from({ length: one.containers }, (_, index) => index + 2);
  const added = await station.runAll(hosts.map((host) => call('ADD', host)));
  const deleted = await station.runAll(
    hosts.map((host, index) => call('DEL', host, added.outcomes[index]?.stdout)),
  );
  for (const { code, stdout, stderr } of [...added.outcomes, ...deleted.outcomes])
    if (code !== 0) throw new Error(`exit status ${code}\n${stdout}${stderr}`);
  if (isWarmUp) return;
  samples.push(added.milliseconds + (one.containers === 1 ? deleted.milliseconds : 0));
}

/** With one container there already, as in the measurements of calls. */
async function runnerOf(
  side: Side,
  station: Station,
  { scenario, wiring, containers }: Case,
): Promise<Runner> {
  const [resident, ...sandboxes] = await station.sandboxes(containers + 1);
  if (resident === undefined) throw new Error('no namespaces were made');
  const sandboxOf = (host: number): Sandbox => sandboxes[host - 2] ?? resident;
  if (!isBuild(side)) {
    const contender = contend(side, station);
    const config = configOf(contender, number, scenario);
    await station.run(callOf(contender, 'ADD', config, resident));
    const call: Runner['call'] = (command, host, result) =>
      callOf(contender, command, config, sandboxOf(host), result === undefined ? {} : { result });
    return { name: side, station, samples: [], call };
  }
  const floor: Floor = { scenario, wiring, number };
  await prepareFloor(station, floor);
  await station.run(floorCall('ADD', floor, { sandbox: resident, host: 1 }));
  const call: Runner['call'] = (command, host) =>
    afterStart(emptyPrograms[side], floorCall(command, floor, { sandbox: sandboxOf(host), host }));
  return { name: side, station, samples: [], call };
}

/** The shell of the script is there anyway. */
function afterStart(program: string, { argv, ...rest }: Command): Command {
  const [shell = '', options = '', script = '', ...parameters] = argv;
  return { ...rest, argv: [shell, options, `'${program}'\n${script}`, ...parameters] };
}
