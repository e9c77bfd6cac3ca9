/** What macvlan and ipvlan do on the node beside the link itself: GC and STATUS. */

import type { BaseConfig } from '../cni/config.ts';
import { identify } from '../cni/identity.ts';
import type { Context, GcContext } from '../cni/plugin.ts';
import { CniError, doAll, ErrorCode } from '../errors.ts';
import { ipBatch } from '../ip/batch.ts';
import { defaultRouteDevice } from '../ip/master.ts';
import { readLinks, showDevice } from '../ip/read.ts';

/** Tells by an attachment's key (identity.ts) whether it is to stay. */
export type IsValid = (key: string) => boolean;

/** GC: their links are in the sandboxes and die with them; what is left is state on the node, and addresses. */
export async function collect<C>(
  { request, ipam, valid }: GcContext<C>,
  collectState: (isValid: IsValid) => Promise<void>,
): Promise<void> {
  const { network } = request;
  const keys = new Set(
    valid.map(({ containerID, ifname }) => identify({ network, containerId: containerID, ifname }).key),
  );
  await doAll([() => collectState((key) => keys.has(key)), async () => ipam?.gc()]);
}

/** @throws CniError 50 with everything that is in the way of an ADD */
export async function childStatus(
  { host, ipam }: Context<BaseConfig>,
  {
    master: named,
    linkInContainer,
  }: { readonly master?: string | undefined; readonly linkInContainer: boolean },
): Promise<void> {
  const missing = ['ip', 'flock', 'nsenter', 'sh'].filter((tool) => !host.runner.has(tool));
  const faults = missing.map((tool) => `the program "${tool}" is not installed`);
  if (!linkInContainer && missing.length === 0) {
    const master = named ?? defaultRouteDevice(host);
    if (master === undefined) faults.push('master: none is named, and this node has no default route');
    else if ((await ipBatch(host, [showDevice(master)], { force: true })).flatMap(readLinks).length === 0) {
      faults.push(`master: there is no link "${master}" on this node`);
    }
  }
  if (faults.length > 0) throw new CniError(ErrorCode.notAvailable, faults.join('; '));
  await ipam?.status();
}
