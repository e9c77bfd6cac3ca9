/** Who reaches whom: containers, their gateway, other networks. */
import { describe, expect } from 'vitest';
import { createContainer, expectNoPing, expectPing, sampled } from '../../support/index.ts';
import { forRules, hostLocal, podNetwork, stateOf } from './support.ts';

const { test, testNeeds } = sampled();

describe('containers of a network reach each other', () => {
  const families: Readonly<Record<string, readonly string[]>> = {
    'IPv4 alone': ['10.22.0.0/24'],
    'IPv6 alone': ['fd22::/64'],
    'both families': ['10.22.0.0/24', 'fd22::/64'],
  };
  for (const [family, ranges] of Object.entries(families)) {
    test(`and their gateway: ${family}`, async ({ node }) => {
      const pods = podNetwork(node, { isGateway: true, ipam: hostLocal(node, ...ranges) });
      const blue = await pods.start('blue');
      const red = await pods.start('red');
      expect(await blue.addresses('eth0')).toHaveLength(ranges.length);
      await expectPing(blue, red);
      await expectPing(red, blue);
      for (const { gateway } of blue.result.ips ?? []) await expectPing(blue, gateway ?? '');
      expect(blue.result.ips?.map(({ interface: index }) => index)).toEqual(ranges.map(() => 2));
      await pods.check(blue);
      await pods.clear();
    });
  }

  test('without a gateway there is none', async ({ node }) => {
    const pods = podNetwork(node);
    const blue = await pods.start();
    const red = await pods.start();
    await expectPing(blue, red);
    await expectNoPing(blue, '10.22.0.1');
    await expectNoPing(blue, 'fd22::1');
    expect(await node.addresses('cni0')).toEqual([]);
    expect(await node.sysctl('net/ipv4/ip_forward')).toBe('0');
    expect(await node.sysctl('net/ipv6/conf/all/forwarding')).toBe('0');
    await pods.clear();
  });

  for (const via of ['name', 'pid', 'bind'] as const) {
    test(`with a sandbox that is reached by ${via}`, async ({ node }) => {
      const pods = podNetwork(node, { isGateway: true });
      const blue = await pods.start('blue', { via });
      expect(blue.result.interfaces?.[2]?.sandbox).toBe(blue.path);
      await expectPing(blue, '10.22.0.1');
      await pods.check(blue);
      await pods.clear();
      expect(await blue.link('eth0')).toBeUndefined();
    });
  }
});

describe('two networks', () => {
  test('on two bridges do not reach each other, where no routing joins them', async ({ node }) => {
    const pods = podNetwork(node);
    const others = podNetwork(node, {
      name: 'others',
      bridge: 'cni1',
      ipam: hostLocal(node, '10.23.0.0/24', 'fd23::/64'),
    });
    const blue = await pods.start('blue');
    const red = await others.start('red');
    await expectNoPing(blue, red);
    // Not even where both take the other for a neighbour.
    await blue.sh('ip route add 10.23.0.0/24 dev eth0; ip route add fd23::/64 dev eth0');
    await red.sh('ip route add 10.22.0.0/24 dev eth0; ip route add fd22::/64 dev eth0');
    await expectNoPing(blue, red);
    await pods.clear();
    await others.clear();
  });

  test('with gateways reach each other through the node', async ({ node }) => {
    const pods = podNetwork(node, { isDefaultGateway: true });
    const others = podNetwork(node, {
      name: 'others',
      bridge: 'cni1',
      isDefaultGateway: true,
      ipam: hostLocal(node, '10.23.0.0/24', 'fd23::/64'),
    });
    const blue = await pods.start('blue');
    const red = await others.start('red');
    await expectPing(blue, red);
    await pods.clear();
    await others.clear();
  });

  test('in one container, each with its interface', async ({ node }) => {
    const pods = podNetwork(node, { isGateway: true });
    const others = podNetwork(node, {
      name: 'others',
      bridge: 'cni1',
      isGateway: true,
      ipam: hostLocal(node, '10.23.0.0/24', 'fd23::/64'),
    });
    const blue = await pods.start('blue');
    await others.add(blue, { ifname: 'net1' });
    for (const gateway of ['10.22.0.1', 'fd22::1', '10.23.0.1', 'fd23::1']) await expectPing(blue, gateway);
    await others.del(blue, { ifname: 'net1' });
    expect(await blue.link('net1')).toBeUndefined();
    await expectPing(blue, '10.22.0.1');
    await pods.check(blue);
    await pods.clear();
  });
});

testNeeds(
  forRules,
  'two interfaces of one container in one network are two attachments',
  async ({ node }) => {
    const pods = podNetwork(node, { isDefaultGateway: true, ipMasq: true, macspoofchk: true });
    const blue = await pods.start('blue');
    const second = await pods.add(blue, { ifname: 'net1' });
    expect(await blue.addresses('eth0')).toEqual(['10.22.0.2/24', 'fd22::2/64']);
    expect(await blue.addresses('net1')).toEqual(['10.22.0.3/24', 'fd22::3/64']);
    expect(second.interfaces?.[1]?.name).not.toBe(blue.port);
    await pods.check(blue);
    await pods.check(blue, { ifname: 'net1' });

    await pods.del(blue);
    expect(await blue.link('eth0')).toBeUndefined();
    await pods.check(blue, { ifname: 'net1' });
    await expectPing(blue, '10.22.0.1');
    await expectPing(blue, 'fd22::1');
    await pods.del(blue, { ifname: 'net1' });
  },
);

testNeeds(forRules, 'a network without IPAM is layer 2 only', async ({ node }) => {
  for (const ipam of [undefined, {}, { type: '' }]) {
    const pods = podNetwork(node, { ipam, ipMasq: true });
    const blue = await pods.start('blue');
    const red = await pods.start('red');
    expect(blue.result.ips ?? []).toEqual([]);
    expect(await blue.addresses('eth0')).toEqual([]);
    expect((await blue.link('eth0'))?.flags).toContain('UP');
    await pods.check(blue);
    await blue.run('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await red.run('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'eth0');
    await expectPing(blue, '192.0.2.2');
    await pods.clear();
    await blue.remove();
    await red.remove();
  }
});

testNeeds(
  forRules,
  'a failed ADD leaves nothing, and not even what DEL would have to find',
  async ({ node }) => {
    const pods = podNetwork(node, { isDefaultGateway: true, ipMasq: true, macspoofchk: true });
    await pods.start('blue');
    const before = await stateOf(node);
    const red = await createContainer(node);
    const broken = podNetwork(node, {
      isDefaultGateway: true,
      ipMasq: true,
      macspoofchk: true,
      // The gateway of a route has to be a neighbour: this one fails at the very last step.
      ipam: { ...hostLocal(node, '10.22.0.0/24'), routes: [{ dst: '192.0.2.0/24', gw: '172.31.0.1' }] },
    });
    await expect(broken.add(red)).rejects.toThrow(/192\.0\.2\.0\/24/);
    expect(await red.link('eth0')).toBeUndefined();
    expect(await stateOf(node)).toBe(before);
    await pods.clear();
  },
);
