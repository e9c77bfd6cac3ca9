/** Takes one attachment down, by what was written down of it. */

import { parseVersion } from '../../lib/cni/version.ts';
import { CniError } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { CommandError } from '../command.ts';
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
export async function takeDown(the: TakeDown, record: AttachmentRecord): Promise<void> {
  await callDel(the, record);
  drop(the.host, record);
}

/**
 * The same, for one that a plugin will never let go of: it is written down no longer, whatever fails.
 * @returns what failed: there may be something left of it, which nobody knows of
 */
export async function forget(the: TakeDown, record: AttachmentRecord): Promise<string | undefined> {
  let failure: string | undefined;
  try {
    await callDel(the, record);
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof CniError)) throw error;
    failure = error.message;
  }
  drop(the.host, record);
  return failure;
}

/** What can be done about one that could not be taken down. */
export const remedyOf = ({ container, ifname }: AttachmentRecord): string =>
  `plumbline detach ${container} --ifname ${ifname} tries it again; with --forget, it is dropped from the list, whatever stays behind`;

async function callDel({ host, env, lock, onStep }: TakeDown, record: AttachmentRecord): Promise<void> {
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
}

function drop(host: Host, record: AttachmentRecord): void {
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
