/** Containers by ctr and pods by crictl: a real containerd calls the plugins, as on any node. */
import { describe, expect, test } from 'vitest';
import {
  busyboxImage,
  describeNeeds,
  eventually,
  expectNoPing,
  expectPing,
  type Place,
  uniqueName,
  useRuntime,
} from '../../support/index.ts';

const pods = (third: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  cniVersion: '1.0.0',
  name: `pods${third}`,
  type: 'veth-bridge',
  bridge: `cni${third}`,
  isDefaultGateway: true,
  ipMasq: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: `10.88.${third}.0/24` }]] },
  ...more,
});

/** The same as a list: what belongs to the network stands outside of its plugins. */
function listOf(config: Record<string, unknown>, ...chained: readonly Record<string, unknown>[]) {
  const { cniVersion, name, ...plugin } = config;
  return { cniVersion, name, plugins: [plugin, ...chained] };
}

describeNeeds(['containerd', 'crictl', 'reference', 'iptables', 'nft-masquerade'], 'containerd', () => {
  const lab = useRuntime();

  describe('ctr run --cni', () => {
    const commandLine = (id: string): readonly string[] => [
      ...['run', '--rm', '--cni', '--snapshotter', 'native', '--cgroup', `${lab.containerd.cgroup}/${id}`],
      ...[busyboxImage, id],
    ];

    test('a container reaches its gateway, another container and the outside', async () => {
      const { containerd, node, outside } = lab;
      containerd.configure({ '10-pods.conf': pods(1) });
      const containers = [uniqueName(), uniqueName()].map((id) => ({
        id,
        // Not detached: ctr takes the network down at the container's end only where it waits for that.
        ctr: node.start('ctr', ...commandLine(id)),
        place: containerd.place(id, id, 'default'),
      }));
      const hasAddress = async (): Promise<boolean> =>
        (await Promise.all(containers.map(({ place }) => addressOf(place)))).every(Boolean);
      expect(await eventually(hasAddress, 15_000)).toBe(true);
      const [blue, green] = containers.map(({ place }) => place);
      const greenAddress = await addressOf(green!);
      for (const target of ['10.88.1.1', greenAddress, outside.ip4]) await expectPing(blue!, target!);

      for (const { id, ctr } of containers) {
        await containerd.ctr('tasks', 'kill', '--signal', 'SIGKILL', id);
        expect(await eventually(async () => !ctr.running, 10_000)).toBe(true);
      }
    });

    test('one that runs to its end has its network taken down', async () => {
      const { containerd, outside } = lab;
      containerd.configure({ '10-pods.conf': pods(1) });
      const id = uniqueName();
      const told = await containerd.ctr(...commandLine(id), 'ping', '-c', '1', outside.ip4);
      expect(told).toContain('1 packets received');
    });
  });

  describe('pods through the CRI', () => {
    test('a pod from start to removal', async () => {
      const { cri, outside } = lab;
      await cri.configure({ '10-pods.conf': pods(2) });
      const [blue, green] = await Promise.all([cri.runPod(), cri.runPod()]);
      expect(blue.podIp).toMatch(/^10\.88\.2\.\d+$/);
      expect(await cri.status(blue.id)).toEqual({ state: 'SANDBOX_READY', ips: [blue.podIp] });
      for (const target of ['10.88.2.1', green.podIp, outside.ip4]) await expectPing(blue, target);

      // The first thing in a pod that is more than its pause program.
      const app = await cri.runContainer(blue, 'app', ['sleep', '1000000']);
      expect(await app.run('ip', '-4', 'address', 'show', 'eth0')).toContain(`${blue.podIp}/24`);
      for (const target of ['10.88.2.1', green.podIp, outside.ip4]) await expectPing(app, target);

      await cri.crictl('stopp', blue.id);
      expect(await cri.status(blue.id)).toMatchObject({ state: 'SANDBOX_NOTREADY' });
      await expectNoPing(green, blue.podIp);
      await expectPing(green, outside.ip4);
      // Kubelets stop again and again, and each is another DEL.
      await cri.crictl('stopp', blue.id);
      await cri.crictl('rmp', blue.id);
      await cri.remove([green]);
      expect(await cri.list()).toEqual([]);
    });

    test('both families: crictl tells both addresses', async () => {
      const { cri, outside } = lab;
      const ranges = [[{ subnet: '10.88.3.0/24' }], [{ subnet: 'fd88:3::/64' }]];
      await cri.configure({ '10-pods.conf': pods(3, { ipam: { type: 'host-local', ranges } }) });
      const [blue, green] = await Promise.all([cri.runPod(), cri.runPod()]);
      expect(blue.podIps).toEqual([
        expect.stringMatching(/^10\.88\.3\./),
        expect.stringMatching(/^fd88:3::/),
      ]);
      for (const target of [...green.podIps, outside.ip4, outside.ip6]) await expectPing(blue, target);
      await cri.remove([blue, green]);
    });

    test('of several files in net.d the first by name counts, .conf or .conflist', async () => {
      const { cri } = lab;
      const addressOfNext = async (): Promise<string> => {
        const pod = await cri.runPod();
        await cri.remove([pod]);
        return pod.podIp;
      };
      const other = { '20-other.conf': pods(5), '30-third.conflist': listOf(pods(6)) };
      await cri.configure({ '10-pods.conflist': listOf(pods(4)), ...other });
      expect(await addressOfNext()).toMatch(/^10\.88\.4\./);
      await cri.configure(other);
      expect(await addressOfNext()).toMatch(/^10\.88\.5\./);
      await cri.configure({ '30-third.conflist': listOf(pods(6)), '05-zero.conflist.off': pods(7) });
      expect(await addressOfNext()).toMatch(/^10\.88\.6\./);
    });

    test('with the reference portmap after it, a hostPort reaches the pod', async () => {
      const { cri, outside, allow } = lab;
      allow(/CNI-HOSTPORT/);
      const portmap = { type: 'portmap', capabilities: { portMappings: true } };
      await cri.configure({ '10-pods.conflist': listOf(pods(8), portmap) });
      const pod = await cri.runPod({ ports: [{ hostPort: 8080, containerPort: 80 }] });
      await cri.runContainer(pod, 'web', [
        'sh',
        '-c',
        'echo hello from a pod >/tmp/index.html; exec httpd -f -p 80 -h /tmp',
      ]);
      const url = `http://${outside.nodeIp4}:8080/index.html`;
      const reaches = async (): Promise<boolean> =>
        (await outside.try('curl', '--silent', '--max-time', '1', url)).stdout === 'hello from a pod';
      expect(await eventually(reaches, 5_000)).toBe(true);
      await cri.remove([pod]);
      expect(await reaches()).toBe(false);
    });
  });
});

async function addressOf(place: Place): Promise<string | undefined> {
  const { stdout } = await place.try('ip', '-4', 'address', 'show', 'eth0');
  return /inet ([\d.]+)\//.exec(stdout)?.[1];
}
