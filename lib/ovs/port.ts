/** A port with its interface and its limits, as operations of one transaction (ovs-vswitchd.conf.db(5)). */
import {
  awaitRow,
  type Columns,
  insert,
  isNamed,
  isRow,
  mapOfTexts,
  mutate,
  named,
  type Operation,
  remove,
  setOf,
  update,
} from './operation.ts';

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

/** Makes a bridge with its own port; an OvsError of the kind `exists` where one of that name is there. */
export function addBridge(name: string, datapath: string | undefined): Operation[] {
  return [
    insert('Interface', { name, type: 'internal' }, 'local_interface'),
    insert('Port', { name, interfaces: named('local_interface') }, 'local_port'),
    insert(
      'Bridge',
      { name, ports: named('local_port'), ...(datapath === undefined ? {} : { datapath_type: datapath }) },
      'bridge',
    ),
    mutate('Open_vSwitch', [], ['bridges', 'insert', named('bridge')]),
  ];
}

/** The transaction fails as `unmet` where there is no such bridge, and as `exists` where the name is taken. */
export function addPort(plan: PortPlan): Operation[] {
  const { bridge, name, vlans, marks, shaping } = plan;
  const port: Columns = {
    name,
    interfaces: named('interface'),
    vlan_mode: vlans.mode,
    ...(vlans.tag === undefined ? {} : { tag: vlans.tag }),
    ...(vlans.trunks.length === 0 ? {} : { trunks: setOf(vlans.trunks) }),
    ...(shaping ? { qos: named('qos') } : {}),
    external_ids: mapOfTexts({ ...plan.portIds, ...marks }),
  };
  return [
    // A port that no bridge has would be collected in silence.
    awaitRow('Bridge', isNamed(bridge), 0),
    insert('Interface', interfaceColumns(plan), 'interface'),
    ...(shaping ? shape(shaping, marks) : []),
    insert('Port', port, 'port'),
    mutate('Bridge', isNamed(bridge), ['ports', 'insert', named('port')]),
  ];
}

function interfaceColumns({
  name,
  type,
  mtuRequest,
  ofportRequest,
  policing,
  interfaceIds,
  marks,
}: PortPlan): Columns {
  return {
    name,
    ...(type === '' ? {} : { type }),
    ...(mtuRequest === undefined ? {} : { mtu_request: mtuRequest }),
    ...(ofportRequest === undefined ? {} : { ofport_request: ofportRequest }),
    ...(policing ? { ingress_policing_rate: policing.rate, ingress_policing_burst: policing.burst } : {}),
    external_ids: mapOfTexts({ ...interfaceIds, ...marks }),
  };
}

/** QoS and Queue are root tables: their rows outlive the port, so they are marked as it is. */
function shape({ rate, burst }: Shaping, marks: ExternalIds): Operation[] {
  const external_ids = mapOfTexts(marks);
  const most = { 'max-rate': `${rate}` };
  return [
    insert(
      'Queue',
      { other_config: mapOfTexts({ ...most, burst: burst?.toString() }), external_ids },
      'queue',
    ),
    insert(
      'QoS',
      {
        type: 'linux-htb',
        other_config: mapOfTexts(most),
        queues: ['map', [[0, named('queue')]]],
        external_ids,
      },
      'qos',
    ),
  ];
}

/**
 * Takes rows away; what is gone already is no error.
 *
 * Ports are taken out of whatever bridge they are on, and their rows are collected. Until then they count as rows that
 * refer to their QoS (ovsdb-server checks references before it collects), so that reference goes first.
 */
export function removeRows({ ports, qos, queues }: MarkedRows): Operation[] {
  const references = ports.map(({ uuid }) => ['uuid', uuid] as const);
  const limited = ports.filter(({ hasQos }) => hasQos);
  return [
    ...limited.map(({ uuid }) => update('Port', isRow(uuid), { qos: setOf([]) })),
    ...(ports.length === 0 ? [] : [mutate('Bridge', [], ['ports', 'delete', setOf(references)])]),
    ...qos.map((uuid) => remove('QoS', isRow(uuid))),
    ...queues.map((uuid) => remove('Queue', isRow(uuid))),
  ];
}

export interface MarkedPort {
  readonly uuid: string;
  /** Whether its QoS is to go, too. */
  readonly hasQos: boolean;
}

export interface MarkedRows {
  readonly ports: readonly MarkedPort[];
  /** UUIDs. */
  readonly qos: readonly string[];
  readonly queues: readonly string[];
}

export const noRows: MarkedRows = { ports: [], qos: [], queues: [] };
