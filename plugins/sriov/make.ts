/** Virtual functions made on a NIC that has none. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import { setUp } from '../../lib/ip/link.ts';
import { findPf, numVfsFile, type PhysicalFunction } from '../../lib/pci/function.ts';
import { invalid } from './config.ts';
import { netdevOfPf } from './reading.ts';

/** Milliseconds between looks, and how many: the driver makes the links in its own time, seconds on a slow machine. */
const pause = 50;
const looks = 400;

/** @throws CniError 7 where the NIC has another number of them, or cannot have as many */
export async function ensureVfs(
  host: Host,
  pf: PhysicalFunction,
  count: number,
  holding: HeldLock,
): Promise<PhysicalFunction> {
  const name = pf.netdev ?? pf.address;
  if (pf.vfs.length === count) return pf;
  if (pf.vfs.length > 0) {
    throw invalid(
      `numVfs: ${show(name)} has ${pf.vfs.length} virtual functions, not ${count}; they may be in use, and are never made anew: correct numVfs, or remove them first`,
    );
  }
  if (count > pf.totalVfs)
    throw invalid(`numVfs: ${count} is more than the ${pf.totalVfs} that ${show(name)} can have`);
  // Functions of a NIC that is down have no carrier.
  await ipBatch(host, [setUp(netdevOfPf(pf))], { holding });
  host.kernel.write(numVfsFile(pf), String(count));
  for (let look = 0; look < looks; look += 1) {
    const made = findPf(host, pf.address, 'master');
    if (made.vfs.length === count && made.vfs.every(({ netdev }) => netdev !== undefined)) return made;
    await sleep(pause);
  }
  throw new CniError(
    ErrorCode.tryAgainLater,
    `numVfs: the links of the ${count} virtual functions of ${show(name)} have not come up within ${(pause * looks) / 1000} s; is their driver loaded?`,
  );
}
