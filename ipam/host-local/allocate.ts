/** One address out of each range set, all or none. */
import { CniError, ErrorCode } from '../../lib/errors.ts';
import { type Address, formatAddress } from '../../lib/net/address.ts';
import type { Owner } from './entry.ts';
import {
  type Candidate,
  candidates,
  capacity,
  describeSet,
  gatewaysOf,
  type RangeSet,
  rangeOf,
} from './pool.ts';
import { beginReservation, type Reservation } from './reserve.ts';
import {
  holderOf,
  isNamed,
  isTaken,
  lastReserved,
  looksBeforeReading,
  type Store,
  takenNames,
} from './store.ts';

export interface Demand {
  readonly sets: readonly RangeSet[];
  /** The address that is asked for, by the index of the set that holds it. */
  readonly asked: ReadonlyMap<number, Address>;
}

/**
 * Reserves an address of each set for the attachment.
 * @throws CniError 102 where it has some already, 103 where none is free or the asked-for one is taken; then nothing
 *         stays reserved
 */
export async function allocate(store: Store, owner: Owner, demand: Demand): Promise<readonly Candidate[]> {
  const reservation = await beginReservation(store, owner);
  try {
    const given = demand.sets.map((_, index) => allocateFrom(store, reservation, demand, index));
    reservation.commit();
    return given;
  } catch (error) {
    // Where even the undo fails, the index entry is left, and DEL finds by it what is reserved.
    await reservation.undo().catch(() => undefined);
    throw error;
  }
}

function allocateFrom(
  store: Store,
  reservation: Reservation,
  { sets, asked }: Demand,
  index: number,
): Candidate {
  const set = sets[index] ?? [];
  const wanted = asked.get(index);
  const given = wanted
    ? reserveAsked(store, reservation, set, wanted)
    : reserveNext(store, reservation, sets, index);
  reservation.noteLast(index, given.text);
  return given;
}

function reserveAsked(store: Store, reservation: Reservation, set: RangeSet, address: Address): Candidate {
  const range = rangeOf(set, address);
  const text = formatAddress(address);
  if (range !== undefined && reservation.reserve(text)) return { address, text, range };
  const holder = holderOf(store, text);
  const by = isNamed(holder) ? ` by container ${holder.containerId}` : '';
  throw new CniError(
    ErrorCode.noAddress,
    `the address ${text} that is asked for is reserved${by} in network ${store.network}; ask for another, or for none`,
  );
}

function reserveNext(
  store: Store,
  reservation: Reservation,
  sets: readonly RangeSet[],
  index: number,
): Candidate {
  const set = sets[index] ?? [];
  const gateways = gatewaysOf(sets);
  const last = lastReserved(store, index);
  let looks = 0;
  for (const candidate of candidates(set, gateways, last)) {
    // Most often the first one is free: it is tried without a look.
    if ((looks === 0 || !isTaken(store, candidate.text)) && reservation.reserve(candidate.text))
      return candidate;
    looks += 1;
    if (looks === looksBeforeReading) break;
  }
  for (const candidate of candidates(set, gateways, last, takenNames(store)))
    if (reservation.reserve(candidate.text)) return candidate;
  throw new CniError(
    ErrorCode.noAddress,
    `no address is free in range set ${index} (${describeSet(set)}): all ${capacity(set, gateways)} are reserved in ` +
      `${store.folder}; widen the range, or let the runtime DEL or GC what is stale`,
  );
}
