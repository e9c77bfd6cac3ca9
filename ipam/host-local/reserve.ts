/** Reserving: an ADD's way from the index entry to the address, and back where it fails. */
import { closeSync, fdatasyncSync, fstatSync, statSync } from 'node:fs';
import { CniError, ErrorCode } from '../../lib/errors.ts';
import { formatAddressLine, formatEntry, type Owner, parseEntry } from './entry.ts';
import { linkNew, openIfThere, readAll, syncFolder, unlinkIfThere, writeAll } from './files.ts';
import { writeLast } from './indexed.ts';
import {
  holds,
  isOf,
  keyOf,
  lockStore,
  makeFolders,
  originOf,
  readEntry,
  releaseIf,
  reservedNames,
  type Store,
  temporaryPath,
  writeNew,
} from './store.ts';

/** One attachment's reservations in the making. Exactly one of commit and undo ends it. */
export interface Reservation {
  /** Reserves an address for the attachment; false where it is taken. */
  reserve(address: string): boolean;
  /** Notes the address that a range set gave last, for the round robin. */
  noteLast(set: number, address: string): void;
  /** @throws CniError 11 where a DEL of the attachment came in between; undo is due then too */
  commit(): void;
  /** Gives back what this very call has reserved, and nothing else. */
  undo(): Promise<void>;
}

/**
 * Begins an ADD's reservations by making the attachment's index entry, which is the guard against a second ADD.
 * @throws CniError 102 where the attachment has an address
 */
export async function beginReservation(store: Store, owner: Owner): Promise<Reservation> {
  makeFolders(store);
  const fd = createEntry(store, owner, []) ?? (await takeOverEntry(store, owner));
  return reservationOn(store, owner, fd);
}

/** Makes an index entry, whole from the beginning; returns its descriptor for appending, or undefined if there is one. */
function createEntry(store: Store, owner: Owner, addresses: readonly string[]): number | undefined {
  const key = keyOf(owner);
  const path = temporaryPath(store, key);
  const fd = writeNew(path, formatEntry({ ...originOf(store), ...owner, addresses }), store.durable);
  let isNew = false;
  try {
    isNew = linkNew(path, `${store.index}/${key}`);
    if (isNew && store.durable) syncFolder(store.index);
    return isNew ? fd : undefined;
  } finally {
    if (!isNew) closeSync(fd);
    unlinkIfThere(path);
  }
}

/**
 * Replaces an entry that stands for nothing: each address that it lists has been released without it, by the peer or
 * by hand, or its ADD was killed before it reserved one.
 */
async function takeOverEntry(store: Store, owner: Owner): Promise<number> {
  refuseSecond(store, owner);
  using _lock = await lockStore(store);
  const path = `${store.index}/${keyOf(owner)}`;
  for (;;) {
    refuseSecond(store, owner);
    const old = openIfThere(path);
    let addresses: readonly string[] = [];
    if (old !== undefined) {
      try {
        unlinkIfThere(path);
        // Read after the removal, and carried over: an ADD that is still under way may just have appended a line.
        addresses = parseEntry(readAll(old))?.addresses ?? [];
      } finally {
        closeSync(old);
      }
    }
    const fd = createEntry(store, owner, addresses);
    if (fd !== undefined) return fd;
  }
}

function refuseSecond(store: Store, owner: Owner): void {
  const entry = readEntry(store, keyOf(owner));
  if (entry === undefined) return;
  const listed = entry === 'torn' ? reservedNames(store) : entry.addresses;
  const held = listed.filter((address) => holds(store, owner, address));
  if (held.length === 0) return;
  throw new CniError(
    ErrorCode.alreadyExists,
    `${owner.ifname} of container ${owner.containerId} already has ${held.join(', ')} in network ${store.network}; ` +
      'DEL it before another ADD',
  );
}

function reservationOn(store: Store, owner: Owner, entry: number): Reservation {
  const { folder, index, durable } = store;
  const key = keyOf(owner);
  const reserved: string[] = [];
  let file: string | undefined;
  const content = (): string => {
    if (file === undefined) {
      file = temporaryPath(store, key);
      closeSync(writeNew(file, `${owner.containerId}\r\n${owner.ifname}`, durable, 0o644));
    }
    return file;
  };
  const dropContent = (): void => {
    if (file !== undefined) unlinkIfThere(file);
    file = undefined;
  };
  return {
    reserve(address) {
      const whole = content();
      writeAll(entry, formatAddressLine(address));
      if (durable) fdatasyncSync(entry);
      if (!linkNew(whole, `${folder}/${address}`)) return false;
      reserved.push(address);
      return true;
    },
    noteLast(set, address) {
      writeLast(store, key, set, address);
    },
    commit() {
      if (durable) syncFolder(folder);
      dropContent();
      // Without a name, the entry has been removed by a DEL that did not know of the latest reservations.
      if (fstatSync(entry).nlink === 0) {
        throw new CniError(
          ErrorCode.tryAgainLater,
          `a DEL of ${owner.ifname} of container ${owner.containerId} came during its ADD; nothing is reserved`,
        );
      }
      closeSync(entry);
    },
    async undo() {
      try {
        dropContent();
        if (reserved.length > 0) {
          using _lock = await lockStore(store);
          for (const address of reserved) releaseIf(store, address, (holder) => isOf(holder, owner));
        }
        const path = `${index}/${key}`;
        const named = statSync(path, { throwIfNoEntry: false });
        if (named?.ino === fstatSync(entry).ino) unlinkIfThere(path);
      } finally {
        closeSync(entry);
      }
    },
  };
}
