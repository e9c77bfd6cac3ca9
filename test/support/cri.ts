/** Pods by crictl, through the CRI of a node's containerd: what a kubelet asks for, asked by hand. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { busyboxImage } from './busybox.ts';
import type { Config } from './cni.ts';
import type { Containerd } from './containerd.ts';
import { attachmentMarks, markOf } from './marks.ts';
import { uniqueName } from './node.ts';
import { findBuilt } from './paths.ts';
import { eventually, type Outcome, type Place } from './place.ts';

export interface PodSandbox extends Place {
  readonly id: string;
  /** As `crictl inspectp` tells it, when it was started; the first one where it has two. */
  readonly podIp: string;
  readonly podIps: readonly string[];
}

export interface PodOptions {
  readonly name?: string;
  readonly ports?: readonly { readonly hostPort: number; readonly containerPort: number }[];
}

export interface PodStatus {
  readonly state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY';
  readonly ips: readonly string[];
}

export interface ListedPod {
  readonly id: string;
  readonly name: string;
  readonly isReady: boolean;
}

export interface Cri {
  /** Runs crictl. */
  crictl(...args: readonly string[]): Promise<string>;
  tryCrictl(...args: readonly string[]): Promise<Outcome>;
  /** Waits until the CRI answers: it reads what is on disk after containerd has come up. */
  ready(): Promise<void>;
  /** Puts these files into net.d, and waits until containerd has loaded the first of them, by name, as its network. */
  configure(files: Readonly<Record<string, Config>>): Promise<void>;
  /** RunPodSandbox; what crictl answers, its stdout being the pod's ID. */
  tryRunPod(options?: PodOptions): Promise<Outcome>;
  /** RunPodSandbox and PodSandboxStatus. */
  runPod(options?: PodOptions): Promise<PodSandbox>;
  /** PodSandboxStatus. */
  status(id: string): Promise<PodStatus>;
  list(): Promise<readonly ListedPod[]>;
  /** StopPodSandbox and RemovePodSandbox for each, side by side. */
  remove(pods: readonly Pick<ListedPod, 'id'>[]): Promise<void>;
  /** CreateContainer and StartContainer; gives the container as a place that is entered by `crictl exec`'s way. */
  runContainer(pod: PodSandbox, name: string, command: readonly string[]): Promise<Place>;
}

export function createCri(containerd: Containerd): Cri {
  const { node, socket, cgroup } = containerd;
  const program = findBuilt('crictl');
  if (program === undefined) throw new Error('crictl is not installed: see CONTRIBUTING.md');
  const folder = join(node.dir, 'pods');
  mkdirSync(folder, { recursive: true });
  let network = '';

  const tryCrictl: Cri['tryCrictl'] = (...args) =>
    node.exec([program, '--runtime-endpoint', `unix://${socket}`, '--timeout', '60s', ...args]);
  const crictl: Cri['crictl'] = async (...args) => {
    const { code, stdout, stderr } = await tryCrictl(...args);
    if (code !== 0) throw new Error(`crictl ${args.join(' ')}: exit status ${code}\n${stderr}${stdout}`);
    return stdout;
  };
  async function ready(): Promise<void> {
    const answers = async (): Promise<boolean> => (await tryCrictl('version')).code === 0;
    if (!(await eventually(answers, 20_000))) throw new Error(`the CRI does not answer\n${containerd.log()}`);
  }

  const info = async (): Promise<RuntimeInfo> => JSON.parse(await crictl('info')) as RuntimeInfo;
  const fileOf = (name: string): string => join(folder, `${name}.json`);

  const tryRunPod: Cri['tryRunPod'] = async ({ name = uniqueName(), ports = [] } = {}) => {
    const config = {
      metadata: { name, namespace: 'default', uid: randomUUID(), attempt: 0 },
      hostname: name,
      port_mappings: ports.map(({ hostPort, containerPort }) => ({
        protocol: 0,
        host_port: hostPort,
        container_port: containerPort,
      })),
      linux: { cgroup_parent: cgroup },
    };
    writeFileSync(fileOf(name), JSON.stringify(config));
    const outcome = await tryCrictl('runp', fileOf(name));
    if (outcome.code === 0)
      for (const mark of [markOf(outcome.stdout), ...attachmentMarks(network, outcome.stdout, 'eth0')])
        node.marks.add(mark);
    return outcome;
  };

  const status: Cri['status'] = async (id) => {
    const told = JSON.parse(await crictl('inspectp', '--output', 'json', id)) as InspectedPod;
    const { ip = '', additionalIps = [] } = told.status.network ?? {};
    return { state: told.status.state, ips: [ip, ...additionalIps.map((more) => more.ip)].filter(Boolean) };
  };

  return {
    crictl,
    tryCrictl,
    status,
    tryRunPod,
    ready,

    async configure(files) {
      await ready();
      containerd.configure(files);
      const [name = ''] = Object.keys(files)
        .filter((file) => /\.(conf|conflist|json)$/.test(file))
        .sort();
      const wanted = files[name] ?? {};
      network = String(wanted['name']);
      const plugins = (wanted['plugins'] ?? [wanted]) as readonly Config[];
      const isLoaded = async (): Promise<boolean> => {
        const { cniconfig } = await info();
        const loaded = cniconfig?.Networks?.find(({ IFName }) => IFName === 'eth0')?.Config;
        return (
          loaded?.Name === network &&
          isDeepStrictEqual(
            loaded.Plugins.map(({ Source }): unknown => JSON.parse(Source)),
            plugins,
          )
        );
      };
      if (!(await eventually(isLoaded, 5_000)))
        throw new Error(`containerd does not load ${name}: ${JSON.stringify((await info()).cniconfig)}`);
    },

    async runPod(options = {}) {
      const name = options.name ?? uniqueName();
      const { code, stdout: id, stderr } = await tryRunPod({ ...options, name });
      if (code !== 0) throw new Error(`crictl runp of ${name}: exit status ${code}\n${stderr}`);
      const { ips } = await status(id);
      for (const ip of ips) node.marks.add(ip);
      return { ...containerd.place(name, id, 'k8s.io'), id, podIp: ips[0] ?? '', podIps: ips };
    },

    async list() {
      const { items } = JSON.parse(await crictl('pods', '--output', 'json')) as ListedPods;
      return items.map(({ id, state, metadata }) => ({
        id,
        name: metadata.name,
        isReady: state === 'SANDBOX_READY',
      }));
    },

    async remove(pods) {
      await Promise.all(
        pods.map(async ({ id }) => {
          await crictl('stopp', id);
          await crictl('rmp', id);
        }),
      );
    },

    async runContainer(pod, name, command) {
      const config = {
        metadata: { name },
        image: { image: busyboxImage },
        command,
        log_path: `${name}.log`,
        linux: {},
      };
      writeFileSync(fileOf(`${pod.name}-${name}`), JSON.stringify(config));
      const id = await crictl('create', pod.id, fileOf(`${pod.name}-${name}`), fileOf(pod.name));
      await crictl('start', id);
      return containerd.place(`${pod.name}/${name}`, id, 'k8s.io');
    },
  };
}

interface InspectedPod {
  readonly status: {
    readonly state: PodStatus['state'];
    readonly network?: { readonly ip?: string; readonly additionalIps?: readonly { readonly ip: string }[] };
  };
}

interface ListedPods {
  readonly items: readonly {
    readonly id: string;
    readonly state: PodStatus['state'];
    readonly metadata: { readonly name: string };
  }[];
}

/** What containerd's `crictl info` tells of net.d. */
interface RuntimeInfo {
  readonly cniconfig?: {
    readonly Networks?: readonly {
      readonly IFName: string;
      readonly Config: { readonly Name: string; readonly Plugins: readonly { readonly Source: string }[] };
    }[];
  };
}
