/** What a node lives through: many pods at once, upgrades, changed configurations, full disks, crashes and reboots. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cgroupsBelow, removeCgroups } from '../../support/cgroups.ts';
import {
  type Containerd,
  type Cri,
  cni,
  createCri,
  createRuntimeNode,
  describeNeeds,
  describeOutcome,
  eventually,
  expectNoPing,
  expectPing,
  otherVersion,
  type PodSandbox,
  type RuntimeLab,
  startContainerd,
  uniqueName,
  useRuntime,
} from '../../support/index.ts';

const pods = (third: number, range: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => ({
  cniVersion: '1.0.0',
  name: `pods${third}`,
  type: 'veth-bridge',
  bridge: `cni${third}`,
  isDefaultGateway: true,
  ipMasq: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: `10.89.${third}.0/24`, ...range }]] },
  ...more,
});

const dataDir = '/var/lib/cni/networks';
const times = <Thing>(count: number, make: (index: number) => Promise<Thing>): Promise<readonly Thing[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

/** What containerd answers where a network plugin has failed: no crash of containerd excuses that. */
const blamesPlugin = /plugin type=/;

/**
 * A pod on a node whose containerd has died, asked for until it runs, as a kubelet does: the snapshotter may have left the
 * folder that it wants to make next, and says so for ever after. Whoever runs that node removes it.
 */
async function runAfterCrash({ cri, node }: RuntimeLab, name: string): Promise<PodSandbox> {
  const refusals: string[] = [];
  while (refusals.length < 5)
    try {
      return await cri.runPod({ name });
    } catch (error) {
      refusals.push(String(error));
      if (blamesPlugin.test(String(error))) break;
      const [, folder] = /rename \S+\/new-\d+ (\S+\/snapshots\/\d+): file exists/.exec(String(error)) ?? [];
      if (folder !== undefined) await node.run('rm', '-rf', folder);
    }
  throw new Error(`no pod ${name}:\n${refusals.join('\n')}`);
}

/** Removes pods that were being made when containerd died, asking until it can, as a kubelet does. */
async function removeAfterCrash({ tryCrictl }: Cri, pods: readonly { readonly id: string }[]): Promise<void> {
  await Promise.all(
    pods.map(async ({ id }) => {
      const refusals: string[] = [];
      const isGone = async (): Promise<boolean> => {
        for (const command of ['stopp', 'rmp']) {
          const { code, stderr } = await tryCrictl(command, id);
          if (code === 0) continue;
          refusals.push(`${command}: ${stderr}`);
          return false;
        }
        return true;
      };
      if (!(await eventually(isGone, 30_000))) throw new Error(`pod ${id} stays:\n${refusals.join('\n')}`);
      expect(refusals.filter((text) => blamesPlugin.test(text))).toEqual([]);
    }),
  );
}

const addressesOf = (all: readonly PodSandbox[]): readonly string[] => all.map(({ podIp }) => podIp);

describeNeeds(['containerd', 'crictl', 'nft-masquerade'], 'life on a node', () => {
  describe('with one containerd', () => {
    const lab = useRuntime();
    /** Addresses that are reserved in a network. */
    const reserved = (network: string): readonly string[] => {
      const names = readdirSync(lab.node.path(`${dataDir}/${network}`));
      return names.filter((name) => /^\d+\.\d+\.\d+\.\d+$/.test(name)).sort();
    };

    test('50 pods at once have 50 addresses, and leave the node as it was', async () => {
      const { cri, outside } = lab;
      await cri.configure({ '10-pods.conf': pods(1) });
      const all = await times(50, () => cri.runPod());
      expect((await cri.list()).filter(({ isReady }) => isReady)).toHaveLength(50);
      expect(new Set(addressesOf(all)).size).toBe(50);
      expect(reserved('pods1')).toEqual([...addressesOf(all)].sort());
      await Promise.all([all[0]!, all[24]!, all[49]!].map((pod) => expectPing(pod, outside.ip4)));
      await expectPing(all[49]!, all[0]!.podIp);
      await cri.remove(all);
      expect(await cri.list()).toEqual([]);
      expect(reserved('pods1')).toEqual([]);
    });

    test('new builds are installed again and again while pods come and go, and not one call fails', async () => {
      const { containerd, cri, node } = lab;
      await cri.configure({ '10-pods.conf': pods(2) });
      const builds = [otherVersion(node.dir, '8.0.0'), otherVersion(node.dir, '9.0.0')];
      let isDone = false;
      let installed = 0;
      const installs = async (): Promise<void> => {
        for (; !isDone; installed += 1) await containerd.install(builds[installed % 2]);
      };
      const comeAndGo = async (): Promise<void> => {
        for (let round = 0; round < 5; round += 1) await cri.remove([await cri.runPod()]);
      };
      const installing = installs();
      await times(3, comeAndGo).finally(() => {
        isDone = true;
      });
      await installing;
      expect(installed).toBeGreaterThan(3);
    });

    test('a changed network in net.d: pods from before go on, and go without a trace', async () => {
      const { cri, outside } = lab;
      const before = pods(3);
      await cri.configure({ '10-pods.conf': before });
      const [blue, green] = await times(2, () => cri.runPod());
      // The same network, by its name, with nearly everything else changed.
      const after = {
        ...pods(3, {}, { bridge: 'cni4', mtu: 1400, ipMasq: false }),
        ipam: { type: 'host-local', ranges: [[{ subnet: '10.89.4.0/24' }]] },
      };
      await cri.configure({ '10-pods.conflist': listOf(after) });
      await expectPing(blue!, green!.podIp);
      await expectPing(blue!, outside.ip4);
      const red = await cri.runPod();
      expect(red.podIp).toMatch(/^10\.89\.4\./);
      // By way of the node, which is the gateway of both.
      await expectPing(red, green!.podIp);
      await cri.remove([blue!]);
      await expectNoPing(red, blue!.podIp);
      await expectPing(green!, outside.ip4);
      await cri.remove([green!, red]);
      expect(reserved('pods3')).toEqual([]);
    });

    test('the disk of dataDir is full: an error that says so, and no half of a reservation', async () => {
      const { cri, node } = lab;
      await cri.configure({ '10-pods.conf': pods(5, {}, { ipam: onSmallDisk }) });
      await node.sh('mkdir -p /run/small; mount -t tmpfs -o size=64k tmpfs /run/small');
      const blue = await cri.runPod();
      await node.try('dd', 'if=/dev/zero', 'of=/run/small/filler', 'bs=1k');
      const outcome = await cri.tryRunPod();
      expect(outcome.code).not.toBe(0);
      expect(outcome.stderr).toContain('the disk is full: free space or inodes, or set ipam.dataDir');
      const files = await node.run('find', '/run/small', '-type', 'f');
      expect(files.split('\n').filter((path) => /\/10\.89\.6\.\d+$/.test(path))).toEqual([
        `/run/small/pods5/${blue.podIp}`,
      ]);
      const notes = ['!', '-name', 'lock', '!', '-name', 'indexed'];
      expect(await node.run('find', '/run/small', '-type', 'f', '-empty', ...notes)).toBe('');
      // What a pod has, it can give back on a full disk.
      await cri.remove([blue]);
      await node.run('rm', '/run/small/filler');
      const green = await cri.runPod();
      await cri.remove([green]);
      expect(await node.sh('ls /run/small/pods5/10.* 2>/dev/null || true')).toBe('');
      await node.run('umount', '/run/small');
    });

    test('containerd is killed while pods are started, and comes back', async () => {
      const { containerd, cri, node, allow } = lab;
      // The daemon is another process than before.
      allow(/^process \d+ .*containerd --config/);
      await cri.configure({ '10-pods.conf': pods(7) });
      const steady = await cri.runPod();
      const names = Array.from({ length: 12 }, () => uniqueName());
      const starting = names.map((name) => cri.tryRunPod({ name }));
      await Promise.any(starting);
      await containerd.kill9();
      const outcomes = await Promise.all(starting);
      expect(outcomes.some(({ code }) => code !== 0)).toBe(true);
      await containerd.start();
      await cri.ready();

      // As a kubelet does: what is not ready goes, and what is not there is started again.
      const known = await cri.list();
      await removeAfterCrash(
        cri,
        known.filter(({ isReady }) => !isReady),
      );
      const ready = known.filter(({ isReady }) => isReady);
      expect(ready.map(({ id }) => id)).toContain(steady.id);
      const missing = names.filter((name) => !ready.some((pod) => pod.name === name));
      const again: PodSandbox[] = [];
      for (const name of missing) again.push(await runAfterCrash(lab, name));
      const kept = await Promise.all(ready.map(async ({ id }) => (await cri.status(id)).ips[0] ?? ''));
      expect(new Set([...kept, ...addressesOf(again)]).size).toBe(13);
      await expectPing(steady, again[0]?.podIp ?? '');

      // containerd knows nothing of a pod that was being made when it died. What the runtime made of it is removed by
      // hand; its address and rules are given back by GC.
      const valid = await cri.list();
      await removeForgotten(containerd, cri, valid);
      const validAttachments = valid.map(({ id }) => ({ containerID: id, ifname: 'eth0' }));
      const config = { ...pods(7), cniVersion: '1.1.0', 'cni.dev/valid-attachments': validAttachments };
      const collected = await cni(node, { command: 'GC', config });
      expect(collected.code, describeOutcome(collected)).toBe(0);
      expect(reserved('pods7')).toHaveLength(13);
      await cri.remove(valid);
      expect(reserved('pods7')).toEqual([]);
      // Of those that it forgot, and of failed calls, it has kept the results of ADD.
      allow(/^file \/var\/lib\/cni\/results\//);
    });
  });

  test('a reboot: the next pods come up, and no address is lost to the dead ones', async () => {
    const disk = mkdtempSync(join(tmpdir(), `${uniqueName()}-`));
    try {
      const six = { rangeStart: '10.89.8.10', rangeEnd: '10.89.8.15' };
      const config = { '10-pods.conf': pods(8, six) };
      const wanted = ['10', '11', '12', '13', '14', '15'].map((last) => `10.89.8.${last}`);
      const dead = await (async () => {
        await using containerd = await startContainerd(await createRuntimeNode(), { disk });
        const cri = createCri(containerd);
        await cri.configure(config);
        const first = await times(6, () => cri.runPod());
        expect([...addressesOf(first)].sort()).toEqual(wanted);
        const { code, stderr } = await cri.tryRunPod();
        expect(code).not.toBe(0);
        expect(stderr).toMatch(/no free address|no address/);
        return first;
      })();

      const node = await createRuntimeNode();
      await node.setBootId(randomUUID());
      await using containerd = await startContainerd(node, { disk });
      const cri = createCri(containerd);
      await cri.ready();
      const listed = await cri.list();
      expect(listed.filter(({ isReady }) => isReady)).toEqual([]);
      const next = await times(6, () => cri.runPod());
      expect([...addressesOf(next)].sort()).toEqual(wanted);
      // The dead are removed only now: their DEL must not take from the living what was theirs.
      await cri.remove(listed.filter(({ id }) => dead.some((pod) => pod.id === id)));
      const files = (): readonly string[] => readdirSync(node.path(`${dataDir}/pods8`));
      expect(files().filter((name) => wanted.includes(name))).toHaveLength(6);
      for (const pod of next) await expectPing(next[0]!, pod.podIp);
      await cri.remove(next);
      expect(files().filter((name) => wanted.includes(name))).toEqual([]);
      expect(await node.run('ip', '-brief', 'link', 'show', 'type', 'veth')).toBe('');
      expect(await node.run('nft', 'list', 'ruleset')).not.toContain('10.89.8.1');
    } finally {
      rmSync(disk, { recursive: true, force: true });
    }
  });
});

const onSmallDisk = {
  type: 'host-local',
  dataDir: '/run/small',
  ranges: [[{ subnet: '10.89.6.0/24' }]],
};

/** The same as a list: what belongs to the network stands outside of its plugins. */
function listOf({ cniVersion, name, ...plugin }: Record<string, unknown>) {
  return { cniVersion, name, plugins: [plugin] };
}

/**
 * Removes containers, shims, namespaces and cgroups of pods that containerd does not know. It may have died between a
 * namespace's file and the mount upon it.
 */
async function removeForgotten(
  { node, cgroup }: Containerd,
  cri: Cri,
  known: readonly { readonly id: string }[],
): Promise<void> {
  const told = await Promise.all(known.map(({ id }) => cri.crictl('inspectp', '--output', 'json', id)));
  const namespaces = told.flatMap((text) => /"\/var(\/run\/netns\/[^"]+)"/.exec(text)?.[1] ?? []);
  expect(namespaces).toHaveLength(known.length);
  await node.sh(`
    ids=" ${known.map(({ id }) => id).join(' ')} "
    for state in /run/containerd/runc/k8s.io/*; do
      case "$ids" in *" \${state##*/} "*) ;; *) runc --root /run/containerd/runc/k8s.io delete --force "\${state##*/}" ;; esac
    done
    for shim in $(pgrep -f '^/usr/bin/containerd-shim'); do
      id=$(tr '\\0' '\\n' </proc/$shim/cmdline | sed -n '/^-id$/{n;p}')
      case "$ids" in *" $id "*) ;; *) kill -9 $shim ;; esac
    done
    for path in /run/netns/*; do
      case " ${namespaces.join(' ')} " in *" $path "*) ;; *) umount $path 2>/dev/null || true; rm $path ;; esac
    done`);
  // runc may have been killed between a container's cgroup and its state.
  const groups = cgroupsBelow(cgroup).filter((path) => !known.some(({ id }) => path.endsWith(`/${id}`)));
  for (const path of groups)
    await node.sh(`for pid in $(cat ${path}/cgroup.procs); do kill -9 "$pid" || true; done`);
  for (const id of new Set(groups.map((path) => basename(path)))) await removeCgroups(`${cgroup}/${id}`);
}
