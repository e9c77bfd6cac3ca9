/** GC removes exactly what is stale, and STATUS says whether an ADD could succeed now. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Component,
  type Config,
  cni,
  createContainer,
  createTestIpam,
  describeNeeds,
  expectFailure,
  expectPing,
  gc,
  type Node,
  referenceDir,
  runtime,
  sampled,
  status,
  type ValidAttachment,
} from '../../support/index.ts';
import { bridgeConfig, forRules, hostLocal, type Pod, type Pods, podNetwork, stateOf } from './support.ts';

const { testNeeds } = sampled();

const full = (node: Node, fields: Config = {}): Pods =>
  podNetwork(node, { isDefaultGateway: true, ipMasq: true, macspoofchk: true, ...fields });

const other = (node: Node, fields: Config = {}): Pods =>
  full(node, {
    name: 'others',
    bridge: 'cni1',
    ipam: hostLocal(node, '10.23.0.0/24', 'fd23::/64'),
    ...fields,
  });

const valid = (...pods: readonly Pod[]): readonly ValidAttachment[] =>
  pods.map(({ id }) => ({ containerID: id, ifname: 'eth0' }));

const collect = (node: Node, pods: Pods, attachments: unknown): Promise<void> =>
  gc(node, { config: { ...pods.config, 'cni.dev/valid-attachments': attachments } });

const backends: Readonly<Record<string, readonly Component[]>> = {
  nftables: ['nft-masquerade', 'nft-bridge'],
  iptables: ['iptables', 'nft-bridge'],
};
for (const [ipMasqBackend, needs] of Object.entries(backends)) {
  describeNeeds(needs, `GC with ${ipMasqBackend}`, () => {
    testNeeds([], 'removes the stale of its network, and nothing else', async ({ node, outside }) => {
      const [pods, others] = [full(node, { ipMasqBackend }), other(node, { ipMasqBackend })];
      const [blue, red, green] = [
        await pods.start('blue'),
        await pods.start('red'),
        await pods.start('green'),
      ];
      await pods.add(blue, { ifname: 'net1' });
      const gold = await others.start('gold');
      await red.remove();

      await collect(node, pods, valid(blue));
      const state = await stateOf(node);
      for (const gone of [red, green]) expect(state).not.toContain(gone.id.slice(0, 16));
      expect(reservations(node, 'pods')).toEqual(['10.22.0.2', 'fd22::2']);
      expect(await green.link('eth0')).toBeUndefined();
      // Of one container's two interfaces, the one that is not in the list.
      expect(await blue.link('net1')).toBeUndefined();
      await pods.check(blue);
      await others.check(gold);
      await expectPing(blue, outside.ip4);
      await expectPing(gold, outside.ip6);

      // What is gone already is no error for a late DEL.
      await pods.del(blue, { ifname: 'net1' });
      await others.clear();
      await pods.clear();
    });

    for (const [what, list] of Object.entries({
      'an empty list': [],
      'no list': undefined,
      'a null list': null,
    })) {
      testNeeds([], `with ${what} leaves nothing that names a container`, async ({ node }) => {
        const pods = full(node, { ipMasqBackend });
        const started = [await pods.start(), await pods.start(), await pods.start()];
        await started[0]?.remove();
        await collect(node, pods, list);
        const state = await stateOf(node);
        for (const pod of started) expect(state).not.toContain(pod.id.slice(0, 16));
        expect(reservations(node, 'pods')).toEqual([]);
        expect(await started[1]?.link('eth0')).toBeUndefined();
        await collect(node, pods, list);
      });
    }
  });
}

describe('GC', () => {
  testNeeds(forRules, 'finds what an earlier config of the network has made', async ({ node }) => {
    const pods = full(node, { hostInterfaceName: 'to-blue' });
    await pods.start('blue');
    const now = podNetwork(node, { bridge: 'cni1', ipam: hostLocal(node, '10.22.0.0/24', 'fd22::/64') });
    await collect(node, now, []);
    expect(await node.link('to-blue')).toBeUndefined();
  });

  testNeeds(forRules, 'goes on after an error, and tells it', async ({ node }) => {
    const ipam = createTestIpam(node, { ips: [{ address: '10.22.0.2/24' }] });
    ipam.fail('GC', { code: 117, msg: 'the database is away' });
    const pods = full(node, { ipam: { type: ipam.type } });
    const blue = await createContainer(node);
    await pods.add(blue, { path: ipam.path });
    const call = { command: 'GC' as const, config: pods.config, path: ipam.path };
    await expectFailure(node, call, { code: 117, says: /the database is away/ });
    expect(await stateOf(node)).not.toContain(blue.id.slice(0, 16));

    // Rules that cannot be looked at do not keep the links and addresses from going.
    const red = full(node);
    const second = await red.start();
    const broken = await hidden(
      node,
      '/usr/sbin/nft',
      '#!/bin/sh\necho "Error: out of memory" >&2; exit 1\n',
    );
    await expectFailure(node, { command: 'GC', config: red.config }, { says: /out of memory/ });
    await broken.show();
    expect(await second.link('eth0')).toBeUndefined();
    expect(reservations(node, 'pods')).toEqual([]);
    await collect(node, red, []);
  });

  testNeeds(
    forRules,
    "leaves links that are not plumbline's alone, whatever their name",
    async ({ node, leaks }) => {
      await node.sh(`
      ip link add cni0 type bridge; ip link set cni0 up
      ip link add veth0123456789a type veth peer name v0; ip link set veth0123456789a master cni0
      ip link add v1 type veth peer name v2; ip link set v1 alias 'plumbline: not really'
    `);
      await leaks.startHere();
      await collect(node, full(node), []);
    },
  );

  testNeeds(forRules, 'is not for versions that have none', async ({ node }) => {
    for (const command of ['GC', 'STATUS']) {
      const config = bridgeConfig(node, { cniVersion: '1.0.0' });
      await expectFailure(node, { command, config }, { code: 1, says: /1\.1\.0/ });
    }
  });
});

describe('STATUS is 0 where an ADD would succeed', () => {
  testNeeds(
    [...forRules, 'iptables'],
    'before anything is there, with pods, and after them; it makes nothing',
    async ({ node }) => {
      for (const ipMasqBackend of ['nftables', 'iptables']) {
        const pods = full(node, { ipMasqBackend });
        const before = await stateOf(node);
        await status(node, { config: pods.config });
        expect(await stateOf(node)).toBe(before);
        await pods.start();
        await status(node, { config: pods.config });
        await pods.clear();
        await status(node, { config: pods.config });
      }
    },
  );

  testNeeds([...forRules, 'iptables'], 'without tools that this config does not need', async ({ node }) => {
    const away = [await hidden(node, '/usr/sbin/nft'), await hidden(node, '/usr/sbin/iptables')];
    const pods = podNetwork(node, { isGateway: true });
    await status(node, { config: pods.config });
    await pods.start();
    await pods.clear();
    for (const tool of away) await tool.show();
  });
});

describe('STATUS is 50, with the reason, where', () => {
  const masquerading = { ipMasq: true, isGateway: true };
  const tools: readonly (readonly [file: string, fields: Config])[] = [
    ['/usr/sbin/nft', masquerading],
    ['/usr/sbin/nft', { macspoofchk: true }],
    ['/usr/sbin/iptables', { ...masquerading, ipMasqBackend: 'iptables' }],
    ['/usr/bin/nsenter', {}],
    ['/usr/bin/flock', {}],
  ];
  for (const [file, fields] of tools) {
    const name = file.replace(/.*\//, '');
    testNeeds(
      [...forRules, 'iptables'],
      `${name} is not installed, which ADD then says too: ${JSON.stringify(fields)}`,
      async ({ node }) => {
        const tool = await hidden(node, file);
        const config = bridgeConfig(node, fields);
        await expectFailure(node, { command: 'STATUS', config }, { code: 50, says: new RegExp(`"${name}"`) });
        if (['flock', 'nsenter'].includes(name) && runtime === 'bun') {
          // Bun does itself what these do; only a lock that somebody has is waited for by a child.
          const pods = podNetwork(node, fields);
          await pods.start();
          await pods.clear();
        } else {
          const blue = await createContainer(node);
          const says = new RegExp(`"${name}" is not installed; on Debian: apt-get install \\w+`);
          await expectFailure(node, { command: 'ADD', config, container: blue }, { code: 100, says });
          expect(await blue.link('eth0')).toBeUndefined();
        }
        await tool.show();
      },
    );
  }

  testNeeds(forRules, 'a range is exhausted', async ({ node }) => {
    const range = { subnet: '10.22.0.0/24', rangeStart: '10.22.0.5', rangeEnd: '10.22.0.6' };
    const pods = full(node, { ipam: hostLocal(node, range, 'fd22::/64') });
    const blue = await pods.start();
    await status(node, { config: pods.config });
    await pods.start();
    await expectFailure(
      node,
      { command: 'STATUS', config: pods.config },
      { code: 50, says: /exhausted: 2 of 2/ },
    );
    await pods.del(blue);
    await status(node, { config: pods.config });
    await pods.clear();
  });

  testNeeds(forRules, 'the bridge is a link of another kind', async ({ node }) => {
    await node.sh('ip link add cni0 type veth peer name cni1');
    const config = bridgeConfig(node);
    await expectFailure(
      node,
      { command: 'STATUS', config },
      { code: 50, says: /"cni0" exists and is no bridge/ },
    );
    await node.sh('ip link del cni0');
    await status(node, { config });
  });

  testNeeds(forRules, 'the uplink is not there, or is a port of another bridge', async ({ node }) => {
    const config = bridgeConfig(node, { uplink: { device: 'nic0' } });
    await expectFailure(node, { command: 'STATUS', config }, { code: 50, says: /uplink\.device: .*"nic0"/ });
    await node.sh('ip link add cni9 type bridge; ip link add nic0 master cni9 type veth peer name p0');
    await expectFailure(node, { command: 'STATUS', config }, { code: 50, says: /"nic0" is a port of cni9/ });
    await node.sh('ip link set nic0 nomaster');
    await status(node, { config });
    await node.sh('ip link del nic0');
  });

  testNeeds(forRules, 'several things are in the way, all at once', async ({ node }) => {
    await node.sh('ip link add cni0 type veth peer name cni1');
    const tool = await hidden(node, '/usr/sbin/nft');
    const config = bridgeConfig(node, { ...masquerading, uplink: { device: 'nic0' } });
    for (const says of [/"nft"/, /no bridge/, /"nic0"/]) {
      await expectFailure(node, { command: 'STATUS', config }, { code: 50, says });
    }
    await tool.show();
    await node.sh('ip link del cni0');
  });

  testNeeds(forRules, 'IPAM says so, whoever it is', async ({ node }) => {
    const ipam = createTestIpam(node);
    ipam.fail('STATUS', { code: 51, msg: 'half of it is away' });
    const call = {
      command: 'STATUS' as const,
      config: bridgeConfig(node, { ipam: { type: ipam.type } }),
      path: ipam.path,
    };
    await expectFailure(node, call, { code: 51, says: /half of it is away/ });
    const missing = bridgeConfig(node, { ipam: { type: 'nowhere' } });
    const { error } = await cni(node, { command: 'STATUS', config: missing, path: [referenceDir] });
    expect(error?.msg).toMatch(/nowhere.*CNI_PATH/);
  });
});

/** Puts a file that cannot be run, or another program, in the place of a program, as the node sees it. */
async function hidden(node: Node, file: string, script?: string): Promise<{ show(): Promise<void> }> {
  const name = join(node.dir, `hides-${file.replaceAll('/', '-')}`);
  await node.exec(['tee', name], { input: script ?? '' });
  if (script !== undefined) await node.run('chmod', '755', name);
  // Through links: /usr/sbin/iptables is one of several names of another file.
  const real = await node.run('readlink', '-f', file);
  await node.run('mount', '--bind', name, real);
  return { show: async () => void (await node.run('umount', real)) };
}

function reservations(node: Node, network: string): readonly string[] {
  return readdirSync(join(node.dataDir, network))
    .filter((name) => /^(10\.|fd)/.test(name))
    .sort();
}
