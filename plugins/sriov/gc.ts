/** GC: gives back what this network's attachments hold that are not valid any more; goes on after errors. */
import { type Identity, identify, isMarked, isOfNetwork } from '../../lib/cni/identity.ts';
import type { GcContext } from '../../lib/cni/plugin.ts';
import { doAll } from '../../lib/errors.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import { type Located, locateVf } from '../../lib/pci/function.ts';
import type { Config } from './config.ts';
import { lockPf } from './reading.ts';
import { restore } from './restore.ts';
import { broken, markOf, readState, recordedAddresses, removeState, type State } from './state.ts';
import { allFunctions, removeDrafts } from './teardown.ts';

export async function gc(context: GcContext<Config>): Promise<void> {
  const { host, ipam, request, valid } = context;
  const { network } = request;
  const keep = valid.map(({ containerID, ifname }) =>
    identify({ network, containerId: containerID, ifname }),
  );
  await doAll([
    ...recordedAddresses(host).map((address) => () => collectRecorded(context, address, keep)),
    ...allFunctions(host).map((located) => () => collectMarked(context, located, keep)),
    () => removeDrafts(host),
    async () => ipam?.gc(),
  ]);
}

async function collectRecorded(
  { request, host, log }: GcContext<Config>,
  address: string,
  keep: readonly Identity[],
): Promise<void> {
  const located = locateVf(host, address);
  if (located === undefined) return removeState(host, address);
  using holding = await lockPf(host, located.pf);
  const state = readState(host, address);
  if (state === undefined) return;
  if (state === broken) {
    // Whose it was nobody knows; on the host it is nobody's.
    if (located.vf.netdev !== undefined)
      await restore(host, log, address, { state, sandbox: undefined, holding });
    return;
  }
  const { key } = identify(state.holder);
  if (state.holder.network !== request.network || keep.some((identity) => identity.key === key)) return;
  using sandbox = sandboxOf(host, state);
  await restore(host, log, address, { state, sandbox, holding });
}

/** One that is back on the host, or a driver of userspace has, and whose record is lost: it still has the mark that ADD gave it. */
async function collectMarked(
  { request, host, log }: GcContext<Config>,
  { pf, vf: { address } }: Located,
  keep: readonly Identity[],
): Promise<void> {
  const isStale = (): boolean => {
    const mark = markOf(host, address);
    return isOfNetwork(mark, request.network) && !keep.some((identity) => isMarked(mark, identity));
  };
  if (!isStale()) return;
  using holding = await lockPf(host, pf);
  const state = readState(host, address);
  if (state !== undefined || !isStale()) return;
  await restore(host, log, address, { state, sandbox: undefined, holding });
}

/** The namespace that it was given to, where that lives still. */
function sandboxOf(host: Host, { holder }: State): Netns | undefined {
  try {
    const sandbox = host.openNetns(holder.netns, true);
    if (sandbox.id === holder.netnsId) return sandbox;
    sandbox[Symbol.dispose]();
    return undefined;
  } catch {
    return undefined;
  }
}
