/**
 * Whether every reservation has an index entry. Then an attachment without one has no reservation either, and a DEL that
 * comes a second time, as runtimes send it, need not read them all. Seen once, it is noted in
 * <dataDir>/.plumbline/<network>/indexed.
 *
 * The reference plugin makes reservations without entries. After each of its reservations it writes last_reserved_ip.0
 * in place, which sets the file's time; we put a new file there, whose time is one that no clock shows. So the time tells
 * whether the reference has reserved since our last ADD, and each of our ADDs looks at that of the file that it replaces.
 */
import { closeSync, fstatSync, futimesSync, renameSync, statSync } from 'node:fs';
import { namesIn, openIfThere, unlinkIfThere } from './files.ts';
import { type Holder, isNamed, keyOf, type Store, temporaryPath, writeNew } from './store.ts';

/** Seconds since 1970. */
const ourTime = 1;
const isOurTime = (milliseconds: number): boolean => milliseconds === ourTime * 1000;

const markerOf = ({ index }: Store): string => `${index}/indexed`;
const lastOf = ({ folder }: Store, set: number): string => `${folder}/last_reserved_ip.${set}`;

/** Writes which address a range set gave last, and notices where the reference has done so since we did. */
export function writeLast(store: Store, key: string, set: number, address: string): void {
  const path = temporaryPath(store, key);
  const fd = writeNew(path, address, false, 0o644);
  futimesSync(fd, ourTime, ourTime);
  closeSync(fd);
  // Held open: what the reference does to it until it is replaced is seen afterwards.
  const before = openIfThere(lastOf(store, set));
  try {
    renameSync(path, lastOf(store, set));
    if (before !== undefined && !isOurTime(fstatSync(before).mtimeMs)) unlinkIfThere(markerOf(store));
  } finally {
    if (before !== undefined) closeSync(before);
  }
}

/** Tells the state of the file from that after any other ADD; undefined where the reference was the last to write it. */
function stateOf(store: Store): string | undefined {
  const stats = statSync(lastOf(store, 0), { throwIfNoEntry: false });
  return stats && isOurTime(stats.mtimeMs) ? `${stats.ino} ${stats.ctimeMs}` : undefined;
}

/** Whether it is known that no reservation lacks an entry. */
export function isAllIndexed(store: Store): boolean {
  const isNoted = statSync(markerOf(store), { throwIfNoEntry: false }) !== undefined;
  return isNoted && stateOf(store) !== undefined;
}

/** What a reading of all reservations begins with. */
export interface Survey {
  /** Notes that none lacks an entry, where that is so, and no ADD came meanwhile. */
  note(holders: readonly (Holder | undefined)[]): void;
}

/** To be called before the reservations are read: an entry is there before its reservation. */
export function beginSurvey(store: Store): Survey {
  const state = stateOf(store);
  const keys = new Set(state === undefined ? [] : namesIn(store.index));
  const isIndexed = (holder: Holder | undefined): boolean =>
    holder === undefined ||
    holder === 'alien' ||
    (isNamed(holder) &&
      holder.ifname !== undefined &&
      keys.has(keyOf({ containerId: holder.containerId, ifname: holder.ifname })));
  return {
    note(holders) {
      if (state === undefined || holders.length === 0 || !holders.every(isIndexed)) return;
      writeMarker(store);
      if (stateOf(store) !== state) unlinkIfThere(markerOf(store));
    },
  };
}

function writeMarker(store: Store): void {
  const path = temporaryPath(store, 'indexed');
  try {
    closeSync(writeNew(path, '', false));
    renameSync(path, markerOf(store));
  } catch {
    // It saves work, and no DEL is to fail for want of it: on a disk that is full, say.
  }
}
