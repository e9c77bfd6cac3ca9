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
  /** Milliseconds after which the rest is left to the next call. */
  readonly patience?: number;
}

export interface Swept {
  readonly released: readonly string[];
  /** Whether all has been gone through. */
  readonly isComplete: boolean;
  /** What could not be released; the rest has been. */
  readonly errors: readonly unknown[];
}

/** By how much a reservation must be older than this boot: the clock may have been set a little meanwhile. */
const clockSlack = 60_000;

/** Some disks take a millisecond to remove a file: a pod is not to wait for ten thousand, nor others for the lock. */
const usualPatience = 5_000;
/** So many removals a call at least, whatever they take: each call gets on, however long the search. */
const leastRemovals = 1_000;

/**
 * Once per boot and network, takes back the reservations that are dead, and removes files that a loss of power has left
 * without content. Costs one small read where that has been done. Where there is very much to do, several calls share it.
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
    patience: options.patience ?? usualPatience,
  });
  if (!swept.isComplete) return swept;
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
    // Of a valid attachment it may be an ADD's that is under way.
    isLitter: ([ofMachine, ofBoot], key) =>
      ofMachine === tagOf(store)[0] && !(keys.has(key) && ofBoot === tagOf(store)[1]),
    patience: Number.POSITIVE_INFINITY,
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
  /** Whether a file on its way is to go, by the tags of machine and boot and the attachment's key in its name. */
  isLitter(tag: readonly [machine: string, boot: string], key: string): boolean;
  /** Milliseconds; see {@link ReclaimOptions}. */
  readonly patience: number;
}

/**
 * Goes through reservations, index entries and temporary files. The lock must be held: then no peer is in the midst of
 * writing, so that a reservation without content is one that a loss of power has torn.
 */
function sweep(store: Store, judge: Judge): Swept {
  const sweeping: Sweeping = {
    store,
    judge,
    released: [],
    errors: [],
    stuck: new Set(),
    entries: new Map(),
    begin: performance.now(),
    removals: 0,
  };
  const { released, errors, stuck } = sweeping;
  const addresses = reservedNames(store);
  const isReleased = sweepAll(sweeping, addresses, (address) => sweepReservation(sweeping, address));
  // An entry must stay as long as one of its reservations may be there.
  const keys = isReleased ? namesIn(store.index).filter((name) => isKey(name) && !stuck.has(name)) : [];
  const isComplete = sweepAll(sweeping, keys, (key) => sweepEntry(sweeping, key)) && isReleased;
  for (const name of namesIn(store.temporary)) {
    const [key = '', machine = '', boot = ''] = name.split('.');
    if (judge.isLitter([machine, boot], key)) unlinkIfThere(`${store.temporary}/${name}`);
  }
  return { released, isComplete, errors };
}

interface Sweeping {
  readonly store: Store;
  readonly judge: Judge;
  readonly released: string[];
  readonly errors: unknown[];
  /** Keys of entries that stay, since one of their reservations could not be released. */
  readonly stuck: Set<string>;
  /** Entries that have been read. With the lock held, none of them is replaced. */
  readonly entries: Map<string, IndexEntry | 'torn'>;
  readonly begin: number;
  removals: number;
}

/** Does one thing with each name, goes on after errors, and stops where patience ends; returns whether it did all. */
function sweepAll(sweeping: Sweeping, names: readonly string[], remove: (name: string) => boolean): boolean {
  const { begin, errors, judge } = sweeping;
  for (const name of names) {
    if (sweeping.removals >= leastRemovals && performance.now() - begin > judge.patience) return false;
    try {
      if (remove(name)) sweeping.removals += 1;
    } catch (error) {
      errors.push(withRemedy(error));
    }
  }
  return true;
}

function sweepEntry(sweeping: Sweeping, key: string): boolean {
  const entry = entryOf(sweeping, key);
  return (
    entry !== undefined &&
    sweeping.judge.isStale(entry, key) &&
    unlinkIfThere(`${sweeping.store.index}/${key}`)
  );
}

function entryOf({ store, entries }: Sweeping, key: string): IndexEntry | 'torn' | undefined {
  const entry = entries.get(key) ?? readEntry(store, key);
  if (entry !== undefined) entries.set(key, entry);
  return entry;
}

/** Releases one reservation if it is to be; returns whether it was. */
function sweepReservation(sweeping: Sweeping, address: string): boolean {
  const { store, judge, released, stuck } = sweeping;
  const holder = holderOf(store, address);
  const key =
    isNamed(holder) && holder.ifname !== undefined
      ? keyOf({ containerId: holder.containerId, ifname: holder.ifname })
      : undefined;
  if (holder !== 'torn') {
    const entry = key === undefined ? undefined : entryOf(sweeping, key);
    if (!isNamed(holder) || !judge.isDead({ address, holder, key, entry })) return false;
  }
  try {
    if (!unlinkIfThere(`${store.folder}/${address}`)) return false;
    released.push(address);
    return true;
  } catch (error) {
    if (key !== undefined) stuck.add(key);
    throw error;
  }
}

function tagOf(store: Store): readonly [machine: string, boot: string] {
  const [machine = '', boot = ''] = originTag(originOf(store)).split('.');
  return [machine, boot];
}
