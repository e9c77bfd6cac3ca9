/** Whether an ADD could get an address now. */
import { accessSync, constants, statfsSync } from 'node:fs';
import { CniError, ErrorCode, isErrnoException } from '../../lib/errors.ts';
import { parseAddress } from '../../lib/net/address.ts';
import { withRemedy } from './files.ts';
import { candidates, capacity, countTaken, describeSet, gatewaysOf, type RangeSet } from './pool.ts';
import { isTaken, lastReserved, looksBeforeReading, reservedNames, type Store } from './store.ts';

/**
 * @param reclaim takes back what is dead, as the next ADD would before it gives up
 * @throws CniError 50 with the reason: counts of the exhausted sets, or why nothing can be written
 */
export async function refuseIfUnavailable(
  store: Store,
  dataDir: string,
  sets: readonly RangeSet[],
  reclaim: () => Promise<void>,
): Promise<void> {
  refuseIfUnwritable(store, dataDir);
  if (exhausted(store, sets).length === 0) return;
  await reclaim();
  const faults = exhausted(store, sets);
  if (faults.length > 0) {
    throw notAvailable(
      `network ${store.network}: ${faults.join('; ')}; widen the range, or GC what is stale`,
    );
  }
}

/** The sets that have no address left, in words. They are counted only where none is found free by a few looks. */
function exhausted(store: Store, sets: readonly RangeSet[]): readonly string[] {
  const gateways = gatewaysOf(sets);
  const hasFree = (set: RangeSet, index: number): boolean =>
    candidates(set, gateways, lastReserved(store, index))
      .take(looksBeforeReading)
      .some(({ text }) => !isTaken(store, text));
  if (sets.every(hasFree)) return [];
  return usageOf(store, sets).flatMap(({ set, used, size }, index) =>
    used < size
      ? []
      : [`range set ${index} (${describeSet(set)}) is exhausted: ${used} of ${size} addresses are reserved`],
  );
}

/** How much of a range set is given. */
export interface Usage {
  readonly set: RangeSet;
  /** Reserved addresses that the set could give. */
  readonly used: number;
  /** How many it has in all. */
  readonly size: bigint;
}

/** How much of each range set is given. */
export function usageOf(store: Store, sets: readonly RangeSet[]): readonly Usage[] {
  const gateways = gatewaysOf(sets);
  const taken = reservedNames(store)
    .map(parseAddress)
    .filter((address) => address !== undefined);
  return sets.map((set) => ({ set, used: countTaken(set, gateways, taken), size: capacity(set, gateways) }));
}

/**
 * Root may write anywhere but where the file system is read-only or full.
 * @throws CniError 50 with the reason
 */
export function refuseIfUnwritable({ folder }: Store, dataDir: string): void {
  try {
    const existing = nearest(folder);
    accessSync(existing, constants.W_OK | constants.X_OK);
    const { bavail, files, ffree } = statfsSync(existing);
    if (bavail === 0 || (files > 0 && ffree === 0)) {
      throw notAvailable(`ipam.dataDir: ${dataDir} lies on a full disk; free space or inodes`);
    }
  } catch (error) {
    const told = withRemedy(error);
    throw told instanceof CniError ? notAvailable(told.message) : told;
  }
}

/** The folder itself, or what of its path is there. */
function nearest(folder: string): string {
  for (let path = folder; path.length > 1; path = path.slice(0, path.lastIndexOf('/'))) {
    try {
      accessSync(path);
      return path;
    } catch (error) {
      if (!isErrnoException(error, 'ENOENT')) return path;
    }
  }
  return '/';
}

function notAvailable(message: string): CniError {
  return new CniError(ErrorCode.notAvailable, message);
}
