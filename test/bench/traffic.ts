/**
 * What passes between two containers of ours, beside two that are wired by hand, on the same switch; and whether their
 * links are alike. Two pairs are wired by hand: what they differ in is what chance does on this machine, now.
 */
import { measure } from '../support/iperf.ts';
import { differences, type LinkFacts, linkFactsOf } from '../support/link-facts.ts';
import { findProgram } from '../support/paths.ts';
import type { Contender } from './contenders.ts';
import { floorOf } from './floor.ts';
import { type Pair, type Pairs, type Wiring, wireAll, wirings } from './pairs.ts';
import type { Plugin, Scenario } from './scenarios.ts';
import {
  means,
  quantile,
  rotated,
  roundsWithin,
  type Standing,
  type Summary,
  selfSpread,
  standingOf,
  summarize,
  summarizeRatio,
} from './statistics.ts';

export interface TrafficMeasure {
  readonly plugin: Plugin;
  readonly scenario: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: Summary;
  /** Both pairs of them. */
  readonly byHand: Summary;
  /** Ours by the mean of both pairs, round by round. */
  readonly ratio: Summary;
  /** The furthest that one hand-made pair was from the other in a round, as a factor. */
  readonly spread: number;
  /** The median of the ratio, seen from there. */
  readonly standing: Standing;
}

export interface LinkMeasure {
  readonly plugin: Plugin;
  readonly scenario: string;
  readonly end: 'container' | 'node';
  /** Attributes and offloads that were compared; 0 where neither has a link there. */
  readonly compared: number;
  readonly differences: readonly string[];
}

export interface Traffic {
  readonly traffic: readonly TrafficMeasure[];
  readonly links: readonly LinkMeasure[];
}

interface Probe {
  readonly what: string;
  readonly unit: string;
  measure(pair: Pair): Promise<number>;
}

const seconds = 1;
const gigabits = ({ from, to, address }: Pair, streams: number): Promise<number> =>
  measure(from, to, address, { seconds, streams }).then((bits) => bits / 1e9);

const probes: readonly Probe[] = [
  // First: neighbours and the switch's addresses are learnt by its first packets, which a median does not see.
  { what: 'round trip', unit: 'µs', measure: roundTrip },
  { what: 'TCP, 1 stream', unit: 'Gbit/s', measure: (pair) => gigabits(pair, 1) },
  { what: 'TCP, 8 streams', unit: 'Gbit/s', measure: (pair) => gigabits(pair, 8) },
];

/** Programs that are not there, in words; undefined where all are. */
export function lackOfPrograms(
  needed: readonly string[] = ['iperf3', 'ethtool', 'ping'],
): string | undefined {
  const absent = needed.filter((program) => findProgram(program) === undefined);
  return absent.length === 0 ? undefined : `${absent.join(' and ')}: not installed`;
}

/** The network of this scenario must stand on the node of ours. */
export async function measureTraffic(
  ours: Contender,
  { scenario, number, rounds }: { scenario: Scenario; number: number; rounds: number },
): Promise<Traffic> {
  const floor = floorOf(scenario, number);
  if (floor === undefined) throw new Error(`${scenario.plugin} ${scenario.title}: nothing is made by hand`);
  const samples = noSamples();
  let links: readonly LinkMeasure[] = [];
  for (const round of roundsWithin({ rounds, least: Math.min(3, rounds), seconds: 30 })) {
    // Anew each time: the number that a port gets, and with it its turn in the switch, is chance; it can double a round trip.
    const pairs = await wireAll(ours, floor, round);
    await measureRound(pairs, samples, round);
    if (round === 0) links = await compareLinks(scenario, pairs);
    for (const wiring of wirings) await pairs[wiring].unwire();
  }
  return { traffic: probes.map((probe) => measureOf(scenario, probe, samplesOf(samples, probe))), links };
}

function measureOf(
  { plugin, title }: Scenario,
  { what, unit }: Probe,
  { ours, byHand, byHandAgain }: WiringSamples,
): TrafficMeasure {
  const ratio = summarizeRatio(ours, means(byHand, byHandAgain));
  const spread = selfSpread(byHand, byHandAgain);
  return {
    ...{ plugin, scenario: title, what, unit },
    ours: summarize(ours),
    byHand: summarize([...byHand, ...byHandAgain]),
    ratio,
    spread,
    standing: standingOf(ratio.median, spread),
  };
}

type WiringSamples = Readonly<Record<Wiring, number[]>>;
type Samples = ReadonlyMap<string, WiringSamples>;

const noWiringSamples = (): WiringSamples => ({ ours: [], byHand: [], byHandAgain: [] });
const noSamples = (): Samples => new Map(probes.map(({ what }) => [what, noWiringSamples()]));
const samplesOf = (samples: Samples, { what }: Probe): WiringSamples =>
  samples.get(what) ?? noWiringSamples();

/** Wiring by wiring, so that a machine that is slower for a while is so for all. */
async function measureRound(pairs: Pairs, samples: Samples, round: number): Promise<void> {
  for (const probe of probes) {
    for (const wiring of rotated(wirings, round))
      samplesOf(samples, probe)[wiring].push(await probe.measure(pairs[wiring]));
  }
}

/** @returns the median of 100, in microseconds */
async function roundTrip({ from, address }: Pair): Promise<number> {
  const printed = await from.run('ping', '-n', '-c', '100', '-i', '0.005', '-W', '1', address);
  return quantile(roundTripsIn(printed), 0.5);
}

/** Microseconds, from lines such as `64 bytes from 10.1.0.2: icmp_seq=1 ttl=64 time=0.052 ms`. */
export function roundTripsIn(printed: string): readonly number[] {
  return [...printed.matchAll(/ time=([\d.]+) ms/g)].map(([, milliseconds]) => Number(milliseconds) * 1000);
}

async function compareLinks(
  { plugin, title }: Scenario,
  { ours, byHand }: Pairs,
): Promise<readonly LinkMeasure[]> {
  const inContainer = ({ from, link }: Pair) => linkFactsOf(from, link);
  const onNode = async ({ from, nodeLink }: Pair) =>
    nodeLink === undefined ? undefined : linkFactsOf(from.node, nodeLink);
  const none: LinkFacts = new Map();
  const measures: LinkMeasure[] = [];
  for (const [end, factsOf] of [['container', inContainer] as const, ['node', onNode] as const]) {
    const own = (await factsOf(ours)) ?? none;
    const other = (await factsOf(byHand)) ?? none;
    const names = new Set([...own.keys(), ...other.keys()]);
    measures.push({
      ...{ plugin, scenario: title, end, compared: names.size },
      differences: differences(own, other),
    });
  }
  return measures;
}
