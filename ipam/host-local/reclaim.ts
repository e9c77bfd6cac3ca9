/**
 * Taking back what nobody gives back: after a reboot, whose pods never saw a DEL, and on GC.
 */
import { closeSync, renameSync, statSync } from 'node:fs';
import { joinErrors } from '../../lib/errors.ts';
import { digest } from '../../lib/exec/digest.ts';
import type { IndexEntry, Owner } from './entry.ts';
import { namesIn, readSmall, unlinkIfThere, withRemedy } from './files.ts';
import {
  holderOf,
  holds,
  isKey,
  isNamed,
  isThere,
  keyOf,
  lockStore,
  makeFolders,
  type Named,
  originOf,
  originTag,
  readEntry,
  reservedNames,
  type Store,
  writeNew,
} from './store.ts';

export interface ReclaimOptions {
  /** Take back what an earlier boot of this machine has reserved. */
  readonly onReboot: boolean;
  /** Take back also what has no index entry, if it is older than this boot. */
  readonly foreign: boolean;
}

export interface Swept {
  readonly released: readonly string[];
  /** What could not be released; the rest has been. */
  readonly errors: readonly unknown[];
}

/** By how much a reservation must be older than this boot: the clock may have been set a little meanwhile. */
const clockSlack = 60_000;

/**
 * Once per boot and network, takes back the reservations that are dead, and removes files that a loss of power has left
 * without content. Costs one small read where that has been done.
 *
 * Network namespaces do not outlive a boot. So a reservation is dead if its index entry names this machine and another
 * boot. dataDir may be shared between machines, and clocks jump, so nothing else counts - but for `foreign`, where the
 * file's age must do, since the peer's reservations say neither.
 * @returns undefined where it had been done
 */
export async function reclaimAfterReboot(store: Store, options: ReclaimOptions): Promise<Swept | undefined> {
  const { machine, boot } = originOf(store);
  const marker = `${store.index}/boot.${digest(16, machine)}`;
  const done = `${boot} onReboot=${options.onReboot} foreign=${options.foreign}\n`;
  if (readSmall(marker) === done) return undefined;
  makeFolders(store);
  using _lock = await lockStore(store);
  if (readSmall(marker) === done) return undefined;
  const isOfEarlierBoot = (entry: IndexEntry): boolean => entry.machine === machine && entry.boot !== boot;
  const swept = sweep(store, {
    isDead({ address, entry }) {
      // A torn entry was made by a machine that has lost power since.
      if (entry === 'torn') return options.onReboot;
      if (entry?.addresses.includes(address)) return options.onReboot && isOfEarlierBoot(entry);
      return options.foreign && isOlderThanBoot(store, address);
    },
    isStale: (entry) => options.onReboot && (entry === 'torn' || isOfEarlierBoot(entry)),
    isLitter: ([ofMachine, ofBoot]) => ofMachine === tagOf(store)[0] && ofBoot !== tagOf(store)[1],
  });
  const temporary = `${store.temporary}/marker.${originTag({ machine, boot })}.${process.pid}`;
  unlinkIfThere(temporary);
  closeSync(writeNew(temporary, done, false));
  renameSync(temporary, marker);
  return swept;
}

function isOlderThanBoot({ env, folder }: Store, address: string): boolean {
  const mtime = statSync(`${folder}/${address}`, { throwIfNoEntry: false })?.mtimeMs;
  return mtime !== undefined && mtime < env.bootTime() - clockSlack;
}

/**
 * Releases every reservation of the network that belongs to none of the valid attachments, whoever made it. Only those
 * that another machine has indexed stay: dataDir may be shared, and this machine's runtime does not know of them.
 * @throws CniError after all that could be released has been
 */
export async function collectGarbage(store: Store, valid: readonly Owner[]): Promise<readonly string[]> {
  const { machine } = originOf(store);
  const keys = new Set(valid.map(keyOf));
  const containers = new Set(valid.map(({ containerId }) => containerId));
  const isForeign = (entry: IndexEntry | 'torn' | undefined): boolean =>
    entry !== undefined && entry !== 'torn' && entry.machine !== machine;
  using _lock = isThere(store) ? await lockStore(store) : undefined;
  const { released, errors } = sweep(store, {
    isDead: ({ holder, key, entry }) =>
      !isForeign(entry) && (key === undefined ? !containers.has(holder.containerId) : !keys.has(key)),
    isStale(entry, key) {
      if (isForeign(entry)) return false;
      if (entry === 'torn' || !keys.has(key)) return true;
      return !entry.addresses.some((address) => holds(store, entry, address));
    },
    isLitter: ([ofMachine]) => ofMachine === tagOf(store)[0],
  });
  const error = joinErrors(errors);
  if (error) throw error;
  return released;
}

interface Reserved {
  readonly address: string;
  readonly holder: Named;
  /** Key of the attachment; an old peer's reservation names none. */
  readonly key: string | undefined;
  readonly entry: IndexEntry | 'torn' | undefined;
}

interface Judge {
  /** Whether a reservation is to be released. */
  isDead(reserved: Reserved): boolean;
  /** Whether an index entry is to go; asked when the reservations have been dealt with. */
  isStale(entry: IndexEntry | 'torn', key: string): boolean;
  /** Whether a file on its way is to go, by the tags of machine and boot in its name. */
  isLitter(tag: readonly [machine: string, boot: string]): boolean;
}

/**
 * Goes through reservations, index entries and temporary files. The lock must be held: then no peer is in the midst of
 * writing, so that a reservation without content is one that a loss of power has torn.
 */
function sweep(store: Store, judge: Judge): Swept {
  const errors: unknown[] = [];
  const attempt = <T>(work: () => T, failed: T): T => {
    try {
      return work();
    } catch (error) {
      errors.push(withRemedy(error));
      return failed;
    }
  };
  const sweeping: Sweeping = { store, judge, stuck: new Set(), entries: new Map() };
  const released = reservedNames(store).filter((address) =>
    attempt(() => sweepReservation(sweeping, address), false),
  );
  for (const key of namesIn(store.index).filter((name) => isKey(name) && !sweeping.stuck.has(name))) {
    attempt(() => {
      const entry = entryOf(sweeping, key);
      return entry !== undefined && judge.isStale(entry, key) && unlinkIfThere(`${store.index}/${key}`);
    }, false);
  }
  for (const name of namesIn(store.temporary)) {
    const [, machine = '', boot = ''] = name.split('.');
    if (judge.isLitter([machine, boot])) attempt(() => unlinkIfThere(`${store.temporary}/${name}`), false);
  }
  return { released, errors };
}

interface Sweeping {
  readonly store: Store;
  readonly judge: Judge;
  /** Keys of entries that stay, since one of their reservations could not be released. */
  readonly stuck: Set<string>;
  /** Entries that have been read. With the lock held, none of them is replaced. */
  readonly entries: Map<string, IndexEntry | 'torn'>;
}

function entryOf({ store, entries }: Sweeping, key: string): IndexEntry | 'torn' | undefined {
  const entry = entries.get(key) ?? readEntry(store, key);
  if (entry !== undefined) entries.set(key, entry);
  return entry;
}

/** Releases one reservation if it is to be; returns whether it was. */
function sweepReservation(sweeping: Sweeping, address: string): boolean {
  const { store, judge, stuck } = sweeping;
  const holder = holderOf(store, address);
  if (holder === 'torn') return unlinkIfThere(`${store.folder}/${address}`);
  if (!isNamed(holder)) return false;
  const { containerId, ifname } = holder;
  const key = ifname === undefined ? undefined : keyOf({ containerId, ifname });
  const entry = key === undefined ? undefined : entryOf(sweeping, key);
  if (!judge.isDead({ address, holder, key, entry })) return false;
  try {
    return unlinkIfThere(`${store.folder}/${address}`);
  } catch (error) {
    if (key !== undefined) stuck.add(key);
    throw error;
  }
}

function tagOf(store: Store): readonly [machine: string, boot: string] {
  const [machine = '', boot = ''] = originTag(originOf(store)).split('.');
  return [machine, boot];
}
