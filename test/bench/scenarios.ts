/** What is measured: plugins, and the networks that they make. */
import type { HandMade } from '../support/by-hand.ts';
import type { Datapath } from '../support/ovs.ts';

/** Plugins that are measured, in this order. */
export const plugins = ['veth-bridge', 'macvlan', 'ipvlan', 'ovs', 'sriov', 'host-local'] as const;
export type Plugin = (typeof plugins)[number];

/** Whether the reference has its like; otherwise it is measured beside what is made by hand. */
export const hasReference = (plugin: Plugin): boolean => plugin !== 'ovs' && plugin !== 'sriov';

export interface Scenario {
  readonly plugin: Plugin;
  readonly title: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether containers get an IPv6 address besides. */
  readonly dualStack?: boolean;
  /** How the same is made by hand, where that is measured beside: once a plugin, or as there is no reference. */
  readonly byHand?: HandMade;
  /** What forwards in the Open vSwitch that the network hangs on. */
  readonly datapath?: Datapath;
  /** Whether memory and processes are counted, too. */
  readonly withResources?: boolean;
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

/** The least of a network, which most others are compared with. */
export const plain: Scenario = {
  plugin: 'veth-bridge',
  title: 'plain',
  settings: {},
  byHand: 'veth-bridge',
  withResources: true,
  withTraffic: true,
};

export const masqueraded: Scenario = {
  plugin: 'veth-bridge',
  title: 'ipMasq',
  settings: { ipMasq: true },
  withResources: true,
};

/** Addresses alone. */
export const addressOnly: Scenario = {
  plugin: 'host-local',
  title: 'alone',
  settings: {},
  withResources: true,
};

export const scenarios: readonly Scenario[] = [
  plain,
  masqueraded,
  { plugin: 'veth-bridge', title: 'macspoofchk', settings: { macspoofchk: true }, withResources: true },
  {
    plugin: 'veth-bridge',
    title: 'ipMasq + macspoofchk',
    settings: { ipMasq: true, macspoofchk: true },
    withResources: true,
  },
  { plugin: 'veth-bridge', title: 'dual stack', settings: {}, dualStack: true, withResources: true },
  {
    plugin: 'macvlan',
    title: 'bridge',
    settings: { mode: 'bridge' },
    byHand: 'macvlan',
    withResources: true,
    withTraffic: true,
  },
  { plugin: 'ipvlan', title: 'l2', settings: { mode: 'l2' }, byHand: 'ipvlan' },
  ...ovsScenarios,
  { plugin: 'sriov', title: 'plain', settings: {}, byHand: 'sriov' },
  addressOnly,
];

/** The link that a network hangs on: a bridge, or a NIC. The plugin makes that of veth-bridge, switches.ts all others. */
export function trunkOf(plugin: Plugin, number: number): string {
  return `${plugin === 'veth-bridge' || plugin === 'ovs' ? 'bench' : 'nic'}${number}`;
}

/** A node's Open vSwitch of this datapath keeps its files here. */
export const ovsFolderOf = (datapath: Datapath): string => `/run/openvswitch-${datapath}`;

/** How a plugin and ovs-vsctl reach its database. */
export const databaseOf = (datapath: Datapath): string => `unix:${ovsFolderOf(datapath)}/db.sock`;
