/** New connections a second out of a container through masquerading, with many other masqueraded containers on the node. */
import { join } from 'node:path';
import { type Container, createContainer } from '../support/container.ts';
import { createOutside, type Outside } from '../support/outside.ts';
import { type Beside, beside } from './beside.ts';
import { callOf, configOf, contend, type Side } from './contenders.ts';
import { addMasquerading } from './crowd.ts';
import { type Floor, floorCall, prepareFloor } from './floor.ts';
import { masqueraded } from './scenarios.ts';
import { createStation, type Station } from './station.ts';
import { rotated, roundsWithin, type Summary, summarizeRatio } from './statistics.ts';

/** Connections a second; ratios are to the reference: above 1, ours has more. */
export interface ConnectionMeasure extends Beside {
  /** Masqueraded containers besides those that are measured. */
  readonly containers: number;
  /** When the measured one has come: rules that are tried in turns are the slower, the later theirs come. */
  readonly came: Position;
  /** Of a node with one rule for one set, and nobody else in it, to the reference: the most that rules can gain. */
  readonly most: Summary;
}

const positions = ['first', 'in the middle', 'last'] as const;
type Position = (typeof positions)[number];

interface Track {
  readonly side: Side | 'floor';
  readonly outside: Outside;
  readonly containers: ReadonlyMap<Position, Container>;
  readonly samples: ReadonlyMap<Position, number[]>;
}

/** The builds make the same rules; the first one does for all. */
const measured: readonly Side[] = ['pkg', 'reference'];
const number = 64;
const port = 8080;
const script = join(import.meta.dirname, 'connect.pl');
const seconds = 1;

export async function measureConnections(
  containers: number,
  limits: { readonly rounds: number; readonly seconds: number },
): Promise<readonly ConnectionMeasure[]> {
  await using stack = new AsyncDisposableStack();
  const tracks: Track[] = [];
  for (const side of measured) tracks.push(await trackOf(side, containers, stack));
  tracks.push(await floorTrack(stack));
  for (const round of roundsWithin({ ...limits, least: 3 })) {
    for (const position of positions) {
      for (const track of rotated(tracks, round)) await measureOne(track, position);
    }
  }
  return positions.map((came) => {
    const samples = new Map(tracks.map((track) => [track.side, track.samples.get(came) ?? []]));
    const most = summarizeRatio(samples.get('floor') ?? [], samples.get('reference') ?? []);
    return { containers, came, most, ...beside(samples, 'reference') };
  });
}

async function trackOf(side: Side, count: number, stack: AsyncDisposableStack): Promise<Track> {
  const station = stack.use(await createStation());
  const contender = contend(side, station);
  const outside = stack.use(await createOutside(station.node));
  const config = configOf(contender, number, masqueraded);
  const containers = new Map<Position, Container>();
  const crowd = { config, number };
  const add = async (came: Position): Promise<void> => {
    const container = await createContainer(station.node);
    await station.run(callOf(contender, 'ADD', config, { id: container.id, netns: container.path }));
    containers.set(came, container);
  };
  await add('first');
  await addMasquerading(contender, crowd, { count: count / 2 });
  await add('in the middle');
  await addMasquerading(contender, crowd, { from: count / 2, count: count / 2 });
  await add('last');
  return await listen({ side, station, outside, containers });
}

/** One container, wired and masqueraded by hand, whenever it has come. */
async function floorTrack(stack: AsyncDisposableStack): Promise<Track> {
  const station = stack.use(await createStation());
  const outside = stack.use(await createOutside(station.node));
  const floor: Floor = { scenario: masqueraded, wiring: 'veth-bridge-masqueraded', number };
  await prepareFloor(station, floor);
  const container = await createContainer(station.node);
  const sandbox = { id: container.id, netns: container.path };
  await station.run(floorCall('ADD', floor, { sandbox, host: 2 }));
  const containers = new Map(positions.map((position) => [position, container]));
  return await listen({ side: 'floor', station, outside, containers });
}

async function listen({
  station,
  ...track
}: Omit<Track, 'samples'> & { readonly station: Station }): Promise<Track> {
  const { outside } = track;
  await forget(station);
  await outside.start('perl', script, 'serve', outside.ip4, `${port}`).ready(/listening/);
  return { ...track, samples: new Map(positions.map((position) => [position, []])) };
}

/** Connections that have ended are forgotten at once: a full table of them would be measured. */
async function forget({ node }: Station): Promise<void> {
  await node.run('sysctl', '-qw', 'net.netfilter.nf_conntrack_tcp_timeout_close=1');
}

async function measureOne({ outside, containers, samples }: Track, position: Position): Promise<void> {
  const printed = await containers
    .get(position)
    ?.run('perl', script, 'connect', outside.ip4, `${port}`, `${seconds}`);
  const [count = 0, took = 1] = (printed ?? '').split(' ').map(Number);
  if (count === 0) throw new Error(`no connections from the container that has come ${position}`);
  samples.get(position)?.push(count / took);
}
