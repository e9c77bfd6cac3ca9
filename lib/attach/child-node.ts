/** What macvlan and ipvlan do on the node beside the link itself: GC and STATUS. */

import { identify } from '../cni/identity.ts';
import type { Context, GcContext } from '../cni/plugin.ts';
import { CniError, doAll, ErrorCode, show } from '../errors.ts';
import type { Host } from '../exec/host.ts';
import { missingTool } from '../exec/tools.ts';
import { ipBatch, isIpError } from '../ip/batch.ts';
import { defaultRouteDevice } from '../ip/master.ts';
import { readLinks, showDevice } from '../ip/read.ts';
import { type ChildPlan, masterFault } from './child.ts';

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

export interface ChildNeeds extends Pick<ChildPlan, 'kind' | 'mtu'> {
  /** As the config names it. */
  readonly master: string | undefined;
  /** The master is known with an ADD only: it is in the sandbox, or an earlier plugin of the chain makes it. */
  readonly laterMaster: boolean;
}

/** @throws CniError 50 with everything that is in the way of an ADD */
export async function childStatus({ host, ipam }: Context<unknown>, needs: ChildNeeds): Promise<void> {
  const missing = ['ip', 'flock', 'nsenter', 'sh'].filter((tool) => !host.runner.has(tool));
  const faults =
    missing.length > 0
      ? missing.map(missingTool)
      : [
          ...(await kindFaults(host, needs.kind)),
          ...(needs.laterMaster ? [] : await masterFaults(host, needs)),
        ];
  if (faults.length > 0) throw new CniError(ErrorCode.notAvailable, faults.join('; '));
  await ipam?.status();
}

/** Without a master no link is made; a kernel that does not know the kind says so before it misses the master. */
async function kindFaults(host: Host, kind: string): Promise<string[]> {
  try {
    await ipBatch(host, [['link', 'add', 'name', 'plumbline-probe', 'type', kind]]);
    return [];
  } catch (error) {
    return isIpError(error, 'unsupported') ? [`this kernel has no ${kind} links (${error.reason})`] : [];
  }
}

async function masterFaults(host: Host, { master: named, ...needs }: ChildNeeds): Promise<string[]> {
  const master = named ?? (await defaultRouteDevice(host));
  if (master === undefined) return ['master: none is named, and this node has no default route'];
  const [link] = (await ipBatch(host, [showDevice(master)], { force: true })).flatMap(readLinks);
  if (link === undefined) return [`master: there is no link ${show(master)} on this node`];
  return [masterFault({ ...needs, master }, link)].flatMap((fault) => fault ?? []);
}
