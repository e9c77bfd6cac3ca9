/** How host-local's calls grow with what is reserved: ADD and DEL of one more in a range that holds many. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatEntry, type Origin, parseEntry } from '../../ipam/host-local/entry.ts';
import { isKey, keyOf } from '../../ipam/host-local/store.ts';
import { type Config, type Contender, callOf } from './contenders.ts';
import type { Sandbox, Station } from './station.ts';
import { pairRatios, rotated, roundsWithin, type Summary, summarize, sums } from './statistics.ts';

export interface ReservationMeasure {
  readonly contender: Contender['name'];
  readonly reservations: number;
  /** Milliseconds. */
  readonly add: Summary;
  readonly del: Summary;
  readonly cycle: Summary;
  /** The cycle by that of the same contender in the same round on an empty range. */
  readonly growth: Summary;
  /** The one ADD of ours after a reboot that looks at every reservation, to take back the dead. */
  readonly firstAfterBoot?: number;
}

interface Track {
  readonly contender: Contender;
  readonly sandbox: Sandbox;
  readonly reservations: number;
  readonly config: Config;
  readonly add: number[];
  readonly del: number[];
}

const warmUps = 2;

/**
 * The node's private /var/lib/cni is in memory: to remove 180,000 files from a disk can take minutes, and what is
 * compared is how much the plugins do. It goes with the node.
 */
const dataDir = '/var/lib/cni/reservations';
/** The same folders as this process reaches them. */
const folderOf = ({ node }: Station, { name }: Config): string => join(node.path(dataDir), name);
const indexOf = ({ node }: Station, { name }: Config): string => join(node.path(dataDir), '.plumbline', name);

export async function measureReservations(
  contenders: readonly Contender[],
  sizes: readonly number[],
  rounds: number,
): Promise<readonly ReservationMeasure[]> {
  const tracks: Track[] = [];
  for (const contender of contenders) {
    for (const reservations of sizes) tracks.push(await trackOf(contender, reservations));
  }
  for (const round of roundsWithin({ rounds: warmUps + rounds, least: warmUps + 5, seconds: 40 })) {
    for (const track of rotated(tracks, round)) await oneRound(track, round < warmUps);
  }
  const measures: ReservationMeasure[] = [];
  for (const track of tracks) measures.push(await measureOf(track, tracks));
  return measures;
}

async function trackOf(contender: Contender, reservations: number): Promise<Track> {
  const [sandbox] = await contender.station.sandboxes(1);
  if (sandbox === undefined) throw new Error('no namespace was made');
  const config: Config = {
    name: `held-${reservations}`,
    type: 'host-local',
    // Room for 262,000.
    ipam: { type: 'host-local', dataDir, ranges: [[{ subnet: '10.64.0.0/14' }]] },
  };
  const track: Track = { contender, sandbox, reservations, config, add: [], del: [] };
  await fill(track);
  return track;
}

/** Puts reservations on disk as the contender's own ADDs would leave them, without paying for that many calls. */
async function fill({ contender, sandbox, reservations, config }: Track): Promise<void> {
  const { station } = contender;
  const folder = folderOf(station, config);
  const index = indexOf(station, config);
  await station.run(callOf(contender, 'ADD', config, sandbox));
  const origin = contender.name === 'ours' ? originIn(index) : undefined;
  await station.run(callOf(contender, 'DEL', config, sandbox));
  for (let number = 0; number < reservations; number += 1) {
    const owner = { containerId: number.toString(16).padStart(64, 'a'), ifname: 'eth0' };
    const address = addressOf(number);
    writeFileSync(join(folder, address), `${owner.containerId}\r\n${owner.ifname}`);
    if (origin === undefined) continue;
    writeFileSync(join(index, keyOf(owner)), formatEntry({ ...origin, ...owner, addresses: [address] }));
  }
  if (reservations > 0) writeFileSync(join(folder, 'last_reserved_ip.0'), addressOf(reservations - 1));
}

/** How an entry of ours says where and since when it holds: as the executable under test has just written it. */
function originIn(index: string): Origin {
  const entries = readdirSync(index)
    .filter(isKey)
    .map((key) => parseEntry(readFileSync(join(index, key), 'utf8')));
  const [entry] = entries;
  if (entry === undefined) throw new Error(`no index entry in ${index}`);
  return entry;
}

/** The subnet's addresses in order, from its second host on; the first is the gateway. */
function addressOf(number: number): string {
  const value = number + 2;
  return `10.${64 + (value >> 16)}.${(value >> 8) & 255}.${value & 255}`;
}

async function oneRound(track: Track, isWarmUp: boolean): Promise<void> {
  const { contender, sandbox, config } = track;
  const call = async (command: 'ADD' | 'DEL'): Promise<number> =>
    (await contender.station.run(callOf(contender, command, config, sandbox))).milliseconds;
  const add = await call('ADD');
  const del = await call('DEL');
  if (isWarmUp) return;
  track.add.push(add);
  track.del.push(del);
}

async function measureOf(track: Track, tracks: readonly Track[]): Promise<ReservationMeasure> {
  const { contender, reservations, add, del } = track;
  const cycle = sums(add, del);
  const empty = tracks.find((other) => other.contender === contender && other.reservations === 0) ?? track;
  return {
    contender: contender.name,
    reservations,
    add: summarize(add),
    del: summarize(del),
    cycle: summarize(cycle),
    growth: summarize(pairRatios(cycle, sums(empty.add, empty.del))),
    ...(contender.name === 'ours' ? { firstAfterBoot: await firstAfterBoot(track) } : {}),
  };
}

/** The marker of the boot removed, ADD looks for what an earlier boot has left. */
async function firstAfterBoot({ contender, sandbox, config }: Track): Promise<number> {
  const { station } = contender;
  const index = indexOf(station, config);
  for (const name of readdirSync(index).filter((entry) => entry.startsWith('boot.')))
    rmSync(join(index, name));
  const { milliseconds } = await station.run(callOf(contender, 'ADD', config, sandbox));
  await station.run(callOf(contender, 'DEL', config, sandbox));
  return milliseconds;
}
