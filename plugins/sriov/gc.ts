/** GC: gives back what this network's attachments hold that are not valid any more; goes on after errors. */
import { identify } from '../../lib/cni/identity.ts';
import type { GcContext } from '../../lib/cni/plugin.ts';
import { doAll } from '../../lib/errors.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import { locateVf } from '../../lib/pci/function.ts';
import { lockPf } from './claim.ts';
import type { Config } from './config.ts';
import { restore } from './restore.ts';
import { broken, readState, recordedAddresses, removeState, type State } from './state.ts';

export async function gc(context: GcContext<Config>): Promise<void> {
  const { host, ipam } = context;
  await doAll([
    ...recordedAddresses(host).map((address) => () => collectOne(context, address)),
    async () => ipam?.gc(),
  ]);
}

async function collectOne({ request, host, log, valid }: GcContext<Config>, address: string): Promise<void> {
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
  const { network, containerId, ifname } = state.holder;
  const keys = valid.map(
    (attachment) => identify({ network, containerId: attachment.containerID, ifname: attachment.ifname }).key,
  );
  if (network !== request.network || keys.includes(identify({ network, containerId, ifname }).key)) return;
  using sandbox = sandboxOf(host, state);
  await restore(host, log, address, { state, sandbox, holding });
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
