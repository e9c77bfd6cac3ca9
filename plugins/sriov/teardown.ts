/** DEL: the function goes home as it was, then the address. With and without the sandbox, with and without a record. */
import { isAliasOf, namesOf } from '../../lib/attach/names.ts';
import { withRelease } from '../../lib/attach/release.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { doAll } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { lockRunDir } from '../../lib/exec/lock.ts';
import { hasUserspaceDriver, isPciAddress, type Located, listPfs, locateVf } from '../../lib/pci/function.ts';
import type { Config } from './config.ts';
import { linksIn } from './home.ts';
import { lockPf } from './reading.ts';
import { restore } from './restore.ts';
import { broken, draftedAddresses, markOf, readState, removeDraft, removeState, stateOf } from './state.ts';

export async function del(context: AttachmentContext<Config>): Promise<void> {
  const { host, ipam } = context;
  // So that the children of an ADD that was killed are waited for.
  using _holding = await lockRunDir(host.runner, namesOf(context).lock);
  await doAll(withRelease(ipam, [() => giveBack(context), () => removeDrafts(host)]));
}

/** {@link giveBack} under the attachment's lock. */
export async function giveBackAlone(context: AttachmentContext<Config>): Promise<void> {
  using _own = await lockRunDir(context.host.runner, namesOf(context).lock);
  await giveBack(context);
}

/** Gives back what this attachment holds; nothing, where it holds nothing. The attachment's lock is the caller's. */
export async function giveBack(context: AttachmentContext<Config>): Promise<void> {
  const { host, log, attachment, sandbox } = context;
  const address = stateOf(host, attachment)?.address;
  if (address === undefined) return giveBackUnrecorded(context);
  const located = locateVf(host, address);
  // Its NIC's functions were removed, or the NIC itself: there is nothing to restore.
  if (located === undefined) return removeState(host, address);
  using holding = await lockPf(host, located.pf);
  // Another call may have taken it back meanwhile, and given it to somebody else.
  const state = stateOf(host, attachment);
  if (state?.address === address) await restore(host, log, address, { state, sandbox, holding });
}

/**
 * Where no record says which function this attachment has: the one that carries its mark, or one that the config names
 * whose record is broken. A second DEL finds neither, and takes away nothing that the function's owner has set.
 */
async function giveBackUnrecorded(context: AttachmentContext<Config>): Promise<void> {
  const { host, log, sandbox } = context;
  const marked = await findMarked(context);
  const located = marked ?? named(context);
  if (located === undefined) return;
  using holding = await lockPf(host, located.pf);
  const state = readState(host, located.vf.address);
  // Another's by now.
  if (typeof state === 'object') return;
  const isOurs =
    marked !== undefined ||
    (state === broken && (located.vf.netdev !== undefined || hasUserspaceDriver(located.vf)));
  if (isOurs) await restore(host, log, located.vf.address, { state, sandbox, holding });
}

/** The function that has this attachment's mark: in the sandbox, or back on the host. */
async function findMarked(context: AttachmentContext<Config>): Promise<Located | undefined> {
  const { host, sandbox } = context;
  const names = namesOf(context);
  const links = sandbox === undefined ? [] : await linksIn(host, sandbox);
  const inside = links.find(({ ifalias }) => isAliasOf(names, ifalias))?.parentdev;
  if (inside !== undefined) return locateVf(host, inside);
  return allFunctions(host).find(({ vf }) => isAliasOf(names, markOf(host, vf.address)));
}

export function allFunctions(host: Host): readonly Located[] {
  return listPfs(host).flatMap((pf) => pf.vfs.map((vf) => ({ pf, vf })));
}

function named({ host, config, prevResult }: AttachmentContext<Config>): Located | undefined {
  const address = [
    config.runtimeConfig?.deviceID,
    config.deviceID,
    ...(prevResult?.interfaces ?? []).map(({ pciID }) => pciID),
  ].find((text) => text && isPciAddress(text.toLowerCase()));
  return address === undefined ? undefined : locateVf(host, address.toLowerCase());
}

/** What a call that was killed had not finished writing; it has changed nothing yet. */
export async function removeDrafts(host: Host): Promise<void> {
  for (const address of draftedAddresses(host)) {
    using _holding = await lockPf(host, locateVf(host, address)?.pf ?? { address });
    removeDraft(host, address);
  }
}
