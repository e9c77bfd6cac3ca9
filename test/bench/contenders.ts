/** Who is measured, in what: our executables and the reference plugins, and the networks that they make. */
import { join } from 'node:path';
import type { HandMade } from '../support/by-hand.ts';
import type { Datapath } from '../support/ovs.ts';
import { binDir, referenceDir, systemPath } from '../support/paths.ts';
import type { Command } from './protocol.ts';
import type { Sandbox, Station } from './station.ts';

/** The floor is the same made by hand, by a shell script: floor.ts. */
export type ContenderName = 'ours' | 'reference' | 'floor';
export type CniCommand = 'VERSION' | 'ADD' | 'CHECK' | 'DEL';

/** Plugins that are measured, in this order. */
export const plugins = ['veth-bridge', 'macvlan', 'ipvlan', 'ovs', 'sriov'] as const;
export type Plugin = (typeof plugins)[number];

/** Whether the reference has its like; otherwise it is measured beside what is made by hand. */
export const hasReference = (plugin: Plugin): boolean => plugin !== 'ovs' && plugin !== 'sriov';

/** A set of executables in a node of its own: one side's rules and addresses are not in the other side's way. */
export interface Contender {
  readonly name: Exclude<ContenderName, 'floor'>;
  readonly station: Station;
  /** Folder of its executables, and all of its CNI_PATH. */
  readonly folder: string;
}

export function contend(name: Contender['name'], station: Station): Contender {
  return { name, station, folder: folders[name] };
}

const folders = { ours: binDir, reference: referenceDir } as const;

/** Whether this side has the plugin. */
export function takesPart(name: Contender['name'], plugin: Plugin): boolean {
  return name === 'ours' || hasReference(plugin);
}

/** What this side calls a plugin: the `type` of its configs and the name of its executable. */
export function typeOf(name: Contender['name'], plugin: Plugin): string {
  return name === 'reference' && plugin === 'veth-bridge' ? 'bridge' : plugin;
}

/** The executables that have to be there. */
export function neededExecutables(): readonly string[] {
  return (['ours', 'reference'] as const).flatMap((name) =>
    [
      ...plugins.filter((plugin) => takesPart(name, plugin)).map((plugin) => typeOf(name, plugin)),
      'host-local',
    ].map((type) => join(folders[name], type)),
  );
}

export type Config = Readonly<Record<string, unknown>> & { readonly name: string; readonly type: string };

export interface CallOptions {
  /** What ADD printed, as runtimes give it back with CHECK and DEL. */
  readonly result?: string;
}

/** A call as a runtime makes it. */
export function callOf(
  { folder }: Contender,
  command: CniCommand,
  config: Config,
  sandbox: Sandbox,
  { result }: CallOptions = {},
): Command {
  const prevResult = result === undefined ? {} : { prevResult: JSON.parse(result) as unknown };
  return {
    argv: [join(folder, config.type)],
    env: {
      PATH: systemPath,
      CNI_COMMAND: command,
      CNI_CONTAINERID: sandbox.id,
      CNI_NETNS: sandbox.netns,
      CNI_IFNAME: 'eth0',
      CNI_PATH: folder,
    },
    // Debian's reference knows no later version.
    input: JSON.stringify({ cniVersion: '1.0.0', ...config, ...prevResult }),
  };
}

export interface Scenario {
  readonly plugin: Plugin;
  readonly title: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** How the same is made by hand, where that is measured beside: once a plugin, or as there is no reference. */
  readonly byHand?: HandMade;
  /** What forwards in the Open vSwitch that the network hangs on. */
  readonly datapath?: Datapath;
  /** Whether memory and processes are counted, too. */
  readonly withResources?: boolean;
  /** Whether many containers at once are measured, too. */
  readonly withParallel?: boolean;
  /** Whether traffic and links are compared with hand-made ones, too: traffic.ts. Needs `byHand`. */
  readonly withTraffic?: boolean;
}

/** What people call them. */
const datapathNames: Readonly<Record<Datapath, string>> = { netdev: 'userspace', system: 'kernel' };
const ovsPortTypes = ['veth', 'internal'] as const;

const ovsScenarios = (Object.keys(datapathNames) as Datapath[]).flatMap((datapath) =>
  ovsPortTypes.map(
    (portType): Scenario => ({
      plugin: 'ovs',
      title: `${portType}, ${datapathNames[datapath]}`,
      settings: { portType },
      byHand: `ovs-${portType}`,
      datapath,
      withResources: datapath === 'netdev',
      withTraffic: true,
    }),
  ),
);

export const scenarios: readonly Scenario[] = [
  {
    plugin: 'veth-bridge',
    title: 'plain',
    settings: {},
    byHand: 'veth-bridge',
    withResources: true,
    withParallel: true,
  },
  { plugin: 'veth-bridge', title: 'ipMasq', settings: { ipMasq: true }, withParallel: true },
  { plugin: 'veth-bridge', title: 'macspoofchk', settings: { macspoofchk: true } },
  {
    plugin: 'veth-bridge',
    title: 'ipMasq + macspoofchk',
    settings: { ipMasq: true, macspoofchk: true },
    withResources: true,
  },
  {
    plugin: 'macvlan',
    title: 'bridge',
    settings: { mode: 'bridge' },
    byHand: 'macvlan',
    withResources: true,
  },
  { plugin: 'ipvlan', title: 'l2', settings: { mode: 'l2' }, byHand: 'ipvlan' },
  ...ovsScenarios,
  { plugin: 'sriov', title: 'plain', settings: {}, byHand: 'sriov' },
];

/** The link that a network hangs on: a bridge, or a NIC. The plugin makes that of veth-bridge, switches.ts all others. */
export function trunkOf(plugin: Plugin, number: number): string {
  return `${plugin === 'veth-bridge' || plugin === 'ovs' ? 'bench' : 'nic'}${number}`;
}

/** A node's Open vSwitch of this datapath keeps its files here. */
export const ovsFolderOf = (datapath: Datapath): string => `/run/openvswitch-${datapath}`;

/** How a plugin and ovs-vsctl reach its database. */
export const databaseOf = (datapath: Datapath): string => `unix:${ovsFolderOf(datapath)}/db.sock`;

/** A network with a subnet of its own, `10.<number>.0.0/16`, and a default route out of it. */
export function configOf(
  { name, station }: Contender,
  number: number,
  { plugin, settings, datapath }: Scenario,
  range: Readonly<Record<string, string>> = {},
): Config {
  const trunk = trunkOf(plugin, number);
  const hasGateway = plugin === 'veth-bridge';
  return {
    name: `bench${number}`,
    type: typeOf(name, plugin),
    ...(plugin === 'veth-bridge' || plugin === 'ovs' ? { bridge: trunk } : { master: trunk }),
    ...(hasGateway ? { isDefaultGateway: true } : {}),
    ...(datapath === undefined ? {} : { socket_file: databaseOf(datapath) }),
    ...settings,
    ipam: {
      type: 'host-local',
      dataDir: station.node.dataDir,
      ranges: [[{ subnet: `10.${number}.0.0/16`, ...range }]],
      // With a gateway on the bridge, the plugin brings the route.
      ...(hasGateway ? {} : { routes: [{ dst: '0.0.0.0/0' }] }),
    },
  };
}
