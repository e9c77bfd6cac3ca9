/** The settings of a call: from the config, the runtime and the node's own file, checked against each other. */
import { chosenMac } from '../../lib/cni/mac.ts';
import type { Context } from '../../lib/cni/plugin.ts';
import { vlansOf } from '../../lib/cni/vlan.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Database } from '../../lib/ovs/client.ts';
import type { Policing, PortVlans, Shaping } from '../../lib/ovs/port.ts';
import { isPciAddress } from '../../lib/pci/function.ts';
import { type Config, type Fields, isLabel } from './config.ts';
import { readFlatFile } from './flat-file.ts';
import { fields } from './plain.ts';

/** How the sandbox's link comes about. */
export type PortType = 'veth' | 'internal' | 'representor';

export interface Settings {
  readonly database: Database;
  /** Undefined where it follows from the device. */
  readonly bridge: string | undefined;
  readonly portType: PortType;
  /** PCI address of a virtual function. */
  readonly deviceId: string | undefined;
  readonly createBridge: boolean;
  readonly vlans: PortVlans;
  readonly mtu: number | undefined;
  /** The one asked for. */
  readonly mac: string | undefined;
  readonly ofportRequest: number | undefined;
  readonly interfaceType: string;
  readonly ovnPort: string | undefined;
  readonly externalIds: Readonly<Record<string, string>>;
  readonly policing: Policing | undefined;
  readonly shaping: Shaping | undefined;
  /** Milliseconds that the port has to come up. */
  readonly patience: number;
}

/** Where Open vSwitch's packages have their socket. */
const defaultSocket = 'unix:/run/openvswitch/db.sock';

/** The database alone: what DEL and GC need, whatever else the config says by now. */
export function databaseOf({ config }: Pick<Context<Config>, 'config'>): Database {
  return { remote: remoteOf({ ...readFlatFile(config.configuration_path), ...given(config) }.socket_file) };
}

/** @throws CniError 7 where settings do not go together, or the node's file cannot be read */
export function settingsOf({ config, request }: Context<Config>): Settings {
  const fields: Fields = { ...readFlatFile(config.configuration_path), ...given(config) };
  const ovnPort = request.args.get('ovnPort') || config.args?.cni?.ovnPort || undefined;
  if (ovnPort !== undefined && !isLabel(ovnPort)) {
    throw invalid(
      `ovnPort: ${show(ovnPort)} is not a text of 1 to 1024 characters, none of them a control character`,
    );
  }
  const deviceId = deviceIdOf(config.runtimeConfig?.deviceID || fields.deviceID);
  const bridge = fields.bridge ?? (ovnPort === undefined ? undefined : 'br-int');
  if (bridge === undefined && deviceId === undefined) {
    throw invalid(
      'bridge: missing; name the Open vSwitch bridge (with ovnPort it is br-int, with deviceID that of its uplink)',
    );
  }
  const portType = portTypeOf(fields, deviceId);
  const { policing, shaping } = limitsOf(config, fields, portType);
  const { link_state_check_retries: retries, link_state_check_interval: interval } = fields;
  return {
    database: { remote: remoteOf(fields.socket_file) },
    bridge,
    portType,
    deviceId,
    createBridge: fields.createBridge ?? false,
    vlans: portVlansOf(fields),
    mtu: fields.mtu || undefined,
    mac: chosenMac({ ...config, mac: fields.mac }, request.args),
    ofportRequest: fields.ofport_request || undefined,
    interfaceType: portType === 'internal' ? 'internal' : (fields.interface_type ?? ''),
    ovnPort,
    externalIds: externalIdsOf(fields),
    policing,
    shaping,
    // As in the peer, 0 means its own choice.
    patience: (retries || 5) * (interval || 600),
  };
}

/** As in the peer, a number of 0 says nothing. */
const unsaidAtZero: readonly (keyof Fields)[] = [
  'mtu',
  'ofport_request',
  'link_state_check_retries',
  'link_state_check_interval',
];

/** The config's own fields; what it leaves out is for the node's file to say. */
function given(config: Config): Fields {
  const names = Object.keys(fields) as (keyof Fields)[];
  const isSaid = (name: keyof Fields): boolean =>
    config[name] !== undefined && !(config[name] === 0 && unsaidAtZero.includes(name));
  return Object.fromEntries(names.filter(isSaid).map((name) => [name, config[name]]));
}

/** `unix:`, `tcp:` and `ssl:` remotes; a path alone is a unix socket's. */
function remoteOf(socket: string | undefined): string {
  if (!socket) return defaultSocket;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused here.
  if (/[\s\u0000-\u001f\u007f]/.test(socket))
    throw invalid(`socket_file: ${show(socket)} has white space or control characters in it`);
  if (/^(?:unix|tcp|ssl):./.test(socket)) return socket;
  if (socket.startsWith('/')) return `unix:${socket}`;
  throw invalid(
    `socket_file: ${show(socket)} is neither an absolute path nor of the form unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT`,
  );
}

function deviceIdOf(device: string | undefined): string | undefined {
  if (!device) return undefined;
  const id = device.toLowerCase();
  if (isPciAddress(id)) return id;
  throw invalid(`deviceID: ${show(device)} is not a PCI address such as 0000:03:00.2`);
}

function portTypeOf({ portType, interface_type: type }: Fields, deviceId: string | undefined): PortType {
  if (deviceId !== undefined) {
    if (portType !== undefined)
      throw invalid(
        `portType and deviceID exclude each other (${show(portType)}, ${show(deviceId)}); leave one of them out`,
      );
    return 'representor';
  }
  if (type && type !== 'system' && portType === 'internal' && type !== 'internal') {
    throw invalid(
      `interface_type: ${show(type)} does not go with portType "internal"; leave one of them out`,
    );
  }
  if (type === 'internal' && portType !== 'internal') {
    throw invalid(
      'interface_type: "internal" makes a link of its own, and not a veth pair\'s port; set portType to "internal" instead',
    );
  }
  return portType ?? 'veth';
}

/** Without a VLAN, or with a list of them, the port is a trunk: then vlan says nothing, unless vlanMode does. */
function portVlansOf({ vlan, vlanMode, trunk = [] }: Fields): PortVlans {
  const trunks = vlansOf(trunk);
  if (trunk.length > 0 && trunks.length === 0)
    throw invalid('trunk: names no VLAN; give id, or minID and maxID');
  const mode = vlanMode ?? (vlan === undefined || trunks.length > 0 ? 'trunk' : 'access');
  if (mode === 'trunk') return { mode, tag: undefined, trunks };
  if (vlan === undefined)
    throw invalid(`vlan: missing; vlanMode ${show(mode)} needs the VLAN that untagged frames belong to`);
  if (mode === 'access' && trunks.length > 0) {
    throw invalid(
      'vlanMode: "access" does not go with trunk; leave trunk out, or choose native-tagged or native-untagged',
    );
  }
  return { mode, tag: vlan, trunks };
}

/**
 * Keys by which plumbline itself finds its rows, and what DEL is to do with them: a device-id of somebody else's choice would
 * have it rename a NIC of the node.
 */
const reserved = new Set([
  'owner',
  'attachment',
  'network',
  'container-id',
  'interface',
  'netns',
  'netns-id',
  'bridge',
  'machine',
  'boot',
  'pod-name',
  'pod-namespace',
  'pod-uid',
  'device-id',
  'device-name',
]);

function externalIdsOf({ externalIds = {} }: Fields): Readonly<Record<string, string>> {
  const [taken] = Object.keys(externalIds).filter((key) => reserved.has(key));
  if (taken !== undefined) {
    throw invalid(`externalIds: the key ${show(taken)} is one that plumbline sets itself; choose another`);
  }
  return externalIds;
}

/** What Kubernetes' runtimes give where no burst is asked for: all that 32 bits hold. It would let seconds pass unlimited. */
const noBurst = 2 ** 31 - 1;

interface Limits {
  readonly policing: Policing | undefined;
  readonly shaping: Shaping | undefined;
}

function limitsOf({ runtimeConfig }: Config, fields: Fields, portType: PortType): Limits {
  const {
    ingressRate = 0,
    ingressBurst = 0,
    egressRate = 0,
    egressBurst = 0,
  } = runtimeConfig?.bandwidth ?? {};
  const { ingressPolicingRate = 0, ingressPolicingBurst = 0 } = fields;
  const burstOf = (burst: number): number | undefined => (burst > 0 && burst < noBurst ? burst : undefined);
  const kilobits = (value: number): number => Math.max(1, Math.round(value / 1000));
  const byConfig = { rate: ingressPolicingRate, burst: ingressPolicingBurst };
  const egressLimit = burstOf(egressBurst);
  const policing =
    egressRate > 0
      ? { rate: kilobits(egressRate), burst: egressLimit === undefined ? 0 : kilobits(egressLimit) }
      : ingressPolicingRate > 0
        ? byConfig
        : undefined;
  const shaping = ingressRate > 0 ? { rate: ingressRate, burst: burstOf(ingressBurst) } : undefined;
  if ((policing || shaping) && portType === 'internal') {
    throw invalid(
      `${shaping || egressRate > 0 ? 'runtimeConfig.bandwidth' : 'ingressPolicingRate'}: Open vSwitch limits no internal port ` +
        'once it is in another network namespace; use portType "veth"',
    );
  }
  return { policing, shaping };
}

const invalid = (message: string): CniError => new CniError(ErrorCode.invalidConfig, message);
