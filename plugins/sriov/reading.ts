/** One NIC as the kernel has it now: its functions, what it has set for them, and one of their links. */
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { type HeldLock, lockPath, lockRunDir } from '../../lib/exec/lock.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { isUp, type LinkInfo, readLinks, showDevice } from '../../lib/ip/read.ts';
import { readFunctions, showFunctions, type VfSettings } from '../../lib/ip/vf.ts';
import type { PhysicalFunction, VirtualFunction } from '../../lib/pci/function.ts';

export interface Reading {
  /** Name of the PF's link. */
  readonly pf: string;
  readonly pfIsUp: boolean;
  /** The VF's link, where it is on the host. */
  readonly link: LinkInfo | undefined;
  readonly vf: VfSettings;
}

/** Whoever chooses, changes or restores a function of a NIC holds its lock. */
export function lockPf(host: Host, { address }: Pick<PhysicalFunction, 'address'>): Promise<HeldLock> {
  return lockRunDir(host.runner, lockPath(host.runDir, 'sriov', address));
}

/**
 * @param changes carried out before, as far as they can be, by the same child; what has become of them the reading tells
 * @throws CniError 7 where the PF has no link on this node, or does not know the VF
 */
export async function readFunction(
  host: Host,
  pf: PhysicalFunction,
  vf: VirtualFunction,
  holding: HeldLock,
  changes: readonly Command[] = [],
): Promise<Reading> {
  const name = netdevOfPf(pf);
  const own = vf.netdev === undefined ? [] : [showDevice(vf.netdev)];
  const lines = [...changes, ...own, showDevice(name), showFunctions(name)];
  const documents = await ipBatch(host, lines, { holding, force: changes.length > 0 });
  const links = documents.slice(0, -1).flatMap(readLinks);
  const settings = readFunctions(documents.at(-1)).get(vf.index);
  if (settings === undefined) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${name} (${pf.address}) says nothing of its virtual function ${vf.index} (${vf.address}): its driver ${show(pf.driver ?? 'none')} cannot set it up`,
    );
  }
  const parent = links.find(({ ifname }) => ifname === name);
  return {
    pf: name,
    pfIsUp: parent !== undefined && isUp(parent),
    link: links.find(({ ifname }) => ifname === vf.netdev),
    vf: settings,
  };
}

export function netdevOfPf({ netdev, address, driver }: PhysicalFunction): string {
  if (netdev !== undefined) return netdev;
  throw new CniError(
    ErrorCode.invalidConfig,
    `the physical function ${address} has no link on this node (driver ${driver ?? 'none'}), by which its virtual functions could be set up`,
  );
}
