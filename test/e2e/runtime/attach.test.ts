/**
 * `plumbline attach` on a node with a real containerd: a container that ctr started, a pod of the CRI, and what answers
 * as Docker does.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  binDir,
  createContainer,
  describeNeeds,
  eventually,
  expectPing,
  roundsOf,
  useRuntime,
} from '../../support/index.ts';
import { kill, makeSlowNetwork, nameAsDocker, programsOn, startByCtr, storage, useAttach } from './attach.ts';

describeNeeds(['containerd', 'crictl', 'reference'], 'plumbline attach', () => {
  const lab = useRuntime();
  const { plumbline, done, attach, list, records } = useAttach(lab);

  test('containers of ctr: two networks each, pings, and what is left when they are killed', async () => {
    lab.containerd.configure({ '10-storage.conflist': storage });
    const [blue, green] = await Promise.all([startByCtr(lab.containerd), startByCtr(lab.containerd)]);

    // By its ID; the chain runs in the version that both plugins speak.
    const first = await attach(blue.id, '--network', 'storage', '--mac', '02:00:00:00:00:21', '--expose');
    expect(first).toMatchObject({ cniVersion: '1.0.0', ips: [{ gateway: '10.77.0.1' }] });
    expect(first.interfaces.find(({ name }) => name === 'eth1')).toMatchObject({ mac: '02:00:00:00:00:21' });
    expect(await blue.place.run('cat', '/proc/sys/net/ipv4/conf/eth1/arp_filter')).toBe('1');
    await expectPing(blue.place, '10.77.0.1');
    // It had no default route, so it has the network's; and `ip netns` knows it by its name.
    const name = blue.id;
    expect(await lab.node.run('ip', 'netns', 'exec', name, 'ip', 'route', 'show', 'default')).toContain(
      'via 10.77.0.1 dev eth1',
    );

    // By the beginning of its ID, and without a file: the address that was asked for, and no other route.
    const made = ['--plugin', 'veth-bridge', '--bridge', 'br7'];
    const prefix = (id: string): string => id.slice(0, -20);
    const second = await attach(prefix(blue.id), ...made, '--ip', '192.168.7.1/24');
    expect(second).toMatchObject({ cniVersion: '1.1.0', ips: [{ address: '192.168.7.1/24' }] });
    // By its process, and by the path of its namespace.
    await attach(`${green.pid}`, ...made, '--ip', '192.168.7.2/24@192.168.7.1');
    await attach(`/proc/${green.pid}/ns/net`, '--network', 'storage');
    await expectPing(green.place, '192.168.7.1');
    await expectPing(green.place, '10.77.0.1');
    const greenRoutes = await green.place.run('ip', 'route');
    expect(greenRoutes.match(/^default.*/gm)?.map((line) => line.trim())).toEqual([
      'default via 192.168.7.1 dev eth1',
    ]);

    // An address that is taken leaves nothing behind.
    const before = records();
    const taken = await plumbline('attach', green.id, ...made, '--ip', '192.168.7.1/24');
    expect(taken).toMatchObject({ code: 1, stdout: '' });
    expect(taken.stderr).toContain('192.168.7.1');
    expect(records()).toEqual(before);

    const several = await plumbline('detach', blue.id);
    expect(several).toMatchObject({ code: 1, stdout: '' });
    expect(several.stderr).toMatch(
      /has 2 attachments.*\n.*eth1 in network "storage"\n.*eth2 in network "attach-veth-bridge-br7"$/,
    );
    expect(await done('detach', name, '--ifname', 'eth2')).toBe(
      `${blue.id}: eth2 is out of network "attach-veth-bridge-br7"`,
    );
    expect((await blue.place.try('ip', 'link', 'show', 'eth2')).code).not.toBe(0);

    await Promise.all([kill(lab.containerd, blue), kill(lab.containerd, green)]);
    expect((await list()).map(({ container, ifname, state }) => [container, ifname, state])).toEqual([
      [blue.id, 'eth1', 'gone'],
      [`pid-${green.pid}`, 'eth1', 'gone'],
      [`pid-${green.pid}`, 'eth2', 'gone'],
    ]);
    expect(await done('attachments')).toMatch(
      /^CONTAINER +INTERFACE +NETWORK .*\n.*gone: the container is not there; detach it$/m,
    );
    await done('detach', prefix(blue.id));
    await done('detach', `${green.pid}`, '--all');
    expect(await list()).toEqual([]);
    expect(existsSync(lab.node.path(`/run/netns/${name}`))).toBe(false);
  });

  test('a pod of the CRI, in each way of naming it; what is asked for is had, or nothing is done', async () => {
    const { cri, node } = lab;
    await cri.configure({ '10-storage.conflist': storage });
    const pod = await cri.runPod();
    await cri.runContainer(pod, 'app', ['sleep', '1000000']);
    const [{ id: container = '' } = {}] = (
      JSON.parse(await cri.crictl('ps', '--output', 'json')) as { containers: readonly { id: string }[] }
    ).containers;
    const { info } = JSON.parse(await cri.crictl('inspectp', '--output', 'json', pod.id)) as {
      info: {
        pid: number;
        runtimeSpec: { linux: { namespaces: readonly { type: string; path?: string }[] } };
      };
    };
    const path = info.runtimeSpec.linux.namespaces.find(({ type }) => type === 'network')?.path ?? '';
    const extra = join(node.dir, 'extra.conf');
    writeFileSync(
      extra,
      JSON.stringify({ cniVersion: '1.0.0', name: 'extra', type: 'veth-bridge', bridge: 'extra0' }),
    );

    const byRuntime = [pod.name, pod.id, pod.id.slice(0, 16), container.slice(0, 20)];
    for (const named of [...byRuntime, `${info.pid}`, basename(path), path])
      await attach(named, '--network', extra);
    const links = (): Promise<string> => pod.run('ls', '/sys/class/net');
    expect((await links()).match(/eth\d/g)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((number) => `eth${number}`));
    // Plugins know the container by its sandbox, whichever of the two was named; without a runtime by its namespace.
    expect((await list()).map(({ containerId, container: name }) => [containerId, name])).toEqual([
      ...byRuntime.map(() => [pod.id, `default/${pod.name}`]),
      [`pid-${info.pid}`, `pid-${info.pid}`],
      ...[1, 2].map(() => [basename(path), basename(path)]),
    ]);
    await done('detach', pod.name, '--all');
    await done('detach', `${info.pid}`);
    await done('detach', path, '--all');
    expect((await links()).match(/eth\d/g)).toEqual(['eth0']);

    // The pod keeps the default route that it has from eth0, and takes the address that it is asked to.
    const { stderr } = await plumbline('attach', pod.name, '--network', 'storage', '--ip', '10.77.0.99');
    expect(stderr).toBe(`default/${pod.name} has a default route, and keeps it: none goes through eth1`);
    expect(await pod.run('ip', 'address', 'show', 'eth1')).toContain('10.77.0.99/24');
    expect((await pod.run('ip', 'route')).match(/^default.*dev (\w+)/gm)).toHaveLength(1);
    await done('detach', pod.name);

    for (const [args, message] of [
      [
        ['--network', 'storage', '--ip', '10.9.9.9/24'],
        /host-local: .*10\.9\.9\.9 is in no range|veth-bridge: .*10\.9\.9\.9 is in no range/,
      ],
      [
        ['--network', 'storage', '--ip', '10.77.0.98/16'],
        /the network's prefix is \/24, and 10\.77\.0\.98\/16 asks for \/16/,
      ],
      [
        ['--network', 'storage', '--ip', '10.77.0.98/24@10.77.0.1'],
        /has a default route of IPv4 already; leave @10\.77\.0\.1 out/,
      ],
      [['--network', 'storage', '--ifname', 'eth0'], /has an interface eth0 already/],
      [['--network', 'storag'], /there is no network "storag" in \/etc\/cni\/net\.d; did you mean storage\?/],
      [
        ['--plugin', 'macvlan', '--master', 'uplink', '--vlan', '7'],
        /ip link add link uplink name uplink\.7 type vlan id 7/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await plumbline('attach', path, ...args);
      expect({ args, code, stdout, stderr }).toEqual({
        args,
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(message),
      });
    }
    expect(records()).toEqual([]);
    await cri.remove([pod]);
  });

  test('nobody, several, Docker: who was asked is told, and two matches are no match', async () => {
    const { node, containerd } = lab;
    containerd.configure({ '10-storage.conflist': storage });
    const [blue, green] = [await startByCtr(containerd), await startByCtr(containerd)];
    const nobody = await plumbline('attach', 'nobody', '--network', 'storage');
    expect(nobody.code).toBe(1);
    expect(nobody.stderr.replaceAll(/^plumbline: attach: /gm, '').split('\n')).toEqual([
      'there is no container "nobody"; asked were',
      '  ip netns: there is no /run/netns/nobody',
      '  docker: no such container',
      '  podman: no such container',
      expect.stringMatching(/^ {2}crictl \(unix:.*\): no such pod or container$/),
      expect.stringMatching(/^ {2}containerd: no such container \(namespaces default, k8s\.io\)$/),
    ]);

    const common = 'plt-';
    const several = await plumbline('attach', common, '--network', 'storage');
    expect(several).toMatchObject({ code: 1, stdout: '' });
    for (const { id, pid } of [blue, green])
      expect(several.stderr).toContain(`containerd (default): ${id}, /proc/${pid}/ns/net`);

    nameAsDocker(node, 'web', blue);
    expect(await done('attach', 'web', '--network', 'storage', '--expose')).toMatch(
      /^web: eth1 is in network "storage": 10\.77\.0\.\d+\/24, \S+; ip netns exec web ip address$/,
    );
    expect(await node.run('ip', 'netns', 'exec', 'web', 'ip', 'route')).toContain('10.77.0.0/24');
    // The same by its name in /run/netns, which is now the name of one and the same namespace.
    await done('attach', 'web', '--plugin', 'veth-bridge', '--bridge', 'br7', '--expose');
    await done('detach', blue.id, '--ifname', 'eth1');
    expect(existsSync(node.path('/run/netns'))).toBe(true);
    expect(await node.run('ip', 'netns', 'list')).toContain('web');
    await done('detach', 'web');
    expect(await node.run('ip', 'netns', 'list')).not.toContain('web');
    expect((await plumbline('detach', 'web')).stderr).toContain('no attachment of "web" is written down');
    await Promise.all([kill(containerd, blue), kill(containerd, green)]);
  });

  test('before an installation, without a runtime: macvlan reaches the outside, and a line tells how far it is', async () => {
    const { node, outside } = lab;
    // Of the executable, and of no container.
    lab.allow(/^link \/run\/plumbline\/bin\//);
    await using blue = await createContainer(node, { name: 'blue' });
    const [, third = ''] = /^(.*)\.\d+$/.exec(outside.ip4) ?? [];
    const made = `--plugin macvlan --master ${outside.uplink} --ip ${third}.77/24 --mac 02:00:00:00:00:77`;
    const line = `${join(binDir, 'plumbline')} attach blue ${made} --ifname net7 --bin-dir /nowhere`;
    const shown = await node.run('script', '-qec', line, '/dev/null');
    expect(shown).toContain('blue: macvlan makes net7 in attach-macvlan-');
    // All that is left on the screen.
    const [last = ''] = shown.split('\u001b[2K').slice(-1);
    expect(last.trim()).toMatch(/^blue: net7 is in network .*: 203\.0\.113\.77\/24, 02:00:00:00:00:77$/);
    await expectPing(blue, outside.ip4);
    await blue.remove();
    // As after a reboot, which these links do not outlive.
    await node.run('rm', '-r', '/run/plumbline/bin');
    await done('detach', 'blue');
  });

  test('whatever kills it, the next one finds what it has begun', async () => {
    const { node } = lab;
    await using blue = await createContainer(node, { name: 'blue' });
    const slow = makeSlowNetwork(node);
    const args = ['--network', slow.file, '--bin-dir', `/opt/cni/bin:${programsOn(node)}`] as const;
    const kill9 = async (): Promise<void> => {
      await node.sh('for pid in $(pgrep -f "[p]lumbline attach"); do kill -9 $pid || true; done');
    };

    const killed = plumbline('attach', 'blue', ...args);
    expect(await eventually(async () => slow.hasBegun(), 5_000)).toBe(true);
    await kill9();
    expect((await killed).code).toBe(137);
    expect(await list()).toMatchObject([{ containerId: 'blue', ifname: 'eth1', state: 'unfinished' }]);
    expect(await blue.link('eth1')).toBeDefined();
    // Its plugin has outlived it, and DEL comes after that.
    let isDetached = false;
    const detached = done('detach', 'blue').then(() => {
      isDetached = true;
    });
    await sleep(500);
    expect(isDetached).toBe(false);
    slow.letGo();
    await detached;
    expect(slow.calls()).toBe('ADD\nDEL\n');
    expect(await blue.link('eth1')).toBeUndefined();

    for (let round = 0; round < roundsOf({ usual: 1, full: 30, vm: 1 }); round += 1) {
      const another = plumbline('attach', 'blue', ...args);
      await sleep(100 + 500 * Math.random());
      await kill9();
      const { code } = await another;
      if (code === 0) await done('detach', 'blue');
      await done('attach', 'blue', ...args);
      expect(await list()).toMatchObject([{ ifname: 'eth1', state: 'attached' }]);
      await expectPing(blue, '10.78.0.1');
      await done('detach', 'blue');
    }
  });
});
