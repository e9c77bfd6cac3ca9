/**
 * Measures our plugins beside the reference's, in one run.
 *
 * Usage: node test/bench/run.ts [--rounds N] [--only PATTERN] [--out DIR] [--name NAME]      (root; `make bench`)
 *
 * Prints the tables and writes them to DIR (test/bench/results/): NAME.md (latest.md) for people, NAME.json for programs,
 * and NAME-reservations.svg. PATTERN is a regular expression of scenarios, by plugin and title: they alone are measured
 * then, without what is for many containers and reservations.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isExecutable } from '../support/paths.ts';
import { type CallMeasure, measureCalls } from './calls.ts';
import {
  type Contender,
  contend,
  neededExecutables,
  type Scenario,
  scenarios,
  takesPart,
} from './contenders.ts';
import { describeMachine } from './machine.ts';
import { measureParallel, type ParallelMeasure } from './parallel.ts';
import { drawChart, type Series } from './plot.ts';
import { formatReport, type Missing, type Report } from './report.ts';
import { measureReservations, type ReservationMeasure } from './reservations.ts';
import { measureResources, type ResourceMeasure } from './resources.ts';
import { createStation, type Station } from './station.ts';
import { lackOf, plugIn } from './switches.ts';
import { lackOfPrograms, measureTraffic, type Traffic } from './traffic.ts';

const sizes = [0, 1_000, 10_000, 50_000];
const containers = 100;
/** A spread of fewer says little, and each takes a quarter of a minute. */
const trafficRounds = 5;

interface Sides {
  readonly ours: Contender;
  readonly reference: Contender;
  readonly floor: Station;
}

interface Measured extends Traffic {
  readonly calls: readonly CallMeasure[];
  readonly resources: readonly ResourceMeasure[];
}

/** One at a time: calls, what they take, and what passes between containers. */
async function measureScenario(
  { ours, reference, floor: floorAlone }: Sides,
  {
    scenario,
    number,
    rounds,
  }: { readonly scenario: Scenario; readonly number: number; readonly rounds: number },
): Promise<Measured> {
  const { plugin, title } = scenario;
  const contenders = [ours, reference].filter(({ name }) => takesPart(name, plugin));
  // There is one NIC with functions.
  const floor = plugin === 'sriov' ? ours.station : floorAlone;
  const stations = new Set([
    ...contenders.map(({ station }) => station),
    ...(scenario.byHand ? [floor] : []),
  ]);
  await using switches = new AsyncDisposableStack();
  for (const station of stations) switches.use(await plugIn(station, scenario, number));
  progress(`one call, ${plugin} ${title}`);
  const calls = await measureCalls(contenders, { scenario, number, rounds, floor });
  const resources = scenario.withResources ? await measureResources(contenders, { scenario, number }) : [];
  if (!scenario.withTraffic || lackOfPrograms() !== undefined)
    return { calls, resources, traffic: [], links: [] };
  progress(`traffic, ${plugin} ${title}`);
  const few = Math.min(trafficRounds, rounds);
  return { calls, resources, ...(await measureTraffic(ours, { scenario, number, rounds: few })) };
}

async function measure(rounds: number, only: RegExp | undefined): Promise<Report> {
  const machine = describeMachine();
  await using oursAt = await createStation();
  await using referenceAt = await createStation();
  await using floor = await createStation();
  const sides = { ours: contend('ours', oursAt), reference: contend('reference', referenceAt), floor };
  const contenders = [sides.ours, sides.reference];

  const measured: Measured[] = [];
  const missing: Missing[] = [];
  const missingTraffic: Missing[] = [];
  for (const [number, scenario] of scenarios.entries()) {
    const { plugin, title } = scenario;
    if (only !== undefined && !only.test(`${plugin} ${title}`)) continue;
    const reason = await lackOf(oursAt, scenario);
    const noTraffic = reason ?? lackOfPrograms();
    if (scenario.withTraffic && noTraffic !== undefined)
      missingTraffic.push({ plugin, scenario: title, reason: noTraffic });
    if (reason === undefined) measured.push(await measureScenario(sides, { scenario, number, rounds }));
    else missing.push({ plugin, scenario: title, reason });
  }

  const parallel: ParallelMeasure[] = [];
  const crowded = only === undefined ? scenarios.filter(({ withParallel }) => withParallel) : [];
  for (const [index, scenario] of crowded.entries()) {
    progress(`${containers} at once, ${scenario.plugin} ${scenario.title}`);
    const number = scenarios.length + index;
    // Each takes some seconds; what is spread over so many calls needs few rounds.
    const few = Math.min(3, rounds);
    parallel.push(...(await measureParallel(contenders, { scenario, number, rounds: few, containers })));
  }

  const reservations = only === undefined ? await reservationsOf(contenders, rounds) : [];
  return {
    ...{ machine, rounds, missing, missingTraffic, parallel, reservations },
    calls: measured.flatMap(({ calls }) => calls),
    resources: measured.flatMap(({ resources }) => resources),
    traffic: measured.flatMap(({ traffic }) => traffic),
    links: measured.flatMap(({ links }) => links),
  };
}

function reservationsOf(
  contenders: readonly Contender[],
  rounds: number,
): Promise<readonly ReservationMeasure[]> {
  progress('host-local by reservations');
  return measureReservations(contenders, sizes, Math.ceil(rounds / 2));
}

function seriesOf(reservations: readonly ReservationMeasure[]): readonly Series[] {
  const colors = { ours: '#0b6e4f', reference: '#c1440e' };
  return (['reference', 'ours'] as const).map((name) => ({
    name: { ours: 'plumbline host-local', reference: 'reference host-local' }[name],
    color: colors[name],
    points: reservations
      .filter(({ contender }) => contender === name)
      .map(({ reservations: x, cycle: { median: y, p10: low, p90: high } }) => ({ x, y, low, high })),
  }));
}

function progress(what: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
}

function refuseIncomplete(): void {
  if (process.getuid?.() !== 0) throw new Error('the measurements make network namespaces: run them as root');
  for (const file of neededExecutables()) {
    if (!isExecutable(file))
      throw new Error(`there is no ${file}: make build; apt-get install containernetworking-plugins`);
  }
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    only: { type: 'string' },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
    name: { type: 'string', default: 'latest' },
  },
});
refuseIncomplete();
const report = await measure(
  Number(values.rounds),
  values.only === undefined ? undefined : new RegExp(values.only),
);
const plot = `${values.name}-reservations.svg`;
const text = formatReport(report, plot);
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, `${values.name}.md`), text);
writeFileSync(join(values.out, `${values.name}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
if (report.reservations.length > 0) {
  const chart = drawChart({
    title: 'host-local: ADD and DEL of one more address',
    xLabel: 'reservations in the range',
    yLabel: 'milliseconds (median, 10th to 90th percentile)',
    series: seriesOf(report.reservations),
  });
  writeFileSync(join(values.out, plot), chart);
}
console.log(text);
progress('done');
