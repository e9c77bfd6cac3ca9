/** `plumbline doctor`: all checks of a node, in the order in which one would look. */
import type { Host } from '../../lib/exec/host.ts';
import { realHost } from '../../lib/ip/real-host.ts';
import type { CliIo } from '../command.ts';
import { checkAddresses } from './addresses.ts';
import { type Check, formatChecks, worstOf } from './check.ts';
import { checkKernel } from './kernel.ts';
import { needsOf } from './needs.ts';
import { checkPlugins, readNetworks } from './networks.ts';
import { checkNics } from './nics.ts';
import { checkOvs } from './ovs.ts';
import { checkSettings } from './settings.ts';
import { checkTools } from './tools.ts';

export interface DoctorOptions {
  /** Folder of the networks. */
  readonly netDir: string;
  /** Folder of the plugins. */
  readonly binDir: string;
}

export async function examine(host: Host, { netDir, binDir }: DoctorOptions): Promise<readonly Check[]> {
  const { checks, networks } = readNetworks(netDir);
  const needs = needsOf(networks);
  return [
    ...(await checkKernel(host, needs)),
    ...(await checkTools(host, needs)),
    ...checkSettings(host, networks, needs),
    ...checks,
    ...checkPlugins(networks, binDir),
    ...checkAddresses(host, networks, binDir),
    ...(await checkOvs(host, networks)),
    ...(await checkNics(host, networks)),
  ];
}

/** @returns 0 where there is no problem, 1 where there is one */
export async function runDoctor(
  options: DoctorOptions & { readonly json: boolean },
  io: CliIo,
): Promise<number> {
  const checks = await examine(realHost(process.env['PATH']), options);
  const status = worstOf(checks);
  io.stdout.write(
    options.json ? `${JSON.stringify({ status, checks }, undefined, 2)}\n` : formatChecks(checks),
  );
  return status === 'problem' ? 1 : 0;
}
