/** host-local's reservations: how much is left, and what is kept for containers that are gone. Nothing is changed. */
import { statSync } from 'node:fs';
import { withRemedy } from '../../ipam/host-local/files.ts';
import { storeEnv } from '../../ipam/host-local/plugin.ts';
import { describeSet } from '../../ipam/host-local/pool.ts';
import { refuseIfUnwritable, type Usage, usageOf } from '../../ipam/host-local/status.ts';
import {
  holderOf,
  isNamed,
  keyOf,
  type Named,
  openStore,
  originOf,
  readEntry,
  reservedNames,
  type Store,
} from '../../ipam/host-local/store.ts';
import type { Host } from '../../lib/exec/host.ts';
import type { Member, Network } from '../lint/network.ts';
import { type Life, type Traces, tracesOn } from './alive.ts';
import { type Check, causeOf, checksOf, plural } from './check.ts';

const { ok, warning, problem } = checksOf('addresses');

/** An ADD that is under way reserves before its links are there. */
const graceTime = 60_000;

export function checkAddresses(host: Host, networks: readonly Network[], binDir: string): readonly Check[] {
  const traces = tracesOn(host);
  return networks.flatMap((network) =>
    network.members.flatMap((member) => {
      if (member.dataDir === undefined || member.ranges.length === 0) return [];
      try {
        return checkStore({ host, traces, binDir, network, member, dataDir: member.dataDir });
      } catch (error) {
        return [
          problem(network.name, ...causeOf(withRemedy(error), 'correct ipam.dataDir, or what lies there')),
        ];
      }
    }),
  );
}

interface Place {
  readonly host: Host;
  readonly traces: Traces;
  readonly binDir: string;
  readonly network: Network;
  readonly member: Member;
  readonly dataDir: string;
}

function checkStore(place: Place): readonly Check[] {
  const { host, network, member, dataDir } = place;
  const store = openStore(storeEnv(host), { dataDir, network: network.name, durable: false });
  const usage = usageOf(
    store,
    member.ranges.map(({ set }) => set),
  );
  return [
    ...checkFolder(network.name, store, dataDir),
    ...usage.map((one) => checkUsage(network.name, one)),
    ...checkReservations(place, store),
  ];
}

function checkFolder(network: string, store: Store, dataDir: string): readonly Check[] {
  try {
    refuseIfUnwritable(store, dataDir);
    return [];
  } catch (error) {
    return [problem(network, ...causeOf(error, 'run this as root'))];
  }
}

function checkUsage(network: string, { set, used, size }: Usage): Check {
  const free = size - BigInt(used);
  const text = `${describeSet(set)}: ${used} used, ${free > 1_000_000n ? 'more than a million' : free} free`;
  if (free <= 0n) return problem(network, text, 'widen the range; see below for what can be taken back');
  // A tenth is left, or less.
  return free * 10n < size
    ? warning(network, text, 'widen the range before it is used up')
    : ok(network, text);
}

/** Reservations of one kind, with what to do about them. */
interface Finding {
  readonly address: string;
  readonly kind: 'torn' | 'boot' | 'gone' | 'unseen';
  readonly holder?: Named;
  readonly why?: string;
}

function checkReservations(place: Place, store: Store): readonly Check[] {
  const { network, binDir, member } = place;
  const names = reservedNames(store);
  const found = names.flatMap((address) => judge(place, store, address) ?? []);
  const of = (kind: Finding['kind']): readonly Finding[] => found.filter((finding) => finding.kind === kind);
  const [torn, boot, gone, unseen] = [of('torn'), of('boot'), of('gone'), of('unseen')];
  const check = (list: readonly Finding[], what: string, remedy: string): readonly Check[] =>
    list.length === 0
      ? []
      : [warning(network.name, `${plural(list.length, 'reservation')} ${what}: ${examples(list)}`, remedy)];
  const [first] = [...gone, ...unseen];
  const byHand =
    `have the runtime call GC (cniVersion 1.1.0), or DEL by hand: CNI_COMMAND=DEL CNI_CONTAINERID=${first?.holder?.containerId ?? 'ID'} ` +
    `CNI_IFNAME=${first?.holder?.ifname ?? 'eth0'} CNI_PATH=${binDir} ${binDir}/${member.type} with the plugin's config on standard input`;
  const later = 'the next ADD takes them back, unless reclaimOnReboot is false; GC does, too';
  return [
    ...check(torn, 'without content, left by a loss of power', later),
    ...check(boot, 'of an earlier boot', later),
    ...check(gone, 'of containers that no longer exist', byHand),
    ...check(
      unseen,
      'of containers of which nothing on this node is to be seen',
      `ask the runtime for them; where they are gone, ${byHand}`,
    ),
    ...(found.length === 0 && names.length > 0
      ? [ok(network.name, `${plural(names.length, 'reservation')}, of containers that are there`)]
      : []),
  ];
}

function judge({ host, traces, network, member }: Place, store: Store, address: string): Finding | undefined {
  const holder = holderOf(store, address);
  if (holder === 'torn') return { address, kind: 'torn' };
  if (!isNamed(holder)) return undefined;
  const { containerId, ifname = 'eth0' } = holder;
  const entry = readEntry(store, keyOf({ containerId, ifname }));
  const { machine, boot } = originOf(store);
  const isIndexed = entry !== undefined && entry !== 'torn';
  // dataDir may be shared: what is another machine's is that one's to judge.
  if (isIndexed && entry.machine !== machine) return undefined;
  if (isIndexed && entry.boot !== boot) return { address, kind: 'boot', holder };
  if (isYoung(store, address)) return undefined;
  // The reference's links have no label.
  const hasHostEnd = isIndexed && member.plugin === 'veth-bridge' && host.kernel.exists('/sys/class/net');
  const life: Life = traces.of({ network: network.name, containerId, ifname }, hasHostEnd);
  if (life.is === 'alive') return undefined;
  return life.is === 'gone'
    ? { address, kind: 'gone', holder, why: life.why }
    : { address, kind: 'unseen', holder };
}

function isYoung({ folder }: Store, address: string): boolean {
  const made = statSync(`${folder}/${address}`, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Math.abs(Date.now() - made) < graceTime;
}

function examples(list: readonly Finding[]): string {
  const shown = list.slice(0, 3).map(({ address, holder, why }) => {
    const who =
      holder === undefined
        ? ''
        : ` (${holder.containerId.slice(0, 16)}${why === undefined ? '' : `, ${why}`})`;
    return `${address}${who}`;
  });
  return `${shown.join(', ')}${list.length > 3 ? ', …' : ''}`;
}
