/** STATUS: could an ADD succeed now? */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../lib/cni/plugin.ts';
import { asCniError, CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { missingTool } from '../../lib/exec/tools.ts';
import { numberOf, quote, type Row } from '../../lib/ovs/row.ts';
import { type Database, readRows } from '../../lib/ovs/vsctl.ts';
import type { Config } from './config.ts';
import { type Settings, settingsOf } from './settings.ts';

/** @throws CniError 50 with everything that is in the way */
export async function status(context: Context<Config>): Promise<void> {
  const { host, ipam } = context;
  const settings = settingsOf(context);
  const missing = ['ip', 'flock', 'nsenter', 'sh', 'ovs-vsctl'].filter((tool) => !host.runner.has(tool));
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
      ['--columns=cur_cfg,next_cfg', 'list', 'Open_vSwitch'],
      ['--columns=name', 'find', 'Bridge', `name=${quote(bridge ?? '')}`],
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

/** Milliseconds that ovs-vswitchd has for what somebody else may just have asked of it. */
const grace = 1500;

/** Each writer that waits raises next_cfg, and ovs-vswitchd sets cur_cfg to the same once it is done. */
async function isLeftUndone(host: Host, database: Database, before: readonly Row[]): Promise<boolean> {
  const [first] = before;
  const wanted = first && numberOf(first, 'next_cfg');
  if (first === undefined || wanted === undefined || (numberOf(first, 'cur_cfg') ?? 0) >= wanted)
    return false;
  await sleep(grace);
  const [now] = (await readRows(host, database, [['--columns=cur_cfg', 'list', 'Open_vSwitch']])).flat();
  return now !== undefined && (numberOf(now, 'cur_cfg') ?? 0) < wanted;
}
