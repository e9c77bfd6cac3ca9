/** STATUS: could an ADD succeed now? */
import type { Context } from '../../lib/cni/plugin.ts';
import { asCniError, CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { missingTool } from '../../lib/exec/tools.ts';
import { type Database, isOvsError, readRows } from '../../lib/ovs/client.ts';
import { awaitCarriedOut } from '../../lib/ovs/commit.ts';
import { isNamed, select } from '../../lib/ovs/operation.ts';
import { numberOf, type Row } from '../../lib/ovs/row.ts';
import type { Config } from './config.ts';
import { type Settings, settingsOf } from './settings.ts';

/** @throws CniError 50 with everything that is in the way */
export async function status(context: Context<Config>): Promise<void> {
  const { host, ipam } = context;
  const settings = settingsOf(context);
  const missing = ['ip', 'flock', 'nsenter', 'sh', 'ovsdb-client'].filter((tool) => !host.runner.has(tool));
  const faults = missing.length > 0 ? missing.map(missingTool) : await databaseFaults(context, settings);
  if (faults.length > 0) throw new CniError(ErrorCode.notAvailable, faults.join('; '));
  await ipam?.status();
}

async function databaseFaults(
  { host }: Context<Config>,
  { database, bridge, createBridge }: Settings,
): Promise<string[]> {
  try {
    const [system = [], bridges = []] = await readRows(host, database, [
      select('Open_vSwitch', ['cur_cfg', 'next_cfg']),
      select('Bridge', ['name'], isNamed(bridge ?? '')),
    ]);
    return [
      ...(bridge !== undefined && bridges.length === 0 && !createBridge
        ? [`bridge: there is no Open vSwitch bridge ${show(bridge)}`]
        : []),
      ...((await isLeftUndone(host, database, system))
        ? ['ovs-vswitchd does not carry out what is in the database; is it running?']
        : []),
    ];
  } catch (error) {
    return [asCniError(error).message];
  }
}

/** Seconds that ovs-vswitchd has for what somebody else may just have asked of it. */
const grace = 1.5;

/** Each writer that waits raises next_cfg, and ovs-vswitchd sets cur_cfg to the same once it is done. */
async function isLeftUndone(host: Host, database: Database, [root]: readonly Row[]): Promise<boolean> {
  const wanted = root && numberOf(root, 'next_cfg');
  if (root === undefined || wanted === undefined || (numberOf(root, 'cur_cfg') ?? 0) >= wanted) return false;
  try {
    await awaitCarriedOut(host, database, wanted, { seconds: grace });
    return false;
  } catch (error) {
    if (isOvsError(error, 'timeout')) return true;
    throw error;
  }
}
