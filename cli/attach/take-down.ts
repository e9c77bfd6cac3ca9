/** Takes one attachment down, by what was written down of it. */

import { parseVersion } from '../../lib/cni/version.ts';
import type { Host } from '../../lib/exec/host.ts';
import { chainOf } from '../network/chain.ts';
import { delChain } from './call.ts';
import { unexpose } from './expose.ts';
import { withOurs } from './plugins.ts';
import { type AttachmentRecord, readRecords, recordFolder, removeRecord } from './record.ts';
import { netnsForDel } from './state.ts';

export interface TakeDown {
  readonly host: Host;
  readonly env: NodeJS.ProcessEnv;
  readonly lock: number;
  readonly onStep?: (plugin: string) => void;
}

/**
 * Once more is fine; while something could not be taken down, it stays written down.
 * @throws CommandError of the plugins that failed
 */
export async function takeDown(
  { host, env, lock, onStep }: TakeDown,
  record: AttachmentRecord,
): Promise<void> {
  const chain = chainOf(recordFolder(host.stateDir), record.config);
  await delChain(
    { ...chain, version: parseVersion(record.config['cniVersion']) },
    {
      containerId: record.containerId,
      netns: await netnsForDel(host, record),
      ifname: record.ifname,
      // Links to ourselves do not outlive a boot.
      path: withOurs(host, chain, record.binDir),
      cniArgs: record.cniArgs,
      capabilityArgs: record.capabilityArgs,
      env,
      lock,
      ...(onStep && { onStep }),
    },
    record.result,
  );
  const { exposed } = record;
  if (exposed !== undefined && !others(host, record).some((other) => other.exposed === exposed)) {
    unexpose(exposed, record.netns);
  }
  removeRecord(host.stateDir, record);
}

const others = (
  { stateDir }: Host,
  { network, containerId, ifname }: AttachmentRecord,
): readonly AttachmentRecord[] =>
  readRecords(stateDir).records.filter(
    (other) => other.network !== network || other.containerId !== containerId || other.ifname !== ifname,
  );
