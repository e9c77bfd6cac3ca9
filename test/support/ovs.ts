/**
 * An Open vSwitch of a node's own: ovsdb-server and ovs-vswitchd in the node's namespaces.
 *
 * The node's /run is its own, so they use Open vSwitch's usual folder, /run/openvswitch, and its socket is the one that
 * a config without socket_file means. Nothing of it is on the machine: neither a daemon, nor a file, nor a database.
 */
import type { Background } from './background.ts';
import type { Fact } from './facts.ts';
import type { Node } from './node.ts';
import { leakTables, type OvsRow, type OvsTable, parseRows, rowFacts } from './ovs-rows.ts';
import { pace } from './pace.ts';
import { eventually } from './place.ts';

/** `netdev` forwards in ovs-vswitchd itself, `system` in the kernel's module. */
export type Datapath = 'netdev' | 'system';
export type Daemon = 'ovsdb-server' | 'ovs-vswitchd';

export interface OvsOptions {
  /** The kernel's where it has one, by default. */
  readonly datapath?: Datapath;
  /** Folder of sockets, database and pid files; a second Open vSwitch of one node needs another. */
  readonly folder?: string;
}

export interface BridgeOptions {
  /** Of the bridge's own link; its first bytes say `locally administered`. */
  readonly mac?: string;
}

export interface Ovs extends AsyncDisposable {
  readonly node: Node;
  readonly datapath: Datapath;
  readonly folder: string;
  /** Path of the database's socket, inside the node. */
  readonly socket: string;
  /** Runs ovs-vsctl, which waits for ovs-vswitchd unless `--no-wait` says otherwise, 20 s at most. */
  vsctl(...args: readonly string[]): Promise<string>;
  /** Runs ovs-ofctl: `ofctl('show', 'br-int')`. */
  ofctl(command: string, bridge: string, ...args: readonly string[]): Promise<string>;
  /** Tells a daemon something: `appctl('ovs-vswitchd', 'fdb/show', 'br-int')`. */
  appctl(daemon: Daemon, ...args: readonly string[]): Promise<string>;
  /** Makes a bridge of this datapath, and brings its link up. */
  addBridge(name: string, options?: BridgeOptions): Promise<void>;
  /** All rows of a table. */
  rows(table: OvsTable): Promise<readonly OvsRow[]>;
  /** The row of this name, or undefined. */
  row(table: 'Bridge' | 'Port' | 'Interface', name: string): Promise<OvsRow | undefined>;
  /** Names of a bridge's ports, without its own. */
  ports(bridge: string): Promise<readonly string[]>;
  pid(daemon: Daemon): number;
  /** Stops a daemon as its service does; the database's file stays. With SIGKILL: as a crash. */
  stop(daemon: Daemon, signal?: NodeJS.Signals): Promise<void>;
  start(daemon: Daemon): Promise<void>;
  /** Stops a daemon where it stands (SIGSTOP), and lets it go on: it hangs meanwhile. */
  pause(daemon: Daemon): void;
  resume(daemon: Daemon): void;
  /** All that a plugin could have written, for the leak check. */
  facts(): Promise<readonly Fact[]>;
}

const schema = '/usr/share/openvswitch/vswitch.ovsschema';

/** The kernel answers questions about its datapaths where it has the module. */
async function bestDatapath(node: Node): Promise<Datapath> {
  return (await node.try('ovs-dpctl', 'dump-dps')).code === 0 ? 'system' : 'netdev';
}

/** Starts an Open vSwitch on a node, with an empty database. The node ends it, if nobody does before. */
export async function startOvs(node: Node, options: OvsOptions = {}): Promise<Ovs> {
  const { datapath = await bestDatapath(node), folder = '/run/openvswitch' } = options;
  const socket = `${folder}/db.sock`;
  const running = new Map<Daemon, Background>();
  const bridges = new Set<string>();
  const env = { OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVS_DBDIR: folder, OVS_SYSCONFDIR: folder };

  async function call(program: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await node.exec([program, ...args], { env });
    if (code === 0) return stdout;
    const told = [...running.values()].map((daemon) => daemon.stderr.slice(-2_000)).join('\n');
    throw new Error(`${program} ${args.join(' ')}: exit status ${code}\n${stderr}${stdout}\n${told}`);
  }
  const vsctl: Ovs['vsctl'] = (...args) =>
    call('ovs-vsctl', `--db=unix:${socket}`, `--timeout=${20 * pace}`, ...args);

  const commandLines: Readonly<Record<Daemon, readonly string[]>> = {
    'ovsdb-server': [`${folder}/conf.db`, `--remote=punix:${socket}`],
    'ovs-vswitchd': [`unix:${socket}`, ...(datapath === 'netdev' ? ['--disable-system'] : [])],
  };

  async function start(daemon: Daemon): Promise<void> {
    // A test's process that is killed takes no daemon's stdin away, since daemons do not read it: hence the signal.
    const started = node.start(
      ...['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      ...['setpriv', '--pdeathsig', 'KILL', daemon, ...commandLines[daemon]],
      ...['--pidfile', '--no-chdir', '--verbose=console:warn'],
    );
    running.set(daemon, started);
    const answers = async (): Promise<boolean> =>
      !started.running || (await node.exec(['ovs-appctl', '-t', daemon, 'version'], { env })).code === 0;
    if (!(await eventually(answers, 10_000)) || !started.running)
      throw new Error(`${daemon} on ${node.name} does not start\n${started.stderr}`);
    // It has taken over what the database says once a change is through.
    if (daemon === 'ovs-vswitchd')
      await vsctl('set', 'Open_vSwitch', '.', `external_ids:test=${started.pid}`);
  }

  async function stop(daemon: Daemon, signal?: NodeJS.Signals): Promise<void> {
    await running.get(daemon)?.stop(signal);
    running.delete(daemon);
  }

  function pid(daemon: Daemon): number {
    const found = running.get(daemon);
    if (found === undefined) throw new Error(`${daemon} does not run on ${node.name}`);
    return found.pid;
  }

  const rows: Ovs['rows'] = async (table) =>
    parseRows(await vsctl('--no-wait', '--format=json', 'list', table));

  async function facts(): Promise<readonly Fact[]> {
    // One run for all: the leak check asks again and again. Each table is a line.
    const commands = leakTables.flatMap((table) => ['--', 'list', table]);
    const lines = (await vsctl('--no-wait', '--format=json', ...commands)).split('\n').filter(Boolean);
    const tables = leakTables.map((table, index) => [table, parseRows(lines[index] ?? '')] as const);
    return rowFacts(Object.fromEntries(tables), folder === '/run/openvswitch' ? 'ovs' : `ovs ${folder}`);
  }

  async function dispose(): Promise<void> {
    node.factSources.delete(facts);
    // Links and the kernel's datapath outlive the daemon, unless it is told to clean up.
    await node.exec(['ovs-appctl', '--timeout=5', '-t', 'ovs-vswitchd', 'exit', '--cleanup'], { env });
    await stop('ovs-vswitchd');
    await stop('ovsdb-server');
    // Taps go with the daemon, though not always at once.
    for (const name of [...bridges, datapath === 'netdev' ? 'ovs-netdev' : 'ovs-system'])
      await node.try('ip', 'link', 'delete', name);
    await node.run('rm', '-rf', folder);
  }

  await node.run('mkdir', '-p', folder);
  await call('ovsdb-tool', 'create', `${folder}/conf.db`, schema);
  await start('ovsdb-server');
  await vsctl('--no-wait', 'init');
  // Bridges of the userspace datapath have links that send what no network card would: whole segments without checksums.
  if (datapath === 'netdev')
    await vsctl('--no-wait', 'set', 'Open_vSwitch', '.', 'other_config:userspace-tso-enable=true');
  await start('ovs-vswitchd');
  node.factSources.add(facts);

  return {
    node,
    datapath,
    folder,
    socket,
    vsctl,
    ofctl: (command, bridge, ...args) => call('ovs-ofctl', command, bridge, ...args),
    appctl: (daemon, ...args) => call('ovs-appctl', '-t', daemon, ...args),
    async addBridge(name, { mac = '02:00:5e:00:53:10' } = {}) {
      bridges.add(name);
      await vsctl(
        ...['add-br', name, '--', 'set', 'Bridge', name, `datapath_type=${datapath}`],
        // Of its own: else it is the lowest of its ports', and changes as they come and go.
        `other_config:hwaddr="${mac}"`,
      );
      await node.run('ip', 'link', 'set', name, 'up');
    },
    rows,
    row: async (table, name) => (await rows(table)).find((row) => row['name'] === name),
    ports: async (bridge) =>
      (await vsctl('--no-wait', 'list-ports', bridge)).split('\n').filter(Boolean).sort(),
    pid,
    stop,
    start,
    pause: (daemon) => void process.kill(pid(daemon), 'SIGSTOP'),
    resume: (daemon) => void process.kill(pid(daemon), 'SIGCONT'),
    facts,
    [Symbol.asyncDispose]: dispose,
  };
}
