/** STATUS: could an ADD succeed now? */
import type { Context } from '../../lib/cni/plugin.ts';
import { asCniError, CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { missingTool } from '../../lib/exec/tools.ts';
import { findPf, findVf, listPfs } from '../../lib/pci/function.ts';
import { isFree } from './claim.ts';
import { type Config, type Settings, settingsOf } from './config.ts';

/** @throws CniError 50 with everything that is in the way */
export async function status(context: Context<Config>): Promise<void> {
  const { host, ipam } = context;
  // Which function it is may be known with an ADD only.
  const isNamedLater = !context.config.deviceID && !context.config.master;
  const missing = ['ip', 'flock', 'nsenter', 'sh'].filter((tool) => !host.runner.has(tool));
  const faults = [
    ...missing.map(missingTool),
    ...(isNamedLater ? pfFaults(host) : deviceFaults(host, settingsOf(context))),
  ];
  if (faults.length > 0) throw new CniError(ErrorCode.notAvailable, faults.join('; '));
  await ipam?.status();
}

function pfFaults(host: Host): string[] {
  return listPfs(host).some(({ vfs }) => vfs.length > 0) ? [] : ['no NIC of this node has virtual functions'];
}

function deviceFaults(host: Host, { deviceId, deviceField, master, numVfs }: Settings): string[] {
  try {
    if (deviceId !== undefined) findVf(host, deviceId, deviceField);
    if (master === undefined) return [];
    const pf = findPf(host, master, 'master');
    if (pf.vfs.length === 0 && numVfs !== undefined) return [];
    if (numVfs !== undefined && pf.vfs.length !== numVfs) {
      return [`numVfs: ${show(master)} has ${pf.vfs.length} virtual functions, not ${numVfs}`];
    }
    const isLeft = deviceId !== undefined || pf.vfs.some((vf) => isFree(host, vf));
    return isLeft
      ? []
      : [`master: none of the ${pf.vfs.length} virtual functions of ${show(master)} is free`];
  } catch (error) {
    return [asCniError(error).message];
  }
}
