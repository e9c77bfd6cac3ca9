/** Addresses that host-local has reserved, and for whom. */
import { statSync } from 'node:fs';
import { storeEnv } from '../../../ipam/host-local/plugin.ts';
import {
  holderOf,
  isNamed,
  keyOf,
  openStore,
  originOf,
  readEntry,
  reservedNames,
  type Store,
} from '../../../ipam/host-local/store.ts';
import type { Host } from '../../../lib/exec/host.ts';
import type { Reservation } from '../facts.ts';

/** Of reservations whose containers are still being made. */
const graceTime = 60_000;

/** @throws the system's error for a folder that cannot be read */
export function readReservations(host: Host, dataDir: string, network: string): readonly Reservation[] {
  const store = openStore(storeEnv(host), { dataDir, network, durable: false });
  return reservedNames(store).flatMap((address) => {
    const holder = holderOf(store, address);
    if (!isNamed(holder)) return [];
    const { containerId: id, ifname } = holder;
    return [{ network, address, id, ifname, mayBeUnseen: mayBeUnseen(store, address, id, ifname) }];
  });
}

function mayBeUnseen(store: Store, address: string, containerId: string, ifname = 'eth0'): boolean {
  const made = statSync(`${store.folder}/${address}`, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined || Math.abs(Date.now() - made) < graceTime) return true;
  const entry = readEntry(store, keyOf({ containerId, ifname }));
  const isIndexed = entry !== undefined && entry !== 'torn';
  return isIndexed && entry.machine !== originOf(store).machine;
}
