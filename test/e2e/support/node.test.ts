/** The laboratory itself: nodes, containers and the outside, and what a machine lacks for them. */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect } from 'vitest';
import {
  createContainer,
  createNode,
  expectNoPing,
  expectPing,
  has,
  missingOf,
  test,
  testNeeds,
} from '../../support/index.ts';

describe('a node', () => {
  test('is a host of its own', async ({ node }) => {
    expect((await node.ip('link')).map(({ ifname }) => ifname)).toEqual(['lo']);
    await node.run('ip', 'link', 'add', 'br0', 'type', 'bridge');
    expect(await node.run('ls', '/sys/class/net')).toContain('br0');
    expect(existsSync('/sys/class/net/br0')).toBe(false);

    await node.sh('mkdir -p /run/plumbline; echo x >/run/plumbline/y; echo x >/var/lib/cni/y');
    expect(existsSync('/run/plumbline/y')).toBe(false);
    expect(existsSync('/var/lib/cni/y')).toBe(false);
    expect(readFileSync(node.path('/var/lib/cni/y'), 'utf8')).toBe('x\n');
    await node.sh('rm /run/plumbline/y /var/lib/cni/y');
  });

  test('restarts, as far as its boot_id goes', async ({ node }) => {
    const bootId = '/proc/sys/kernel/random/boot_id';
    const real = readFileSync(bootId, 'utf8');
    await node.setBootId('11111111-1111-4111-8111-111111111111');
    await node.setBootId('22222222-2222-4222-8222-222222222222');
    expect(await node.run('cat', bootId)).toBe('22222222-2222-4222-8222-222222222222');
    expect(readFileSync(bootId, 'utf8')).toBe(real);
  });

  test('goes with all that was started on it', async () => {
    const node = await createNode();
    const container = await createContainer(node, { via: 'pid' });
    const server = container.start('sleep', '60');
    const { pid, dir } = node;
    await node.dispose();
    expect([existsSync(`/proc/${pid}`), existsSync(`/proc/${server.pid}`), existsSync(dir)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('tells what failed', async ({ node }) => {
    await expect(node.run('ip', 'link', 'show', 'nothing')).rejects.toThrow(
      /ip link show nothing.*\n.*does not exist/,
    );
    expect((await node.try('ip', 'link', 'show', 'nothing')).code).toBe(1);
    await expect(node.run('no-such-program')).rejects.toThrow(/no-such-program/);
    await expect(node.nft('add element inet nothing x { 1 }')).rejects.toThrow(/No such file/);
  });
});

describe('a container', () => {
  for (const via of ['name', 'pid', 'bind'] as const) {
    test(`is reached by ${via}`, async ({ node }) => {
      await using container = await createContainer(node, { via });
      expect(container.id).toMatch(/^[0-9a-f]{64}$/);
      const own = await container.run('readlink', '/proc/self/ns/net');
      expect(own).not.toBe(readlinkSync(`/proc/${node.pid}/ns/net`));
      expect(await node.run('stat', '-L', '-c', '%i', container.path)).toBe(/\d+/.exec(own)?.[0]);
      expect(await container.ping('127.0.0.1')).toBe(true);
      expect(await container.ping('::1')).toBe(true);

      await container.remove();
      await container.remove();
      expect(await node.run('sh', '-c', `stat -f -L -c %t ${container.path} 2>/dev/null || :`)).not.toBe(
        '6e736673',
      );
    });
  }
});

testNeeds(['tcpdump'], 'the outside knows no way back to a pod', async ({ node, outside }) => {
  const red = await createContainer(node, { name: 'red' });
  await expectPing(node, outside.ip4);
  await expectPing(node, outside.ip6);
  await node.sh(`
    ip link add v0 type veth peer name eth0 netns ${red.path}
    ip address add 10.9.0.1/24 dev v0
    ip link set v0 up
    echo 1 >/proc/sys/net/ipv4/ip_forward
  `);
  await red.sh('ip address add 10.9.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.9.0.1');
  await expectPing(red, '10.9.0.1');
  await expectNoPing(red, outside.ip4);
  await expect(expectPing(red, outside.ip4, 0)).rejects.toThrow(
    /red gets no answer from 203.0.113.1 .*\n.*10.9.0.2/s,
  );

  await node.nft('table ip t { chain c { type nat hook postrouting priority 100; masquerade; }; }');
  await using capture = await outside.capture('icmp');
  await expectPing(red, outside.ip4);
  await expect(expectNoPing(red, outside.ip4)).rejects.toThrow(/should not/);
  const packets = await capture.stop();
  expect(
    packets.find((line) => line.includes(`${outside.nodeIp4} > ${outside.ip4}: ICMP echo request`)),
  ).toBeDefined();

  await node.sh('ip link del v0; nft delete table ip t');
});

describe('needs', () => {
  test('say what is missing', () => {
    expect(has('root')).toBe(true);
    expect(missingOf(['root', 'nft-bridge', 'nft-masquerade', 'macvlan', 'tbf', 'port-isolation'])).toEqual(
      [],
    );
    const missing = missingOf(['ipvlan', 'vlan', 'vlan-filtering']);
    expect(missing.every((text) => /^(ipvlan|vlan|vlan-filtering): \S/.test(text))).toBe(true);
  });
});
