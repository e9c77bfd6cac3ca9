/** Releasing what an attachment has, and finding it: by its index entry, or else by reading every reservation. */
import { closeSync } from 'node:fs';
import { joinErrors } from '../../lib/errors.ts';
import { type Owner, parseEntry } from './entry.ts';
import { namesIn, openIfThere, readAll, unlinkIfThere, withRemedy } from './files.ts';
import { beginSurvey, isAllIndexed } from './indexed.ts';
import {
  type Holder,
  holderOf,
  holds,
  isNamed,
  isOf,
  isThere,
  keyOf,
  lockStore,
  readEntry,
  releaseIf,
  reservedNames,
  type Store,
} from './store.ts';

/**
 * Releases all that an attachment has; nothing to release is no error.
 * @returns the released addresses
 * @throws CniError 5 after all that could be released has been
 */
export async function release(store: Store, owner: Owner): Promise<readonly string[]> {
  const key = keyOf(owner);
  // An ADD of this attachment that is under way, its plugin killed, cannot reserve without these.
  removeTemporaries(store, key);
  const path = `${store.index}/${key}`;
  if (!isThere(store)) {
    unlinkIfThere(path);
    return [];
  }
  const entry = openIfThere(path);
  if (entry === undefined) return releaseByScan(store, owner);
  try {
    using _lock = await lockStore(store);
    const listed = parseEntry(readAll(entry))?.addresses;
    const released = listed ? releaseEach(store, listed, owner) : releaseFound(store, findHeld(store, owner));
    unlinkIfThere(path);
    // What an ADD appended until then; what it appends later, it undoes itself when it finds the entry gone.
    const late = parseEntry(readAll(entry))?.addresses.filter((address) => !listed?.includes(address)) ?? [];
    return [...released, ...releaseEach(store, late, owner)];
  } finally {
    closeSync(entry);
  }
}

function releaseEach(store: Store, addresses: readonly string[], owner: Owner): readonly string[] {
  return releaseFound(
    store,
    addresses.map((address) => ({ address, expected: (holder) => isOf(holder, owner) })),
  );
}

/**
 * The fallback for reservations that the peer made: reads every file, as the peer does at each call. Not where it is known
 * that the peer has made none.
 */
async function releaseByScan(store: Store, owner: Owner): Promise<readonly string[]> {
  if (isAllIndexed(store)) return [];
  const survey = beginSurvey(store);
  const all = readAllHolders(store);
  survey.note(all.map(({ holder }) => holder));
  const found = heldAmong(all, owner);
  if (found.length === 0) return [];
  using _lock = await lockStore(store);
  return releaseFound(store, found);
}

interface Found {
  readonly address: string;
  readonly expected: (holder: Holder) => boolean;
}

interface Reserved {
  readonly address: string;
  readonly holder: Holder | undefined;
}

const readAllHolders = (store: Store): readonly Reserved[] =>
  reservedNames(store).map((address) => ({ address, holder: readableHolder(store, address) }));

const findHeld = (store: Store, owner: Owner): readonly Found[] => heldAmong(readAllHolders(store), owner);

function heldAmong(all: readonly Reserved[], owner: Owner): readonly Found[] {
  for (const matches of [isOf, isOldOf]) {
    const found = all.filter(({ holder }) => matches(holder, owner));
    if (found.length > 0) {
      return found.map(({ address }) => ({ address, expected: (holder) => matches(holder, owner) }));
    }
  }
  return [];
}

function releaseFound(store: Store, found: readonly Found[]): readonly string[] {
  const released: string[] = [];
  const errors: unknown[] = [];
  for (const { address, expected } of found) {
    try {
      if (releaseIf(store, address, expected)) released.push(address);
    } catch (error) {
      errors.push(withRemedy(error));
    }
  }
  const error = joinErrors(errors);
  if (error) throw error;
  return released;
}

/** Where an attachment's reservations are: by its index entry, or else by reading them all. */
export function heldAddresses(store: Store, owner: Owner): readonly string[] {
  const entry = readEntry(store, keyOf(owner));
  if (entry !== undefined && entry !== 'torn') {
    const held = entry.addresses.filter((address) => holds(store, owner, address));
    if (held.length > 0) return held;
  }
  return findHeld(store, owner).map(({ address }) => address);
}

/** Whether an address is this attachment's, an old peer's reservation included. */
export function isHeldBy(store: Store, owner: Owner, address: string): boolean {
  const holder = holderOf(store, address);
  return isOf(holder, owner) || isOldOf(holder, owner);
}

/** As {@link holderOf}; what cannot be read (a folder, a pipe) belongs to nobody here. */
function readableHolder(store: Store, address: string): Holder | undefined {
  try {
    return holderOf(store, address);
  } catch {
    return undefined;
  }
}

/** Whether a reservation is an old peer's, which names the container alone. */
function isOldOf(holder: Holder | undefined, { containerId }: Owner): boolean {
  return isNamed(holder) && holder.containerId === containerId && holder.ifname === undefined;
}

function removeTemporaries(store: Store, key: string): void {
  for (const name of namesIn(store.temporary)) {
    if (name.startsWith(`${key}.`)) unlinkIfThere(`${store.temporary}/${name}`);
  }
}
