/** Who is measured: our executables, the reference plugins, and the kernel's share of the work as a shell script. */
import { join } from 'node:path';
import { binDir, referenceDir, systemPath } from '../support/paths.ts';
import type { Command } from './protocol.ts';
import type { Sandbox, Station } from './station.ts';

export type ContenderName = 'ours' | 'reference' | 'floor';
export type CniCommand = 'VERSION' | 'ADD' | 'CHECK' | 'DEL';

/** A pair of executables in a node of its own: one side's rules and addresses are not in the other side's way. */
export interface Contender {
  readonly name: Exclude<ContenderName, 'floor'>;
  readonly station: Station;
  /** Folder of its executables, and all of its CNI_PATH. */
  readonly folder: string;
  readonly bridge: string;
}

export function contend(name: Contender['name'], station: Station): Contender {
  return name === 'ours'
    ? { name, station, folder: binDir, bridge: 'veth-bridge' }
    : { name, station, folder: referenceDir, bridge: 'bridge' };
}

export type Config = Readonly<Record<string, unknown>> & { readonly name: string };

export interface CallOptions {
  /** What ADD printed, as runtimes give it back with CHECK and DEL. */
  readonly result?: string;
  readonly plugin?: 'bridge' | 'host-local';
}

/** A call as a runtime makes it. */
export function callOf(
  contender: Contender,
  command: CniCommand,
  config: Config,
  sandbox: Sandbox,
  { result, plugin = 'bridge' }: CallOptions = {},
): Command {
  const type = plugin === 'bridge' ? contender.bridge : plugin;
  const prevResult = result === undefined ? {} : { prevResult: JSON.parse(result) as unknown };
  return {
    argv: [join(contender.folder, type)],
    env: {
      PATH: systemPath,
      CNI_COMMAND: command,
      CNI_CONTAINERID: sandbox.id,
      CNI_NETNS: sandbox.netns,
      CNI_IFNAME: 'eth0',
      CNI_PATH: contender.folder,
    },
    // Debian's reference knows no later version.
    input: JSON.stringify({ cniVersion: '1.0.0', type, ...config, ...prevResult }),
  };
}

export interface Scenario {
  readonly title: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

export const scenarios: readonly Scenario[] = [
  { title: 'plain', settings: {} },
  { title: 'ipMasq', settings: { ipMasq: true } },
  { title: 'macspoofchk', settings: { macspoofchk: true } },
  { title: 'ipMasq + macspoofchk', settings: { ipMasq: true, macspoofchk: true } },
];

/** A network with a bridge and a subnet of its own: `10.<number>.0.0/16`. */
export function bridgeConfig({ node }: Station, number: number, { settings }: Scenario): Config {
  return {
    name: `bench${number}`,
    bridge: `bench${number}`,
    isDefaultGateway: true,
    ...settings,
    ipam: { type: 'host-local', dataDir: node.dataDir, subnet: `10.${number}.0.0/16` },
  };
}

/** The link, its addresses and routes, as a person would make them by hand, and nothing else. */
const floorScripts = {
  ADD: `
ip -batch - <<END
link add name "$1" master floor type veth peer name eth0 netns $2
link set dev "$1" up
END
exec nsenter --net="$2" ip -batch - <<END
address add $3/16 broadcast + dev eth0
link set dev eth0 up
route add default via 10.250.0.1
END
`,
  DEL: 'exec ip link delete dev "$1"',
} as const;

/** @param number of the container: its address is `10.250.1.<number>` */
export function floorCall(command: keyof typeof floorScripts, { netns }: Sandbox, number: number): Command {
  const values = [`veth${number}`, netns, `10.250.1.${number}`];
  return {
    argv: ['/bin/sh', '-ec', floorScripts[command], 'sh', ...values],
    env: { PATH: systemPath },
    input: '',
  };
}

export async function prepareFloor({ node }: Station): Promise<void> {
  await node.sh(
    'ip link add floor type bridge; ip address add 10.250.0.1/16 dev floor; ip link set floor up; sysctl -qw net.ipv4.ip_forward=1',
  );
}
