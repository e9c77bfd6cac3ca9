/** Open vSwitch: its database, its daemon, the bridges that networks name. */
import type { Host } from '../../lib/exec/host.ts';
import { readRows } from '../../lib/ovs/client.ts';
import { select } from '../../lib/ovs/operation.ts';
import type { Config } from '../../plugins/ovs/config.ts';
import { databaseOf } from '../../plugins/ovs/settings.ts';
import type { Network } from '../lint/network.ts';
import { type Check, causeOf, checksOf } from './check.ts';

const { ok, problem } = checksOf('Open vSwitch');

const service = 'systemctl start openvswitch-switch';

interface User {
  readonly network: string;
  readonly remote: string;
  readonly bridge: string | undefined;
  readonly createBridge: boolean;
}

/** Nothing is said on a node without a network of Open vSwitch. */
export async function checkOvs(host: Host, networks: readonly Network[]): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const users = networks.flatMap(({ name, members }) =>
    members.flatMap(({ plugin, config }) => {
      if (plugin !== 'ovs' || config === undefined) return [];
      try {
        return [userOf(name, config as unknown as Config)];
      } catch (error) {
        checks.push(problem(name, ...causeOf(error, 'correct it')));
        return [];
      }
    }),
  );
  // Without the program there is nothing to ask; that is told of the program.
  if (!host.runner.has('ovsdb-client')) return checks;
  for (const remote of new Set(users.map((user) => user.remote))) {
    checks.push(
      ...(await checkRemote(
        host,
        remote,
        users.filter((user) => user.remote === remote),
      )),
    );
  }
  return checks;
}

/** @throws CniError where the node's own file cannot be read, or socket_file is none */
function userOf(network: string, config: Config): User {
  const { remote } = databaseOf({ config });
  const bridge = config.bridge ?? (config.args?.cni?.ovnPort ? 'br-int' : undefined);
  return { network, remote, bridge, createBridge: config.createBridge ?? false };
}

async function checkRemote(host: Host, remote: string, users: readonly User[]): Promise<readonly Check[]> {
  const socket = remote.startsWith('unix:') ? remote.slice('unix:'.length) : undefined;
  if (socket !== undefined && !host.kernel.exists(socket)) {
    return [problem('database', `there is no socket ${socket}`, `${service}; or correct socket_file`)];
  }
  try {
    const [[root] = [], bridges = []] = await readRows(host, { remote }, [
      select('Open_vSwitch', ['ovs_version', 'cur_cfg', 'next_cfg']),
      select('Bridge', ['name']),
    ]);
    const version = typeof root?.['ovs_version'] === 'string' ? `, Open vSwitch ${root['ovs_version']}` : '';
    const names = new Set(bridges.map(({ name }) => String(name)));
    return [
      ok('database', `${remote} answers${version}`),
      checkDaemon(host, socket, root?.['cur_cfg'] !== root?.['next_cfg']),
      ...users.flatMap((user) => checkBridge(user, names)),
    ];
  } catch (error) {
    return [problem('database', ...causeOf(error, service))];
  }
}

/** A daemon that is behind the database has died, or hangs. Its pid file tells which, where it is on this node. */
function checkDaemon({ kernel }: Host, socket: string | undefined, isBehind: boolean): Check {
  const folder = socket?.slice(0, socket.lastIndexOf('/'));
  const pid = folder === undefined ? undefined : kernel.read(`${folder}/ovs-vswitchd.pid`)?.trim();
  if (pid !== undefined && !kernel.exists(`/proc/${pid}`)) {
    return problem('ovs-vswitchd', `process ${pid} of its pid file is gone`, service);
  }
  if (isBehind) {
    return problem(
      'ovs-vswitchd',
      'has not carried out what the database says',
      'systemctl restart openvswitch-switch; its log tells why',
    );
  }
  return ok('ovs-vswitchd', pid === undefined ? 'is up with the database' : `runs as process ${pid}`);
}

function checkBridge({ network, bridge, createBridge }: User, names: ReadonlySet<string>): readonly Check[] {
  if (bridge === undefined) return [];
  if (names.has(bridge)) return [ok(`bridge ${bridge}`, `there, for network "${network}"`)];
  if (createBridge) return [ok(`bridge ${bridge}`, `not there yet; network "${network}" makes it`)];
  return [
    problem(
      `bridge ${bridge}`,
      `there is none, and network "${network}" names it`,
      `ovs-vsctl add-br ${bridge}, or set createBridge`,
    ),
  ];
}
