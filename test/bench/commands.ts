/** What people type, on a node with many containers: how long until it has answered. */
import { join } from 'node:path';
import { systemPath } from '../support/paths.ts';
import {
  type Build,
  type Config,
  type Contender,
  callOf,
  configOf,
  contend,
  isBuild,
  type Side,
} from './contenders.ts';
import type { Command } from './protocol.ts';
import { masqueraded } from './scenarios.ts';
import { createStation, describeFailure, type Sandbox, settle } from './station.ts';
import { rotated, roundsWithin, type Summary, summarize } from './statistics.ts';

export interface CommandMeasure {
  /** `topology --format svg`. */
  readonly command: string;
  /** On the node, attached before. */
  readonly containers: number;
  /** Milliseconds. */
  readonly values: Readonly<Partial<Record<Build, Summary>>>;
}

interface Track {
  readonly build: Build;
  readonly contender: Contender;
  readonly lines: ReadonlyMap<string, Command>;
  readonly samples: Map<string, number[]>;
}

/** Real ones, since `topology` looks into each. */
const containers = 200;
const atOnce = 20;
const number = 80;
const warmUps = 1;

export async function measureCommands(
  sides: readonly Side[],
  limits: { readonly rounds: number; readonly seconds: number },
): Promise<readonly CommandMeasure[]> {
  const measures = await withTracks(sides.filter(isBuild), async (tracks) => {
    for (const round of roundsWithin({ ...limits, rounds: limits.rounds + warmUps, least: warmUps + 3 })) {
      for (const track of rotated(tracks, round)) await oneRound(track, round < warmUps);
    }
    const names = [...(tracks[0]?.lines.keys() ?? [])];
    return names.map((command) => ({
      command,
      containers,
      values: Object.fromEntries(
        tracks.map(({ build, samples }) => [build, summarize(samples.get(command) ?? [])]),
      ),
    }));
  });
  await settle();
  return measures;
}

async function withTracks<T>(
  builds: readonly Build[],
  work: (tracks: readonly Track[]) => Promise<T>,
): Promise<T> {
  await using stations = new AsyncDisposableStack();
  const tracks: Track[] = [];
  for (const build of builds) {
    const contender = contend(build, stations.use(await createStation()));
    tracks.push({ build, contender, lines: await crowded(contender), samples: new Map() });
  }
  return await work(tracks);
}

/** Attaches them, as a runtime does. */
async function crowded(contender: Contender): Promise<ReadonlyMap<string, Command>> {
  const { station } = contender;
  const config = configOf(contender, number, masqueraded);
  const [person, ...sandboxes] = await station.sandboxes(containers + 1);
  if (person === undefined) throw new Error('no namespaces were made');
  for (let at = 0; at < sandboxes.length; at += atOnce) {
    const calls = sandboxes
      .slice(at, at + atOnce)
      .map((sandbox) => callOf(contender, 'ADD', config, sandbox));
    const { outcomes } = await station.runAll(calls);
    for (const [index, outcome] of outcomes.entries()) {
      const call = calls[index];
      if (outcome.code !== 0 && call !== undefined) throw new Error(describeFailure(call, outcome));
    }
  }
  return linesOf(contender, config, person);
}

/** In this order: a container is there to be detached once it has been attached. */
function linesOf({ folder }: Contender, config: Config, { netns }: Sandbox): ReadonlyMap<string, Command> {
  const input = JSON.stringify({ cniVersion: '1.0.0', ...config });
  const line = (name: string, ...args: readonly string[]): readonly [string, Command] => [
    name,
    { argv: [join(folder, 'plumbline'), ...args], env: { PATH: systemPath }, input },
  ];
  const mine = ['--plugin', 'veth-bridge', '--bridge', `bench${number}`, '--bin-dir', folder];
  return new Map([
    line('attach', 'attach', netns, ...mine, '--ifname', 'net9', '--ip', `10.${number}.250.2/16`),
    line('attachments', 'attachments'),
    line('detach', 'detach', netns, '--ifname', 'net9'),
    line('explain ADD', 'explain', 'ADD', '--netns', netns),
    ...['tree', 'json', 'svg'].map((format) =>
      line(`topology --format ${format}`, 'topology', '--format', format),
    ),
  ]);
}

async function oneRound({ contender, lines, samples }: Track, isWarmUp: boolean): Promise<void> {
  for (const [name, command] of lines) {
    const { milliseconds } = await contender.station.run(command);
    if (!isWarmUp) samples.set(name, [...(samples.get(name) ?? []), milliseconds]);
  }
}
