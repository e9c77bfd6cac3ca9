/**
 * Reservations on disk, in the form of the reference plugin's, shared with it while both run.
 *
 *     <dataDir>/<network>/<ip>                  the reservation: "containerID\r\nifname"
 *     <dataDir>/<network>/last_reserved_ip.<n>  the last address of range set n
 *     <dataDir>/<network>/lock                  flock: held by the peer around each step, by us around each removal
 *     <dataDir>/.plumbline/<network>/<hash>     index entry of an attachment (entry.ts)
 *     <dataDir>/.plumbline/<network>/indexed     when each reservation was seen to have an entry (indexed.ts)
 *     <dataDir>/.plumbline/<network>/tmp/       files on their way to one of the names above
 *
 * To reserve needs no lock: link(2) is exclusive, as is the peer's O_EXCL, and what it names is whole. To remove does:
 * a file's content is compared and the file unlinked as one step, or two DELs that saw the same file could remove the
 * reservation of somebody who came between them.
 */

import { closeSync, constants, fsyncSync, lstatSync, openSync, statSync } from 'node:fs';
import { runtime } from '#runtime';
import { CniError, ErrorCode } from '../../lib/errors.ts';
import { digest } from '../../lib/exec/digest.ts';
import { makeFolder } from '../../lib/exec/folder.ts';
import { type Address, parseAddress } from '../../lib/net/address.ts';
import { ipVersion } from '../../lib/net/ip-version.ts';
import { type IndexEntry, type Origin, type Owner, parseEntry } from './entry.ts';
import { namesIn, readSmall, syncFolder, unlinkIfThere, writeAll } from './files.ts';

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

export function isNamed(holder: Holder | undefined): holder is Named {
  return typeof holder === 'object';
}

/** The addresses that have a file, by the files' names; none of the files is read. */
export function reservedNames({ folder }: Store): readonly string[] {
  return namesIn(folder).filter((name) => ipVersion(name) !== 0);
}

/**
 * How many candidates are looked at, one by one, before the folder is read as a whole: of a range that is full to 99 %,
 * every hundredth is free on average, while the folder has as many names as the node has containers.
 */
export const looksBeforeReading = 256;

/** Whether anything has this name in the network's folder. */
export function isTaken({ folder }: Store, address: string): boolean {
  return lstatSync(`${folder}/${address}`, { throwIfNoEntry: false }) !== undefined;
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

/**
 * Removes a reservation if it is still what the caller takes it for; the store's lock must be held.
 * @returns whether it was
 */
export function releaseIf(store: Store, address: string, expected: (holder: Holder) => boolean): boolean {
  const holder = holderOf(store, address);
  return holder !== undefined && expected(holder) && unlinkIfThere(`${store.folder}/${address}`);
}

/**
 * A new path for a file on its way: the attachment's key, by which DEL finds what a killed ADD has left; the machine
 * and boot, by which reclaim and GC do; chance.
 */
export function temporaryPath(store: Store, key: string): string {
  return `${store.temporary}/${key}.${originTag(originOf(store))}.${Buffer.from(runtime.randomBytes(6)).toString('hex')}`;
}

/** Machine and boot as they stand in a temporary file's name. */
export function originTag({ machine, boot }: Origin): string {
  return `${digest(8, machine)}.${digest(8, boot)}`;
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
