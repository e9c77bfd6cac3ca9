/** DEL: the function goes home as it was, then the address. With and without the sandbox, with and without a record. */
import { namesOf } from '../../lib/attach/names.ts';
import { withRelease } from '../../lib/attach/release.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { doAll } from '../../lib/errors.ts';
import { lockRunDir } from '../../lib/exec/lock.ts';
import { ipInSandbox } from '../../lib/ip/batch.ts';
import { readLinks } from '../../lib/ip/read.ts';
import { noMac } from '../../lib/ip/vf.ts';
import { isPciAddress, type Located, locateVf } from '../../lib/pci/function.ts';
import { lockPf } from './claim.ts';
import type { Config } from './config.ts';
import { readFunction } from './reading.ts';
import { restore } from './restore.ts';
import { broken, readState, removeState, stateOf } from './state.ts';

export async function del(context: AttachmentContext<Config>): Promise<void> {
  const { host, ipam } = context;
  // So that the children of an ADD that was killed are waited for.
  using _holding = await lockRunDir(host.runner, namesOf(context).lock);
  await doAll(withRelease(ipam, [() => giveBack(context)]));
}

/** Gives back what this attachment holds; nothing, where it holds nothing. The attachment's lock is the caller's. */
export async function giveBack(context: AttachmentContext<Config>): Promise<void> {
  const { host, log, attachment, sandbox } = context;
  const state = stateOf(host, attachment);
  if (state !== undefined) {
    const located = locateVf(host, state.address);
    // Its NIC's functions were removed, or the NIC itself: there is nothing to restore.
    if (located === undefined) return removeState(host, state.address);
    using holding = await lockPf(host, located.pf);
    return restore(host, log, state.address, { state, sandbox, holding });
  }
  const located = await unrecorded(context);
  if (located === undefined) return;
  using holding = await lockPf(host, located.pf);
  const record = readState(host, located.vf.address);
  // Another's by now.
  if (typeof record === 'object') return;
  if (record !== broken && !(await looksUnrestored(context, located, holding))) return;
  await restore(host, log, located.vf.address, { state: record, sandbox, holding });
}

/** The function that this attachment must have had, where no record says so: in the sandbox, or named. */
async function unrecorded(context: AttachmentContext<Config>): Promise<Located | undefined> {
  const { host, sandbox, config, attachment, prevResult } = context;
  const named = [
    config.runtimeConfig?.deviceID,
    config.deviceID,
    ...(prevResult?.interfaces ?? []).map(({ pciID }) => pciID),
  ].find((text) => text && isPciAddress(text.toLowerCase()));
  if (named !== undefined) return locateVf(host, named.toLowerCase());
  if (sandbox === undefined) return undefined;
  const [document] = await ipInSandbox(host, sandbox, [['address', 'show']]);
  const link = readLinks(document).find(({ ifname }) => ifname === attachment.ifname);
  const located = link?.parentdev === undefined ? undefined : locateVf(host, link.parentdev);
  const isOfMaster = [located?.pf.netdev, located?.pf.address].includes(config.master);
  return isOfMaster ? located : undefined;
}

/**
 * Whether a function without a record still has what an ADD of this config gives it. A second DEL finds it restored, and
 * must not take away what its owner had set before.
 */
async function looksUnrestored(
  { host, config, attachment, prevResult }: AttachmentContext<Config>,
  { pf, vf }: Located,
  holding: Parameters<typeof readFunction>[3],
): Promise<boolean> {
  if (vf.netdev === undefined || vf.netdev === attachment.ifname || /^dev\d+$/.test(vf.netdev)) return true;
  const { vf: now } = await readFunction(host, pf, vf, holding);
  const macs = (prevResult?.interfaces ?? []).map(({ mac }) => mac?.toLowerCase());
  return (
    (now.vlan > 0 && now.vlan === config.vlan) ||
    (now.mac !== undefined && now.mac !== noMac && macs.includes(now.mac)) ||
    (now.maxTxRate > 0 && now.maxTxRate === config.max_tx_rate) ||
    (now.trust === true && config.trust === 'on')
  );
}
