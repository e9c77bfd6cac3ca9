/** A port with its interface and its limits, as commands of one transaction (ovs-vswitchd.conf.db(5)). */
import { mapArguments, quote } from './row.ts';
import type { VsctlCommand } from './vsctl.ts';

/** Modes of a port towards VLANs: column vlan_mode of table Port. */
export const vlanModes = ['access', 'trunk', 'native-tagged', 'native-untagged'] as const;
export type VlanMode = (typeof vlanModes)[number];

export interface PortVlans {
  readonly mode: VlanMode;
  /** The VLAN of an access port, or the native one. */
  readonly tag: number | undefined;
  /** VLANs that a trunk carries; empty for all. */
  readonly trunks: readonly number[];
}

/** What a container may send, in kbit/s and kbit: the interface's ingress, as seen from the switch. */
export interface Policing {
  readonly rate: number;
  /** 0 for Open vSwitch's own choice. */
  readonly burst: number;
}

/** What a container may receive, in bit/s and bit: the port's egress. */
export interface Shaping {
  readonly rate: number;
  readonly burst: number | undefined;
}

export type ExternalIds = Readonly<Record<string, string | undefined>>;

export interface PortPlan {
  readonly bridge: string;
  /** Of the port, its interface and the link on the host. */
  readonly name: string;
  readonly vlans: PortVlans;
  /** Column type of table Interface: `internal`, `dpdk`, …; empty for a link of the system. */
  readonly type: string;
  readonly mtuRequest: number | undefined;
  readonly ofportRequest: number | undefined;
  readonly policing: Policing | undefined;
  readonly shaping: Shaping | undefined;
  /** Tells whose the rows are: on all of them. */
  readonly marks: ExternalIds;
  /** Further ones of the port. */
  readonly portIds: ExternalIds;
  /** Further ones of the interface. */
  readonly interfaceIds: ExternalIds;
}

export function addPort(plan: PortPlan): VsctlCommand[] {
  const { bridge, name, vlans, marks, shaping } = plan;
  return [
    [
      ...['add-port', bridge, name],
      `vlan_mode=${vlans.mode}`,
      ...(vlans.tag === undefined ? [] : [`tag=${vlans.tag}`]),
      ...(vlans.trunks.length === 0 ? [] : [`trunks=${vlans.trunks.join(',')}`]),
      ...mapArguments('external_ids', { ...plan.portIds, ...marks }),
    ],
    ['set', 'Interface', name, ...interfaceColumns(plan)],
    ...(shaping ? shape(name, shaping, marks) : []),
  ];
}

function interfaceColumns(plan: PortPlan): string[] {
  const { type, mtuRequest, ofportRequest, policing } = plan;
  return [
    ...(type === '' ? [] : [`type=${quote(type)}`]),
    ...(mtuRequest === undefined ? [] : [`mtu_request=${mtuRequest}`]),
    ...(ofportRequest === undefined ? [] : [`ofport_request=${ofportRequest}`]),
    ...(policing
      ? [`ingress_policing_rate=${policing.rate}`, `ingress_policing_burst=${policing.burst}`]
      : []),
    ...mapArguments('external_ids', { ...plan.interfaceIds, ...plan.marks }),
  ];
}

/** QoS and Queue are root tables: their rows outlive the port, so they are marked as it is. */
function shape(name: string, { rate, burst }: Shaping, marks: ExternalIds): VsctlCommand[] {
  const ids = mapArguments('external_ids', marks);
  const limits = [
    `other_config:max-rate=${rate}`,
    ...(burst === undefined ? [] : [`other_config:burst=${burst}`]),
  ];
  return [
    ['set', 'Port', name, 'qos=@qos'],
    [
      '--id=@qos',
      'create',
      'QoS',
      'type=linux-htb',
      `other_config:max-rate=${rate}`,
      'queues:0=@queue',
      ...ids,
    ],
    ['--id=@queue', 'create', 'Queue', ...limits, ...ids],
  ];
}

/**
 * Takes rows away; what is gone already is no error.
 *
 * A port with QoS is taken out of its bridge, and its row is collected: deleted straight away, the row would still
 * count as one that refers to the QoS (ovsdb-server checks references before it collects, and ovs-vsctl sends no change
 * of a row that it deletes).
 */
export function removeRows({ ports, qos, queues }: MarkedRows): VsctlCommand[] {
  return [
    ...ports.flatMap(({ name, uuid, bridge }) =>
      bridge !== undefined
        ? [
            ['--if-exists', 'clear', 'Port', uuid, 'qos'],
            ['--if-exists', 'remove', 'Bridge', bridge, 'ports', uuid],
          ]
        : [['--if-exists', 'del-port', name]],
    ),
    ...qos.map((uuid) => ['--if-exists', 'destroy', 'QoS', uuid]),
    ...queues.map((uuid) => ['--if-exists', 'destroy', 'Queue', uuid]),
  ];
}

export interface MarkedPort {
  readonly uuid: string;
  readonly name: string;
  /** The one that it is on, where it is to be removed by its UUID, and not by its name: with QoS it must be. */
  readonly bridge: string | undefined;
}

export interface MarkedRows {
  readonly ports: readonly MarkedPort[];
  /** UUIDs. */
  readonly qos: readonly string[];
  readonly queues: readonly string[];
}

export const noRows: MarkedRows = { ports: [], qos: [], queues: [] };
