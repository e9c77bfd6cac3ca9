/** Who is measured, in what: our executables and the reference plugins, and the networks that they make. */
import { join } from 'node:path';
import { binDir, referenceDir, systemPath } from '../support/paths.ts';
import type { Command } from './protocol.ts';
import type { Sandbox, Station } from './station.ts';

/** The floor is the kernel's share of the work, by a shell script: floor.ts. */
export type ContenderName = 'ours' | 'reference' | 'floor';
export type CniCommand = 'VERSION' | 'ADD' | 'CHECK' | 'DEL';

/** Plugins that have a peer to be measured beside, in the order in which they are. */
export const plugins = ['veth-bridge', 'macvlan', 'ipvlan'] as const;
export type Plugin = (typeof plugins)[number];

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

/** What this side calls a plugin: the `type` of its configs and the name of its executable. */
export function typeOf(name: Contender['name'], plugin: Plugin): string {
  return name === 'reference' && plugin === 'veth-bridge' ? 'bridge' : plugin;
}

/** The executables that have to be there. */
export function neededExecutables(): readonly string[] {
  return (['ours', 'reference'] as const).flatMap((name) =>
    [...plugins.map((plugin) => typeOf(name, plugin)), 'host-local'].map((type) => join(folders[name], type)),
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
  /** Whether VERSION is shown, and the kernel's share measured beside: once a plugin. */
  readonly withFloor?: boolean;
  /** Whether memory and processes are counted, too. */
  readonly withResources?: boolean;
  /** Whether many containers at once are measured, too. */
  readonly withParallel?: boolean;
}

export const scenarios: readonly Scenario[] = [
  {
    plugin: 'veth-bridge',
    title: 'plain',
    settings: {},
    withFloor: true,
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
  { plugin: 'macvlan', title: 'bridge', settings: { mode: 'bridge' }, withFloor: true, withResources: true },
  { plugin: 'ipvlan', title: 'l2', settings: { mode: 'l2' }, withFloor: true },
];

/** The link that a network hangs on: the bridge, which the plugin makes, or the NIC, which {@link plugIn} makes. */
export function trunkOf(plugin: Plugin, number: number): string {
  return `${plugin === 'veth-bridge' ? 'bench' : 'nic'}${number}`;
}

/** A network with a subnet of its own, `10.<number>.0.0/16`, and a default route out of it. */
export function configOf(
  { name, station }: Contender,
  number: number,
  { plugin, settings }: Scenario,
  range: Readonly<Record<string, string>> = {},
): Config {
  const trunk = trunkOf(plugin, number);
  const isBridge = plugin === 'veth-bridge';
  return {
    name: `bench${number}`,
    type: typeOf(name, plugin),
    ...(isBridge ? { bridge: trunk, isDefaultGateway: true } : { master: trunk }),
    ...settings,
    ipam: {
      type: 'host-local',
      dataDir: station.node.dataDir,
      ranges: [[{ subnet: `10.${number}.0.0/16`, ...range }]],
      // With a gateway on the bridge, the plugin brings the route.
      ...(isBridge ? {} : { routes: [{ dst: '0.0.0.0/0' }] }),
    },
  };
}

/** Makes what the network of {@link configOf} needs on its node: a NIC, which is plugged into a switch. */
export async function plugIn({ node }: Station, plugin: Plugin, number: number): Promise<void> {
  if (plugin === 'veth-bridge') return;
  const nic = trunkOf(plugin, number);
  await node.sh(`
    ip link add switch${number} type bridge
    ip link add port${number} master switch${number} type veth peer name ${nic}
    for device in switch${number} port${number} ${nic}; do ip link set $device up; done
  `);
}

/**
 * What the kernel lacks for a plugin, in words; undefined where all is there.
 * @throws where a link cannot be made for another reason: that is no row to leave out
 */
export async function lackOf({ node }: Station, plugin: Plugin): Promise<string | undefined> {
  if (plugin === 'veth-bridge') return undefined;
  const script =
    'ip link add probe type veth; ip link add child link probe type "$1" || exit; ip link del probe';
  const { code, stderr } = await node.exec(['unshare', '--net', 'sh', '-c', script, 'sh', plugin]);
  if (code === 0) return undefined;
  if (/unknown device type|not supported/i.test(stderr)) return 'this kernel has none';
  throw new Error(`no ${plugin} link can be made: exit status ${code}\n${stderr}`);
}
