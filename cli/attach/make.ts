/** A network for one plugin, where there is no file: what a file would say, in a few words of the command line. */
import { CommandError, UsageError } from '../command.ts';
import { type Chain, chainOf } from '../network/chain.ts';
import type { Wishes } from './wishes.ts';

export interface MakeOptions {
  readonly plugin: string;
  readonly bridge: string | undefined;
  readonly master: string | undefined;
  readonly mode: string | undefined;
}

/** What each plugin must be told. */
const needs: Readonly<Record<string, 'bridge' | 'master'>> = {
  'veth-bridge': 'bridge',
  ovs: 'bridge',
  macvlan: 'master',
  ipvlan: 'master',
  sriov: 'master',
};

/** What --plugin can name: those that make an interface. */
export const interfacePlugins: readonly string[] = Object.keys(needs);

/**
 * The name is that of the plugin and the device, so that all that are attached to one share a network, in which no
 * address is given twice.
 * @throws UsageError for an option that is missing, or that the plugin has no place for
 */
export function makeChain({ plugin, bridge, master, mode }: MakeOptions, wishes: Wishes): Chain {
  const given = { bridge, master };
  const need = Object.hasOwn(needs, plugin) ? needs[plugin] : undefined;
  if (need === undefined) {
    throw new UsageError(`--plugin: "${plugin}", expected one of ${interfacePlugins.join(', ')}`);
  }
  const device = given[need];
  if (!device) throw new UsageError(`--plugin ${plugin} needs --${need}`);
  if (mode !== undefined && !plugin.endsWith('vlan'))
    throw new UsageError(`--plugin ${plugin} has no --mode`);
  if (plugin === 'ipvlan' && wishes.mac !== undefined) {
    throw new CommandError(
      '--mac: an ipvlan link has the MAC address of its master; leave it out, or use macvlan',
    );
  }
  const name = ['attach', plugin, device, ...(wishes.vlan === undefined ? [] : [wishes.vlan])];
  return chainOf('the config made by --plugin', {
    cniVersion: '1.0.0',
    cniVersions: ['1.0.0', '1.1.0'],
    // A device's name may hold what a network's must not.
    name: name.join('-').replaceAll(/[^A-Za-z0-9_.-]/g, '_'),
    plugins: [{ type: plugin, [need]: device, ...(mode !== undefined && { mode }) }],
  });
}
