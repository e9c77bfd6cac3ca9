/** Commands about links, as lines of a batch (ip-link(8)). */
import type { Command } from './command.ts';

export interface VethEnd {
  readonly name: string;
  readonly mac: string;
}

export interface VethPair {
  readonly host: VethEnd;
  /** The sandbox's end; `netns` is a path that ip can open. */
  readonly sandbox: VethEnd & { readonly netns: string };
  /** Both ends; the kernel's default where it is undefined. */
  readonly mtu: number | undefined;
  /** The bridge that the host's end becomes a port of, in the same step. */
  readonly master?: string;
}

/**
 * A veth pair, one end in a sandbox, the other a port. One netlink message: either all of it is there, or nothing.
 * Fails with "File exists" where either name is taken: the guard against a second ADD.
 */
export function addVeth({ host, sandbox, mtu, master }: VethPair): Command {
  const size = mtu === undefined ? [] : ['mtu', String(mtu)];
  const port = master === undefined ? [] : ['master', master];
  return [
    ...['link', 'add', 'name', host.name, 'address', host.mac, ...size, ...port, 'type', 'veth'],
    ...['peer', 'name', sandbox.name, 'address', sandbox.mac, ...size, 'netns', sandbox.netns],
  ];
}

export interface BridgeSettings {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number | undefined;
  readonly vlanFiltering: boolean;
}

/** A bridge with an address of its own: without one it takes its lowest port's, and changes it as ports come and go. */
export function addBridge({ name, mac, mtu, vlanFiltering }: BridgeSettings): Command {
  return [
    ...['link', 'add', 'name', name, 'address', mac],
    ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
    ...['type', 'bridge'],
    ...(vlanFiltering ? ['vlan_filtering', '1'] : []),
  ];
}

/** An 8021q interface on a link. */
export function addVlan(parent: string, name: string, id: number, mac: string): Command {
  return ['link', 'add', 'link', parent, 'name', name, 'address', mac, 'type', 'vlan', 'id', String(id)];
}

export const deleteLink = (device: string): Command => ['link', 'delete', 'dev', device];
export const setUp = (device: string): Command => ['link', 'set', 'dev', device, 'up'];
export const setAlias = (device: string, alias: string): Command => [
  'link',
  'set',
  'dev',
  device,
  'alias',
  alias,
];
export const setMac = (device: string, mac: string): Command => [
  'link',
  'set',
  'dev',
  device,
  'address',
  mac,
];
export const setMaster = (device: string, master: string): Command => [
  'link',
  'set',
  'dev',
  device,
  'master',
  master,
];
export const setMtu = (device: string, mtu: number): Command => [
  ...['link', 'set', 'dev', device, 'mtu', String(mtu)],
];
export const setDown = (device: string): Command => ['link', 'set', 'dev', device, 'down'];
/**
 * Moves a link into another namespace and renames it there, in one message.
 * @param netns a path that ip can open
 */
export const moveAs = (device: string, netns: string, name: string): Command => [
  ...['link', 'set', 'dev', device, 'netns', netns, 'name', name],
];
/** A link that is up does not take another name on older kernels. */
export const rename = (device: string, name: string): Command => ['link', 'set', 'dev', device, 'name', name];
/** A second name, by which programs find the link as well (Linux 5.5). */
export const addName = (device: string, name: string): Command => [
  ...['link', 'property', 'add', 'dev', device, 'altname', name],
];
/** Moves a link into another namespace under the name it has. */
export const move = (device: string, netns: string): Command => [
  ...['link', 'set', 'dev', device, 'netns', netns],
];
export const unsetMaster = (device: string): Command => ['link', 'set', 'dev', device, 'nomaster'];
export const setVlanFiltering = (bridge: string): Command => [
  ...['link', 'set', 'dev', bridge, 'type', 'bridge', 'vlan_filtering', '1'],
];

export interface PortSettings {
  readonly hairpin: boolean;
  readonly isolated: boolean;
}

/** Settings of a bridge port, or nothing where they are the kernel's defaults. */
export function setPort(device: string, { hairpin, isolated }: PortSettings): Command[] {
  const settings = [...(hairpin ? ['hairpin', 'on'] : []), ...(isolated ? ['isolated', 'on'] : [])];
  return settings.length === 0 ? [] : [['link', 'set', 'dev', device, 'type', 'bridge_slave', ...settings]];
}
/** Flags of a link that whoever has it may switch (ip-link(8)), by the names that ip prints. */
export const switchableFlags = {
  PROMISC: 'promisc',
  ALLMULTI: 'allmulticast',
  MULTICAST: 'multicast',
} as const;
export const setFlag = (device: string, flag: keyof typeof switchableFlags, on: boolean): Command => [
  ...['link', 'set', 'dev', device, switchableFlags[flag], on ? 'on' : 'off'],
];
