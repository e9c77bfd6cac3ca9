/** What tests of `plumbline attach` have on a node with a containerd: the commands, containers, programs, a slow plugin. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import {
  binDir,
  busyboxImage,
  type Containerd,
  eventually,
  findBuilt,
  type Node,
  type Outcome,
  type Place,
  type RuntimeLab,
  uniqueName,
} from '../../support/index.ts';

/** As `attach --json` prints it. */
interface Told {
  readonly cniVersion: string;
  readonly interfaces: readonly { name: string; mac?: string; sandbox?: string }[];
  readonly ips: readonly { address: string; gateway?: string }[];
  readonly routes?: readonly { dst: string; gw?: string }[];
}

/** As `attachments --json` prints it. */
interface Listed {
  readonly containerId: string;
  readonly container: string;
  readonly ifname: string;
  readonly network: string;
  readonly state: string;
}

const recordFolder = '/var/lib/cni/plumbline/attachments';

/** The reference tuning knows nothing newer than 1.0.0, so the chain has to be called in that. */
export const storage = {
  cniVersion: '1.0.0',
  cniVersions: ['1.0.0', '1.1.0'],
  name: 'storage',
  plugins: [
    {
      type: 'veth-bridge',
      bridge: 'storage0',
      isDefaultGateway: true,
      capabilities: { mac: true },
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.77.0.0/24' }]] },
    },
    { type: 'tuning', sysctl: { 'net.ipv4.conf.IFNAME.arp_filter': '1' } },
  ],
};

/** The folder of programs of the runtimes that are not here: they know no container. */
export function programsOn(node: Node): string {
  const folder = join(node.dir, 'programs');
  if (!existsSync(folder)) {
    mkdirSync(folder);
    write(folder, 'docker', 'echo "Error: No such container: $4" >&2; echo "[]"; exit 1');
    write(folder, 'podman', 'echo "Error: no such container $4" >&2; echo "[]"; exit 125');
  }
  return folder;
}

function write(folder: string, program: string, script: string): void {
  const path = join(folder, program);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** The commands, as they are typed on the lab's node. */
export function useAttach(lab: RuntimeLab) {
  function plumbline(...args: readonly string[]): Promise<Outcome> {
    // crictl is no program of the machine's.
    const path = [
      ...[programsOn(lab.node), dirname(findBuilt('crictl') ?? '')],
      ...['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
    ];
    return lab.node.exec([join(binDir, 'plumbline'), ...args], {
      env: { PATH: path.join(':'), HOME: '/root' },
    });
  }

  async function done(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await plumbline(...args);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout;
  }

  return {
    plumbline,
    /** Must succeed, without a word on stderr. */
    done,
    attach: async (...args: readonly string[]): Promise<Told> =>
      JSON.parse(await done('attach', ...args, '--json')) as Told,
    list: async (): Promise<readonly Listed[]> =>
      JSON.parse(await done('attachments', '--json')) as readonly Listed[],
    /** Files of what is attached. */
    records(): readonly string[] {
      const folder = lab.node.path(recordFolder);
      return existsSync(folder) ? readdirSync(folder) : [];
    },
  };
}

/** A container that runs. */
export interface Started {
  readonly id: string;
  readonly pid: number;
  readonly place: Place;
}

/** A container without a network of its own making. */
export async function startByCtr(containerd: Containerd): Promise<Started> {
  const id = `${uniqueName()}-${'0123456789abcdef'.repeat(2)}`;
  await containerd.ctr(
    ...['run', '--detach', '--snapshotter', 'native', '--cgroup', `${containerd.cgroup}/${id}`],
    ...[busyboxImage, id, 'sleep', '1000000'],
  );
  const tasks = await containerd.ctr('tasks', 'list');
  const pid = Number(new RegExp(`^${id}\\s+(\\d+)`, 'm').exec(tasks)?.[1]);
  return { id, pid, place: containerd.place(id, id, 'default') };
}

/** Kills a container, and takes it out of containerd's list. */
export async function kill(containerd: Containerd, { id }: Started): Promise<void> {
  await containerd.tryCtr('tasks', 'kill', '--signal', 'SIGKILL', id);
  const isGone = async (): Promise<boolean> =>
    (await containerd.tryCtr('tasks', 'delete', id)).code === 0 ||
    !(await containerd.ctr('tasks', 'list')).includes(id);
  expect(await eventually(isGone, 5_000)).toBe(true);
  await containerd.ctr('containers', 'delete', id);
}

/** Docker's name for a container that containerd knows by its ID, as it is with a real one. */
export function nameAsDocker(node: Node, name: string, { id, pid }: Started): void {
  const inspected = [
    {
      Id: id,
      Name: `/${name}`,
      State: { Status: 'running', Pid: pid },
      NetworkSettings: { SandboxKey: '' },
    },
  ];
  const json = JSON.stringify(inspected);
  write(
    programsOn(node),
    'docker',
    `case "$4" in ${name}|${id}) echo '${json}';; *) echo "[]"; exit 1;; esac`,
  );
}

/** A network whose second plugin waits at ADD until it may go on, and notes in which order it was called. */
export function makeSlowNetwork(node: Node) {
  const folder = join(node.dir, 'slow');
  mkdirSync(folder);
  const at = (name: string): string => join(folder, name);
  const slow = `case $CNI_COMMAND in
    VERSION) echo '{"cniVersion": "1.0.0", "supportedVersions": ["1.0.0"]}';;
    ADD) touch ${at('reached')}; until [ -e ${at('go')} ]; do sleep 0.02; done
      echo ADD >>${at('calls')}; echo '{"cniVersion": "1.0.0", "interfaces": [], "ips": []}';;
    DEL) echo DEL >>${at('calls')};;
    esac`;
  write(programsOn(node), 'slow', slow);
  const file = at('net.conflist');
  const ipam = { type: 'host-local', ranges: [[{ subnet: '10.78.0.0/24' }]] };
  const plugins = [{ ...storage.plugins[0], bridge: 'slow0', ipam }, { type: 'slow' }];
  writeFileSync(file, JSON.stringify({ ...storage, name: 'slow', plugins }));
  return {
    file,
    hasBegun: (): boolean => existsSync(at('reached')),
    /** Now, and at all later calls. */
    letGo: (): void => writeFileSync(at('go'), ''),
    calls: (): string => readFileSync(at('calls'), 'utf8'),
  };
}
