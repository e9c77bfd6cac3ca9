/** Who is measured: our executables, one folder a build, and the reference plugins; and how they are called. */
import { join } from 'node:path';
import { binDir, isExecutable, referenceDir, repoRoot, systemPath } from '../support/paths.ts';
import type { Command } from './protocol.ts';
import { databaseOf, hasReference, type Plugin, plugins, type Scenario, trunkOf } from './scenarios.ts';
import type { Sandbox, Station } from './station.ts';

/** Our builds: by pkg with Node, and by Bun. */
export const builds = ['pkg', 'bun'] as const;
export type Build = (typeof builds)[number];
/** Whose executables are called. */
export type Side = Build | 'reference';
/** The floor is the same made by hand, by a shell script: floor.ts. */
export type ContenderName = Side | 'floor';
export type CniCommand = 'VERSION' | 'ADD' | 'CHECK' | 'DEL';

export const isBuild = (name: ContenderName): name is Build => builds.some((build) => build === name);

/** A set of executables in a node of its own: one side's rules and addresses are not in the other side's way. */
export interface Contender {
  readonly name: Side;
  readonly station: Station;
  /** Folder of its executables, and all of its CNI_PATH. */
  readonly folder: string;
}

export const folders: Readonly<Record<Side, string>> = {
  pkg: binDir,
  bun: join(repoRoot, 'dist/bun/bin'),
  reference: referenceDir,
};

/**
 * Those that are measured: the build by Bun where it has been made. Where executables of another folder are wanted
 * (PLUMBLINE_BIN_DIR), as in the virtual machine, they are the only ones of ours.
 */
export function sidesThere(): readonly Side[] {
  const hasBun =
    process.env['PLUMBLINE_BIN_DIR'] === undefined && isExecutable(join(folders.bun, 'plumbline'));
  return hasBun ? ['pkg', 'bun', 'reference'] : ['pkg', 'reference'];
}

export function contend(name: Side, station: Station): Contender {
  return { name, station, folder: folders[name] };
}

/** Whether this side has the plugin. */
export function takesPart(name: Side, plugin: Plugin): boolean {
  return name !== 'reference' || hasReference(plugin);
}

/** What this side calls a plugin: the `type` of its configs and the name of its executable. */
export function typeOf(name: Side, plugin: Plugin): string {
  return name === 'reference' && plugin === 'veth-bridge' ? 'bridge' : plugin;
}

/** The executables that have to be there. */
export function neededExecutables(sides: readonly Side[] = sidesThere()): readonly string[] {
  return sides.flatMap((name) =>
    plugins
      .filter((plugin) => takesPart(name, plugin))
      .map((plugin) => join(folders[name], typeOf(name, plugin))),
  );
}

export type Config = Readonly<Record<string, unknown>> & { readonly name: string; readonly type: string };

export interface CallOptions {
  /** What ADD printed, as runtimes give it back with CHECK and DEL. */
  readonly result?: string;
}

/** A call as a runtime makes it. */
export function callOf(
  { folder }: Pick<Contender, 'folder'>,
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

/** What a network has otherwise than the others. */
export interface NetworkOptions {
  /** Fields of its range of addresses. */
  readonly range?: Readonly<Record<string, string>>;
  /** Where reservations are kept, if not in the node's temporary folder. */
  readonly dataDir?: string;
}

/** A network with a subnet of its own, `10.<number>.0.0/16`, and a default route out of it. */
export function configOf(
  { name, station }: Pick<Contender, 'name' | 'station'>,
  number: number,
  { plugin, settings, datapath, dualStack }: Scenario,
  { range, dataDir = station.node.dataDir }: NetworkOptions = {},
): Config {
  const hasGateway = plugin === 'veth-bridge';
  return {
    name: `bench${number}`,
    type: typeOf(name, plugin),
    ...trunkFields(plugin, number),
    ...(hasGateway ? { isDefaultGateway: true } : {}),
    ...(datapath === undefined ? {} : { socket_file: databaseOf(datapath) }),
    ...settings,
    ipam: {
      type: 'host-local',
      dataDir,
      ranges: [
        [{ subnet: `10.${number}.0.0/16`, ...range }],
        ...(dualStack ? [[{ subnet: `fd00:${number}::/64` }]] : []),
      ],
      // With a gateway on the bridge, the plugin brings the route.
      ...(hasGateway ? {} : { routes: [{ dst: '0.0.0.0/0' }] }),
    },
  };
}

function trunkFields(plugin: Plugin, number: number): Readonly<Record<string, string>> {
  const trunk = trunkOf(plugin, number);
  if (plugin === 'host-local') return {};
  return plugin === 'veth-bridge' || plugin === 'ovs' ? { bridge: trunk } : { master: trunk };
}
