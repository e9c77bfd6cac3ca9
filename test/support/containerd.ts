/**
 * A containerd of a node's own, with root, state and socket of its own, and with the folders where operators put
 * plugins and configurations: /opt/cni/bin and /etc/cni/net.d are the node's, too.
 *
 * Nothing of it is on the machine, but for cgroups, which are below one folder, removed at the end. What it starts and
 * what outlives it (a shim for each container) ends with the node.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { Background } from './background.ts';
import { buildBusyboxImage, busyboxImage } from './busybox.ts';
import { cgroupsBelow, removeCgroups } from './cgroups.ts';
import type { Config } from './cni.ts';
import type { Fact } from './facts.ts';
import { markOf } from './marks.ts';
import { createNode, type Node, uniqueName } from './node.ts';
import { binDir as builtDir, referenceDir } from './paths.ts';
import { eventually, makePlace, type Outcome, type Place } from './place.ts';

/** As containerd and ctr have them by default, inside the node. */
export const netDir = '/etc/cni/net.d';
export const pluginDir = '/opt/cni/bin';
const socket = '/run/containerd/containerd.sock';

export interface ContainerdOptions {
  /** What outlives a reboot: images, sandboxes, plugins, net.d, /var/lib/cni. In the node's folder by default. */
  readonly disk?: string;
}

export interface Containerd extends AsyncDisposable {
  readonly node: Node;
  readonly disk: string;
  readonly socket: string;
  /** Below it are the cgroups of all containers: `/plt-...`. */
  readonly cgroup: string;
  /** Runs ctr. */
  ctr(...args: readonly string[]): Promise<string>;
  tryCtr(...args: readonly string[]): Promise<Outcome>;
  /** A container that runs, as a place: what it runs is busybox's. */
  place(name: string, id: string, namespace: 'default' | 'k8s.io'): Place;
  /** Makes these files, by name, all that is in net.d. Each is placed by a rename. */
  configure(files: Readonly<Record<string, Config>>): void;
  /** Runs `plumbline install`, of the built executable or another. */
  install(executable?: string): Promise<string>;
  /** Kills the daemon with SIGKILL; its containers go on. */
  kill9(): Promise<void>;
  start(): Promise<void>;
  /** What the daemon printed since it was started. */
  log(): string;
  /** Ends the daemon, and then the node with all containers; the disk stays where it is not the node's. */
  dispose(): Promise<void>;
}

// A bind from another mount namespace is not allowed, hence the way by what is below the node's own /sys. /etc stays
// the machine's, by links, apart from what is the node's own.
const prepare = `
  disk=$1
  umount /sys
  mkdir -p /run/cgroup /run/machine-etc
  mount --rbind /sys/fs/cgroup /run/cgroup
  mount -t sysfs sysfs /sys
  mount --move /run/cgroup /sys/fs/cgroup
  mount --bind /etc /run/machine-etc
  mount -t tmpfs -o mode=755 tmpfs /etc
  ln -s /run/machine-etc/* /etc
  rm -f /etc/cni
  mkdir /etc/cni
  mount --bind "$disk/etc-cni" /etc/cni
  mount -t tmpfs -o mode=755 tmpfs /opt
  mkdir -p /opt/cni
  mount --bind "$disk/opt-cni" /opt/cni
  mount --bind "$disk/var-lib-cni" /var/lib/cni
`;

// Security modules and OOM scores are the machine's matter; snapshotter native: what a layer holds is copied, which
// every file system can.
const configOf = (disk: string): string => `
version = 2
root = "${disk}/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${busyboxImage}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${pluginDir}"
    conf_dir = "${netDir}"
`;

/** A node on which containerd can run: its processes are its own, so that no shim outlives it. */
export function createRuntimeNode(name?: string): Promise<Node> {
  return createNode(name, { processes: 'own' });
}

/** Starts containerd on a node of {@link createRuntimeNode}; with plugins installed, the image there, and no net.d. */
export async function startContainerd(node: Node, options: ContainerdOptions = {}): Promise<Containerd> {
  const { disk = join(node.dir, 'disk') } = options;
  const cgroup = `/${uniqueName()}`;
  for (const folder of ['containerd', 'etc-cni/net.d', 'opt-cni/bin', 'var-lib-cni'])
    mkdirSync(join(disk, folder), { recursive: true });
  await node.run('sh', '-ec', prepare, 'sh', disk);
  const config = join(disk, 'containerd.toml');
  writeFileSync(config, configOf(disk));

  let daemon: Background | undefined;
  async function start(): Promise<void> {
    // Its end by a signal is the signal's to nsenter: it takes the daemon with it.
    daemon = node.start('setpriv', '--pdeathsig', 'KILL', 'containerd', '--config', config);
    await daemon.ready(/containerd successfully booted/, 20_000);
    // The CRI comes up last.
    const answers = async (): Promise<boolean> =>
      /io\.containerd\.grpc\.v1 +cri .* ok/.test((await tryCtr('plugins', 'list')).stdout);
    if (!(await eventually(answers, 10_000))) throw new Error(`the CRI does not come up\n${daemon.stderr}`);
  }

  const tryCtr: Containerd['tryCtr'] = (...args) => node.exec(['ctr', '--address', socket, ...args]);
  const ctr: Containerd['ctr'] = async (...args) => {
    const { code, stdout, stderr } = await tryCtr(...args);
    if (code !== 0) throw new Error(`ctr ${args.join(' ')}: exit status ${code}\n${stderr}${stdout}`);
    return stdout;
  };

  function place(name: string, id: string, namespace: 'default' | 'k8s.io'): Place {
    node.marks.add(markOf(id));
    // Each exec has an ID of its own: its process's, which is unique on the node.
    const exec = `exec ctr --address ${socket} --namespace ${namespace} tasks exec --exec-id "exec-$$" "$@"`;
    const inside = makePlace(name, [...node.enter, 'sh', '-c', exec, 'sh', id], node.backgrounds);
    return {
      ...inside,
      // busybox knows fewer options than iputils.
      ping: async (address, { count = 1, timeout = 1 } = {}) =>
        (await inside.try('ping', '-q', '-c', `${count}`, '-W', `${timeout}`, address)).code === 0,
    };
  }

  function configure(files: Readonly<Record<string, Config>>): void {
    const folder = join(disk, 'etc-cni/net.d');
    for (const [name, content] of Object.entries(files)) {
      // In the same folder: containerd reloads on what leaves a name there, and passes over a file that comes in.
      const temporary = join(folder, `.${name}.new`);
      writeFileSync(temporary, JSON.stringify(content));
      renameSync(temporary, join(folder, name));
    }
    for (const name of readdirSync(folder)) if (!(name in files)) rmSync(join(folder, name));
  }

  const install: Containerd['install'] = (executable = join(builtDir, 'plumbline')) =>
    node.run(executable, 'install', '--bin-dir', pluginDir);

  async function kill9(): Promise<void> {
    await daemon?.stop('SIGKILL');
    daemon = undefined;
    const isGone = async (): Promise<boolean> => (await node.try('pgrep', '-x', 'containerd')).code !== 0;
    if (!(await eventually(isGone, 5_000))) throw new Error('containerd outlives SIGKILL');
  }

  const facts = (): Promise<readonly Fact[]> => runtimeFacts(node, cgroup);

  async function dispose(): Promise<void> {
    node.factSources.delete(facts);
    await kill9();
    await node.dispose();
    await removeCgroups(cgroup);
  }

  try {
    await start();
    await install();
    const ours = new Set(readdirSync(join(disk, 'opt-cni/bin')));
    for (const plugin of readdirSync(referenceDir).filter((name) => !ours.has(name)))
      linkPlugin(disk, join(referenceDir, plugin));
    if ((await ctr('--namespace', 'k8s.io', 'images', 'list', '--quiet')) === '') {
      const folder = join(node.dir, 'image');
      mkdirSync(folder);
      const archive = await buildBusyboxImage(folder);
      for (const namespace of ['default', 'k8s.io'])
        await ctr('--namespace', namespace, 'images', 'import', '--snapshotter', 'native', archive);
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  node.factSources.add(facts);

  return {
    node,
    disk,
    socket,
    cgroup,
    ctr,
    tryCtr,
    place,
    configure,
    install,
    kill9,
    start,
    log: () => daemon?.stderr ?? '',
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Puts a plugin that is on the machine beside ours. */
export function linkPlugin(disk: string, path: string): void {
  const link = join(disk, 'opt-cni/bin', basename(path));
  rmSync(link, { force: true });
  symlinkSync(path, link);
}

/** What containers leave on a node besides their network: mounts, processes, namespaces, cgroups. */
async function runtimeFacts(node: Node, cgroup: string): Promise<readonly Fact[]> {
  const fact = (text: string): Fact => ({ text, mayStay: false });
  const mounts = readFileSync(`/proc/${node.pid}/mountinfo`, 'utf8').split('\n').filter(Boolean);
  const processes = (await node.run('ps', '-e', '-o', 'args=')).split('\n');
  const containers = await node.sh(`
    for namespace in default k8s.io; do
      ctr --address ${socket} --namespace $namespace containers list --quiet
    done`);
  return [
    ...mounts.map((line) => fact(`mount ${line.split(' ')[4]}`)),
    // The daemon may be another after a restart, and ps and what enters the node are this check's own.
    ...processes.filter((args) => /shim|runc|sleep/.test(args)).map((args) => fact(`runs ${args}`)),
    ...readdirSync(node.path('/run/netns')).map((name) => fact(`netns ${name}`)),
    ...cgroupsBelow(cgroup).map((path) => fact(`cgroup ${path}`)),
    ...containers
      .split('\n')
      .filter(Boolean)
      .map((id) => fact(`container ${id}`)),
  ];
}
