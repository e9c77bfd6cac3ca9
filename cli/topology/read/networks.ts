/** What the networks in net.d tell of a node: names that they want, folders of reservations, databases. */
import { defaultDataDir } from '../../../ipam/host-local/config.ts';
import { isErrnoException } from '../../../lib/errors.ts';
import type { Host } from '../../../lib/exec/host.ts';
import type { Config as OvsConfig } from '../../../plugins/ovs/config.ts';
import { databaseOf } from '../../../plugins/ovs/settings.ts';
import { lintFiles } from '../../lint/files.ts';
import type { Member } from '../../lint/network.ts';
import { filesIn } from '../../network/files.ts';
import type { Wanted } from '../facts.ts';

export interface Configured {
  readonly wanted: Wanted;
  /** Where host-local has reservations. */
  readonly stores: readonly { readonly dataDir: string; readonly network: string }[];
  /** Databases of Open vSwitch, as ovsdb-client takes them. */
  readonly remotes: readonly string[];
  readonly withIptables: boolean;
  readonly notes: readonly string[];
}

/** A folder that is not there is none of an error: networks may come from elsewhere, as Multus takes them. */
export function readConfigured(host: Host, folder: string): Configured {
  const notes: string[] = [];
  const networks = networksIn(folder, notes);
  const members = networks.flatMap(({ name, members }) => members.map((member) => ({ name, member })));
  const textsOf = (plugin: string, field: string): readonly string[] =>
    members.flatMap(({ member }) => {
      const value = member.plugin === plugin ? member.config?.[field] : undefined;
      return typeof value === 'string' && value !== '' ? [value] : [];
    });
  const stores = [
    ...members.flatMap(({ name, member: { dataDir } }) =>
      dataDir === undefined ? [] : [{ dataDir, network: name }],
    ),
    ...host.kernel
      .list(defaultDataDir)
      .filter((network) => !network.startsWith('.'))
      .map((network) => ({ dataDir: defaultDataDir, network })),
  ];
  return {
    wanted: {
      bridges: textsOf('veth-bridge', 'bridge'),
      ovsBridges: textsOf('ovs', 'bridge'),
      masters: [...textsOf('macvlan', 'master'), ...textsOf('ipvlan', 'master')],
    },
    stores: [...new Map(stores.map((store) => [`${store.dataDir}/${store.network}`, store])).values()],
    remotes: remotesOf(members.map(({ member }) => member)),
    withIptables: textsOf('veth-bridge', 'ipMasqBackend').includes('iptables'),
    notes,
  };
}

function networksIn(folder: string, notes: string[]): ReturnType<typeof lintFiles>['networks'] {
  try {
    return lintFiles(filesIn(folder)).networks;
  } catch (error) {
    if (!isErrnoException(error)) throw error;
    if (error.code !== 'ENOENT') notes.push(`${folder} cannot be read: ${error.message}`);
    return [];
  }
}

/** The usual one always; those of networks where they say so. */
function remotesOf(members: readonly Member[]): readonly string[] {
  const configs = members.flatMap(({ plugin, config }) =>
    plugin === 'ovs' && config !== undefined ? [config as unknown as OvsConfig] : [],
  );
  const remotes = [{} as OvsConfig, ...configs].flatMap((config) => {
    try {
      return [databaseOf({ config }).remote];
    } catch {
      // What is wrong with it, lint and doctor tell.
      return [];
    }
  });
  return [...new Set(remotes)];
}
