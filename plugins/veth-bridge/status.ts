/** STATUS: could an ADD succeed now? */
import type { Context } from '../../lib/cni/plugin.ts';
import { asCniError, CniError, ErrorCode } from '../../lib/errors.ts';
import { missingTool } from '../../lib/exec/tools.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import { kindOf, readLinks, showDevice } from '../../lib/ip/read.ts';
import { antiSpoofBase } from '../../lib/nft/antispoof.ts';
import { masqueradeBase } from '../../lib/nft/masquerade.ts';
import { transact } from '../../lib/nft/transaction.ts';
import { type Config, settingsOf } from './config.ts';

/** @throws CniError 50 with everything that is in the way */
export async function status(context: Context<Config>): Promise<void> {
  const { config, ipam } = context;
  settingsOf(context);
  const faults = [
    ...missingTools(context),
    ...(await faultsOf(() => linkFaults(context))),
    ...(await faultsOf(() => nftFaults(context))),
  ];
  if (faults.length > 0) throw new CniError(ErrorCode.notAvailable, [...new Set(faults)].join('; '));
  if (config.ipam?.type) await ipam?.status();
}

/** What keeps a look from being taken keeps an ADD from its work, too. */
async function faultsOf(look: () => Promise<string[]>): Promise<string[]> {
  try {
    return await look();
  } catch (error) {
    return [asCniError(error).message];
  }
}

function missingTools({ config, host }: Context<Config>): string[] {
  const needed = [
    'ip',
    'flock',
    'nsenter',
    'sh',
    ...(needsNft(config) ? ['nft'] : []),
    ...(config.ipMasq && config.ipMasqBackend === 'iptables' ? ['iptables', 'ip6tables'] : []),
    ...(config.vlan > 0 || config.vlanTrunk.length > 0 ? ['bridge'] : []),
  ];
  return needed.filter((tool) => !host.runner.has(tool)).map(missingTool);
}

async function linkFaults({ config, host }: Context<Config>): Promise<string[]> {
  if (!host.runner.has('ip')) return [];
  const uplink = config.uplink?.device;
  const commands = [showDevice(config.bridge), ...(uplink ? [showDevice(uplink)] : [])];
  const links = (await ipBatch(host, commands, { force: true })).flatMap(readLinks);
  const bridge = links.find((link) => link.ifname === config.bridge);
  const nic = links.find((link) => link.ifname === uplink);
  return [
    ...(bridge && kindOf(bridge) !== 'bridge'
      ? [`bridge: the link "${config.bridge}" exists and is no bridge`]
      : []),
    ...(uplink && !nic ? [`uplink.device: there is no link "${uplink}"`] : []),
    ...(nic?.master && nic.master !== config.bridge
      ? [`uplink.device: "${uplink}" is a port of ${nic.master}`]
      : []),
  ];
}

/** Asks the kernel, without changing anything, whether it would take the tables that ADD needs. */
async function nftFaults({ config, host }: Context<Config>): Promise<string[]> {
  if (!needsNft(config) || !host.runner.has('nft')) return [];
  const wanted = [
    ...(config.ipMasq && config.ipMasqBackend === 'nftables' ? masqueradeBase : []),
    ...(config.macspoofchk ? antiSpoofBase : []),
  ];
  const verdict = await transact(host, wanted, { checkOnly: true });
  const obstacle = verdict === 'exists' ? 'something else has one of their names' : `something is ${verdict}`;
  return verdict === 'done' ? [] : [`nft's tables "plumbline" cannot be made: ${obstacle}`];
}

function needsNft(config: Config): boolean {
  return config.macspoofchk || (config.ipMasq && config.ipMasqBackend === 'nftables');
}
