/**
 * Reservations on disk, in the form of the reference plugin's, shared with it while both run.
 *
 *     <dataDir>/<network>/<ip>                  the reservation: "containerID\r\nifname"
 *     <dataDir>/<network>/last_reserved_ip.<n>  the last address of range set n
 *     <dataDir>/<network>/lock                  flock: held by the peer around each step, by us around each removal
 *     <dataDir>/.plumbline/<network>/<hash>     index entry of an attachment (entry.ts)
 *     <dataDir>/.plumbline/<network>/tmp/       files on their way to one of the names above
 *
 * To reserve needs no lock: link(2) is exclusive, as is the peer's O_EXCL, and what it names is whole. To remove does:
 * a file's content is compared and the file unlinked as one step, or two DELs that saw the same file could remove the
 * reservation of somebody who came between them.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  statSync,
} from 'node:fs';
import { isIP } from 'node:net';
import { CniError, ErrorCode, joinErrors } from '../../lib/errors.ts';
import { digest } from '../../lib/exec/digest.ts';
import { type Address, parseAddress } from '../../lib/net/address.ts';
import {
  formatAddressLine,
  formatEntry,
  type IndexEntry,
  type Origin,
  type Owner,
  parseEntry,
} from './entry.ts';
import {
  linkNew,
  makeFolder,
  namesIn,
  openIfThere,
  readAll,
  readSmall,
  syncFolder,
  unlinkIfThere,
  withRemedy,
  writeAll,
} from './files.ts';

/** What the store needs to know of the machine, and cannot read for itself. */
export interface StoreEnv {
  /** A name of this machine that no other has and that stays: /etc/machine-id. */
  machineId(): string;
  /** A name of this boot: /proc/sys/kernel/random/boot_id. */
  bootId(): string;
  /** When this boot began, in milliseconds since 1970 by today's clock. */
  bootTime(): number;
  /** Takes flock(2) on the file, exclusively, and waits for it. */
  lock(path: string): Promise<Disposable> | Disposable;
}

export interface Store {
  readonly env: StoreEnv;
  readonly network: string;
  /** `<dataDir>/<network>` */
  readonly folder: string;
  /** `<dataDir>/.plumbline/<network>` */
  readonly index: string;
  /** `<dataDir>/.plumbline/<network>/tmp` */
  readonly temporary: string;
  /** Whether a reservation is to outlast a loss of power before it is reported. */
  readonly durable: boolean;
}

export interface StoreOptions {
  readonly dataDir: string;
  readonly network: string;
  readonly durable: boolean;
}

/** A store as a value; nothing is read or made yet. */
export function openStore(env: StoreEnv, { dataDir, network, durable }: StoreOptions): Store {
  // The edge has refused such names; a path that leaves dataDir would be the worst that could come of a mistake there.
  if (!dataDir.startsWith('/') || !/^[^./\0][^/\0]*$/.test(network)) {
    throw new CniError(ErrorCode.invalidConfig, `no folder of the network "${network}" in "${dataDir}"`);
  }
  const index = `${dataDir}/.plumbline/${network}`;
  return { env, network, folder: `${dataDir}/${network}`, index, temporary: `${index}/tmp`, durable };
}

/** Makes the store's folders where they are missing. */
export function makeFolders({ folder, temporary, durable }: Store): void {
  for (const [path, mode] of [
    [folder, 0o755],
    [temporary, 0o700],
  ] as const) {
    const first = makeFolder(path, mode);
    if (!durable || first === undefined) continue;
    for (let made = path; made.length >= first.length; made = parentOf(made)) syncFolder(parentOf(made));
  }
}

/** Takes the lock that the peer takes. The network's folder must be there. */
export async function lockStore({ env, folder }: Store): Promise<Disposable> {
  return env.lock(`${folder}/lock`);
}

/** Whether the network has a folder: without one, nothing is reserved. */
export function isThere({ folder }: Store): boolean {
  return statSync(folder, { throwIfNoEntry: false }) !== undefined;
}

export function originOf({ env }: Store): Origin {
  return { machine: env.machineId(), boot: env.bootId() };
}

/** File name of an attachment's index entry: 32 hexadecimal digits. */
export function keyOf({ containerId, ifname }: Owner): string {
  return digest(32, containerId, ifname);
}

export function isKey(name: string): boolean {
  return /^[0-9a-f]{32}$/.test(name);
}

/**
 * What a reservation's file says: whose it is; `torn` where a crash has left it without content; `alien` where it is
 * no file at all, but a folder, a pipe or a link, which is nobody's and stays.
 */
export type Holder = Named | 'torn' | 'alien';

/** An old peer's file has no interface name. */
export interface Named {
  readonly containerId: string;
  readonly ifname: string | undefined;
}

/** Who holds an address; undefined where it is free. */
export function holderOf({ folder }: Store, address: string): Holder | undefined {
  const path = `${folder}/${address}`;
  const isAlien = (): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() === false;
  try {
    const content = readSmall(path);
    if (content === undefined) return undefined;
    const holder = parseHolder(content);
    return holder === 'torn' && isAlien() ? 'alien' : holder;
  } catch (error) {
    if (isAlien()) return 'alien';
    throw error;
  }
}

function parseHolder(content: string): Named | 'torn' {
  const text = content.trim();
  // XFS leaves zeros where the data had not reached the disk.
  if (text === '' || text.includes('\0')) return 'torn';
  const end = text.indexOf('\r\n');
  if (end < 0) return { containerId: text, ifname: undefined };
  return { containerId: text.slice(0, end), ifname: text.slice(end + 2) };
}

/** Whether the address is reserved for exactly this attachment. */
export function holds(store: Store, owner: Owner, address: string): boolean {
  return isOf(holderOf(store, address), owner);
}

/** Whether a reservation is exactly this attachment's. */
export function isOf(holder: Holder | undefined, { containerId, ifname }: Owner): boolean {
  return isNamed(holder) && holder.containerId === containerId && holder.ifname === ifname;
}

/** Whether a reservation is an old peer's, which names the container alone. */
function isOldOf(holder: Holder | undefined, { containerId }: Owner): boolean {
  return isNamed(holder) && holder.containerId === containerId && holder.ifname === undefined;
}

export function isNamed(holder: Holder | undefined): holder is Named {
  return typeof holder === 'object';
}

/** The addresses that have a file, by the files' names; none of the files is read. */
export function reservedNames({ folder }: Store): readonly string[] {
  return namesIn(folder).filter((name) => isIP(name) !== 0);
}

/** Names in the network's folder, addresses or not: whatever has a name there cannot be reserved under it. */
export function takenNames({ folder }: Store): readonly string[] {
  return namesIn(folder);
}

/** The address that a range set gave last; undefined where nothing says so that can be understood. */
export function lastReserved({ folder }: Store, set: number): Address | undefined {
  return parseAddress((readSmall(`${folder}/last_reserved_ip.${set}`) ?? '').trim());
}

/** Reads an index entry; undefined where it is not there, `torn` where a crash has left it without sense. */
export function readEntry({ index }: Store, key: string): IndexEntry | 'torn' | undefined {
  const text = readSmall(`${index}/${key}`);
  return text === undefined ? undefined : (parseEntry(text) ?? 'torn');
}

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
      const path = temporaryPath(store, key);
      closeSync(writeNew(path, address, false, 0o644));
      renameSync(path, `${folder}/last_reserved_ip.${set}`);
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

/**
 * Removes a reservation if it is still what the caller takes it for; the store's lock must be held.
 * @returns whether it was
 */
export function releaseIf(store: Store, address: string, expected: (holder: Holder) => boolean): boolean {
  const holder = holderOf(store, address);
  return holder !== undefined && expected(holder) && unlinkIfThere(`${store.folder}/${address}`);
}

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

/** The fallback for reservations that the peer made: reads every file, as the peer does at each call. */
async function releaseByScan(store: Store, owner: Owner): Promise<readonly string[]> {
  const found = findHeld(store, owner);
  if (found.length === 0) return [];
  using _lock = await lockStore(store);
  return releaseFound(store, found);
}

interface Found {
  readonly address: string;
  readonly expected: (holder: Holder) => boolean;
}

function findHeld(store: Store, owner: Owner): readonly Found[] {
  const held = reservedNames(store).map((address) => ({ address, holder: readableHolder(store, address) }));
  for (const matches of [isOf, isOldOf]) {
    const found = held.filter(({ holder }) => matches(holder, owner));
    if (found.length > 0) {
      return found.map(({ address }) => ({ address, expected: (holder) => matches(holder, owner) }));
    }
  }
  return [];
}

/** As {@link holderOf}; what cannot be read (a folder, a pipe) belongs to nobody here. */
function readableHolder(store: Store, address: string): Holder | undefined {
  try {
    return holderOf(store, address);
  } catch {
    return undefined;
  }
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

/**
 * A new path for a file on its way: the attachment's key, by which DEL finds what a killed ADD has left; the machine
 * and boot, by which reclaim and GC do; chance.
 */
function temporaryPath(store: Store, key: string): string {
  return `${store.temporary}/${key}.${originTag(originOf(store))}.${randomBytes(6).toString('hex')}`;
}

/** Machine and boot as they stand in a temporary file's name. */
export function originTag({ machine, boot }: Origin): string {
  return `${digest(8, machine)}.${digest(8, boot)}`;
}

function removeTemporaries(store: Store, key: string): void {
  for (const name of namesIn(store.temporary)) {
    if (name.startsWith(`${key}.`)) unlinkIfThere(`${store.temporary}/${name}`);
  }
}

/** Writes a new file; returns its descriptor, open for appending and reading. Where it fails, no file is left. */
export function writeNew(path: string, text: string, durable: boolean, mode = 0o600): number {
  const { O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    writeAll(fd, text);
    if (durable) fsyncSync(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    unlinkIfThere(path);
    throw error;
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1));
}
