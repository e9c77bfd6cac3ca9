/** Many containers at once: a node that boots, or is drained. */
import { type Config, type Contender, callOf, configOf, type Plugin, type Scenario } from './contenders.ts';
import type { Answer } from './protocol.ts';
import { describeFailure, type Sandbox } from './station.ts';
import { pairRatios, rotated, roundsWithin, type Summary, summarize } from './statistics.ts';

export interface ParallelMeasure {
  readonly plugin: Plugin;
  readonly scenario: string;
  readonly containers: number;
  readonly contender: Contender['name'];
  /** Milliseconds from the first start to the last end of all ADDs. */
  readonly add: Summary;
  readonly del: Summary;
  /** Of ours, by the reference's, round by round. */
  readonly ratio?: { readonly add: Summary; readonly del: Summary };
  /** Calls that failed, of all rounds, and what the first one said. */
  readonly failures: number;
  readonly failure?: string;
  /** Addresses given out in one round, each counted once. */
  readonly addresses: number;
}

export interface ParallelOptions {
  readonly scenario: Scenario;
  readonly number: number;
  readonly rounds: number;
  readonly containers: number;
}

interface Tally {
  readonly contender: Contender;
  readonly sandboxes: readonly Sandbox[];
  readonly config: Config;
  readonly add: number[];
  readonly del: number[];
  readonly failed: string[];
  addresses: number;
}

export async function measureParallel(
  contenders: readonly Contender[],
  options: ParallelOptions,
): Promise<readonly ParallelMeasure[]> {
  const { scenario, containers, rounds } = options;
  const tallies = await Promise.all(contenders.map((contender) => tallyOf(contender, options)));
  for (const round of roundsWithin({ rounds, least: 1, seconds: 20 })) {
    for (const tally of rotated(tallies, round)) await oneRound(tally);
  }
  const reference = tallies.find(({ contender }) => contender.name === 'reference');
  return tallies.map((tally) => ({
    plugin: scenario.plugin,
    scenario: scenario.title,
    containers,
    ...measureOf(tally, tally.contender.name === 'ours' ? reference : undefined),
  }));
}

function measureOf(
  { contender, add, del, failed: [failure, ...more], addresses }: Tally,
  reference: Tally | undefined,
): Omit<ParallelMeasure, 'plugin' | 'scenario' | 'containers'> {
  return {
    contender: contender.name,
    add: summarize(add),
    del: summarize(del),
    ...(reference === undefined
      ? {}
      : {
          ratio: {
            add: summarize(pairRatios(add, reference.add)),
            del: summarize(pairRatios(del, reference.del)),
          },
        }),
    failures: failure === undefined ? 0 : 1 + more.length,
    ...(failure === undefined ? {} : { failure }),
    addresses,
  };
}

async function tallyOf(
  contender: Contender,
  { scenario, number, containers }: ParallelOptions,
): Promise<Tally> {
  const sandboxes = await contender.station.sandboxes(containers);
  // As many addresses as containers: the last one has to find the only one that is free.
  const config = configOf(contender, number, scenario, {
    subnet: `10.${number}.0.0/24`,
    rangeStart: `10.${number}.0.10`,
    rangeEnd: `10.${number}.0.${10 + containers - 1}`,
  });
  return { contender, sandboxes, config, add: [], del: [], failed: [], addresses: 0 };
}

async function oneRound(tally: Tally): Promise<void> {
  const { contender, sandboxes, config } = tally;
  const { station } = contender;
  const added = await station.runAll(sandboxes.map((sandbox) => callOf(contender, 'ADD', config, sandbox)));
  tally.add.push(added.milliseconds);
  noteFailures(tally, 'ADD', added);
  const results = added.outcomes.map(({ code, stdout }) => (code === 0 ? stdout : undefined));
  tally.addresses = new Set(results.flatMap(addressesIn)).size;
  const deleted = await station.runAll(
    sandboxes.map((sandbox, index) => {
      const result = results[index];
      return callOf(contender, 'DEL', config, sandbox, result === undefined ? {} : { result });
    }),
  );
  tally.del.push(deleted.milliseconds);
  noteFailures(tally, 'DEL', deleted);
}

function noteFailures(
  { contender, config, sandboxes, failed }: Tally,
  command: 'ADD' | 'DEL',
  { outcomes }: Answer,
): void {
  for (const [index, outcome] of outcomes.entries()) {
    const sandbox = sandboxes[index];
    if (outcome.code === 0 || sandbox === undefined) continue;
    failed.push(describeFailure(callOf(contender, command, config, sandbox), outcome));
  }
}

function addressesIn(result: string | undefined): readonly string[] {
  const { ips = [] } = JSON.parse(result ?? '{}') as { ips?: readonly { address: string }[] };
  return ips.map(({ address }) => address);
}
