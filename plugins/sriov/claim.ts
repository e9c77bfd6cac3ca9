/**
 * Which virtual function an attachment gets. Chosen and written down under the NIC's lock, whichever way it is named, so
 * no two calls take the same one.
 */
import { alreadyAttached } from '../../lib/attach/veth.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { identityOf } from '../../lib/exec/machine.ts';
import { isUp, type LinkInfo } from '../../lib/ip/read.ts';
import {
  findPf,
  findVf,
  hasUserspaceDriver,
  type Located,
  type PhysicalFunction,
  type VirtualFunction,
} from '../../lib/pci/function.ts';
import { type Config, invalid, type Settings } from './config.ts';
import { ensureVfs } from './make.ts';
import { type Reading, readFunction } from './reading.ts';
import { flagsOf, restore } from './restore.ts';
import { broken, isHeld, markOf, readState, type State, stateOf, writeState } from './state.ts';

/** A function that is this attachment's now, and what it was. */
export interface Claim extends Located {
  readonly state: State;
  readonly reading: Reading;
}

/**
 * @returns whether this attachment had a function, that it has no more: its sandbox is gone, or an ADD was killed halfway
 * @throws CniError 102 where it has one now
 */
export function hadFunction({ host, attachment }: AttachmentContext<Config>): boolean {
  const own = stateOf(host, attachment);
  if (own === undefined) return false;
  if (!isHeld(host, own)) return true;
  const { containerId, ifname, network } = attachment;
  throw alreadyAttached(containerId, ifname, network, own.link?.name ?? own.address);
}

/**
 * @param holding the NIC's lock
 * @throws CniError 102 where the one named is another's; 103 where none is free; 7 where there is no such function
 */
export async function claim(
  context: AttachmentContext<Config>,
  settings: Settings,
  sandbox: Netns,
  pf: PhysicalFunction,
  holding: HeldLock,
): Promise<Claim> {
  const { host } = context;
  const current = settings.numVfs === undefined ? pf : await ensureVfs(host, pf, settings.numVfs, holding);
  const vf =
    settings.deviceId === undefined ? firstFree(host, current) : named(host, settings.deviceId, settings);
  await giveBackIfStale(context, current, vf, holding);
  // Its name and settings may be others by now.
  const located = findVf(host, vf.address, settings.deviceField);
  const reading = await readFunction(host, located.pf, located.vf, holding);
  const state = stateOfNow(context, located.vf, reading, sandbox);
  writeState(host, state);
  return { ...located, state, reading };
}

/** The NIC that the config names, by itself or by one of its functions. */
export function pfOf(host: Host, { deviceId, deviceField, master }: Settings): PhysicalFunction {
  const byMaster = master === undefined ? undefined : findPf(host, master, 'master');
  if (deviceId === undefined) return byMaster ?? findPf(host, '', 'master');
  const { pf } = findVf(host, deviceId, deviceField);
  if (byMaster !== undefined && byMaster.address !== pf.address) {
    throw invalid(
      `${deviceField}: ${show(deviceId)} is a virtual function of ${pf.netdev ?? pf.address}, not of master ${show(master)}`,
    );
  }
  return pf;
}

/** The one that the config names, unless somebody has it. */
function named(host: Host, deviceId: string, { deviceField }: Settings): VirtualFunction {
  const { vf } = findVf(host, deviceId, deviceField);
  const state = readState(host, vf.address);
  if (typeof state === 'object' && isHeld(host, state)) {
    const { containerId, ifname, network } = state.holder;
    throw new CniError(
      ErrorCode.alreadyExists,
      `${deviceField}: ${show(deviceId)} is in use by container ${containerId} (${ifname}, network ${show(network)}); DEL of that one gives it back`,
    );
  }
  // One whose holder has died is on its way home.
  if (state === undefined && vf.netdev === undefined && !hasUserspaceDriver(vf)) {
    throw new CniError(
      ErrorCode.alreadyExists,
      vf.driver === undefined
        ? `${deviceField}: ${show(deviceId)} has no driver; bind one`
        : `${deviceField}: ${show(deviceId)} has no link on this node (driver ${vf.driver}): it is in another network namespace, and plumbline has not put it there`,
    );
  }
  return vf;
}

/** Free is what is on the host, in the driver's hands or back in them, and no living container's. */
export function isFree(host: Host, vf: VirtualFunction): boolean {
  if (vf.netdev === undefined) return false;
  const state = readState(host, vf.address);
  return typeof state !== 'object' || !isHeld(host, state);
}

function firstFree(host: Host, pf: PhysicalFunction): VirtualFunction {
  const isReturning = (vf: VirtualFunction): boolean => {
    const state =
      vf.netdev === undefined && !hasUserspaceDriver(vf) ? readState(host, vf.address) : undefined;
    return typeof state === 'object' && !isHeld(host, state);
  };
  const free = pf.vfs.find((vf) => isFree(host, vf)) ?? pf.vfs.find(isReturning);
  if (free !== undefined) return free;
  throw new CniError(
    ErrorCode.noAddress,
    pf.vfs.length === 0
      ? `master: ${show(pf.netdev ?? pf.address)} has no virtual functions; make some ("echo N > /sys/bus/pci/devices/${pf.address}/sriov_numvfs"), or set numVfs`
      : `master: none of the ${pf.vfs.length} virtual functions of ${show(pf.netdev ?? pf.address)} is free; "plumbline vfs" shows who has them`,
  );
}

/** A function whose holder has died without a DEL is made what it was first: that is what this call will restore. */
async function giveBackIfStale(
  { host, log }: AttachmentContext<Config>,
  pf: PhysicalFunction,
  vf: VirtualFunction,
  holding: HeldLock,
): Promise<void> {
  const state = readState(host, vf.address);
  // Without a record, the mark that an ADD has left on it tells of one that was lost.
  if (state === undefined && markOf(host, vf.address) === undefined) return;
  const holder =
    typeof state === 'object'
      ? `container ${state.holder.containerId}, which is gone`
      : `a container whose record is ${state === broken ? 'broken' : 'lost'}`;
  log.log('warn', `took ${vf.address} back from ${holder}`, { pf: pf.netdev });
  await restore(host, log, vf.address, { state, sandbox: undefined, holding });
}

function stateOfNow(
  { attachment, request, host }: AttachmentContext<Config>,
  vf: VirtualFunction,
  { link, vf: settings }: Reading,
  sandbox: Netns,
): State {
  const { network, containerId, ifname } = attachment;
  return {
    version: 1,
    address: vf.address,
    holder: {
      network,
      containerId,
      ifname,
      netns: request.netns,
      netnsId: sandbox.id,
      boot: identityOf(host.kernel).bootId(),
    },
    ...(link === undefined ? {} : { link: linkOfNow(link) }),
    vf: settings,
  };
}

function linkOfNow(link: LinkInfo): State['link'] {
  const { ifname: name, address: mac = '', mtu, ifalias: alias } = link;
  return { name, mac, mtu, up: isUp(link), alias, flags: flagsOf(link) };
}
