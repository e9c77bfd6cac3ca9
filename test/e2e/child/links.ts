/** Where macvlan and ipvlan make their links: names, masters, sandboxes, MTU. */
import { describe, expect } from 'vitest';
import { type Config, createContainer, expectPing, sampled } from '../../support/index.ts';
import { childNetwork, hostLocal, type Kind, ranges, triesShared } from './pods.ts';

export function linkTests(kind: Kind): void {
  // What both plugins do by the same code the host's run tries, with macvlan.
  const { testNeeds } = sampled();
  testNeeds(
    [kind],
    'a node that has eth0 and eth1 itself: both names in a container',
    async ({ node, lan }) => {
      await node.sh('ip link add eth0 type veth peer name eth1');
      const pods = childNetwork(node, kind);
      const blue = await pods.start('blue');
      await pods.add(blue, { ifname: 'eth1' });
      expect(await blue.addresses('eth0')).toEqual(['10.30.0.100/24', 'fd30::100/64']);
      expect(await blue.addresses('eth1')).toEqual(['10.30.0.101/24', 'fd30::101/64']);
      for (const ifname of ['eth0', 'eth1']) {
        expect((await blue.link(ifname))?.linkinfo?.info_kind).toBe(kind);
        await pods.check(blue, { ifname });
        expect(await blue.ping(lan.ip4, { from: ifname, count: 3 })).toBe(true);
      }
      await pods.del(blue, { ifname: 'eth1' });
      await pods.del(blue);
      expect((await node.link('eth0'))?.linkinfo?.info_kind).toBe('veth');
      await node.sh('ip link del eth0');
    },
  );

  if (!triesShared(kind)) return;

  for (const via of ['name', 'pid', 'bind'] as const) {
    testNeeds([kind], `a sandbox that is reached by ${via}`, async ({ node, lan }) => {
      const pods = childNetwork(node, kind);
      const blue = await pods.start('blue', { via });
      expect(blue.result.interfaces?.[0]?.sandbox).toBe(blue.path);
      await expectPing(blue, lan.ip4);
      await pods.check(blue);
      await pods.clear();
      expect(await blue.link('eth0')).toBeUndefined();
    });
  }

  describe('without a master it is the interface of the default route', () => {
    const cases: Readonly<Record<string, string>> = {
      'of IPv4': '',
      'with the smallest metric': 'ip route add default dev nic0 metric 7',
      'and not of an unreachable one': `ip route del default; ip route add unreachable default
        ip route add default via 10.30.0.1 dev uplink metric 9`,
      'of IPv6, where IPv4 has none': 'ip route del default; ip -6 route add default dev nic0 metric 2000',
      'of the main table': 'ip route del default; ip -6 route add default dev nic0 table 100 metric 1',
    };
    for (const [what, script] of Object.entries(cases)) {
      testNeeds([kind], what, async ({ node, lan, leaks }) => {
        leaks.allow(/^route[46] .*default/);
        await node.sh(
          `ip link add nic0 type veth peer name nic1; ip link set nic0 up; ip link set nic1 up; ${script}`,
        );
        const pods = childNetwork(node, kind, { master: undefined });
        const blue = await pods.start('blue');
        for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
        await pods.check(blue);
        await pods.status();
        await pods.clear();
        await node.sh('ip link del nic0');
      });
    }
  });

  describe('with linkInContainer the master is in the container', () => {
    const cases: Readonly<Record<string, readonly [fields: Config, script: string]>> = {
      named: [{ master: 'inner' }, ''],
      'by the default route': [
        { master: undefined },
        'ip address add 10.30.0.9/24 dev inner; ip route add default via 10.30.0.1',
      ],
      'by the default route of IPv6': [
        { master: undefined },
        'ip address add fd30::9/64 dev inner nodad; ip -6 route add default via fd30::1',
      ],
    };
    for (const [what, [fields, script]] of Object.entries(cases)) {
      testNeeds([kind], what, async ({ node, lan }) => {
        const blue = await createContainer(node, { name: 'blue', via: 'pid' });
        await lan.sh(`ip link add inner-peer master switch type veth peer name inner netns ${blue.path}
          ip link set inner-peer up`);
        await blue.sh(`ip link set inner up; ${script}`);
        const pods = childNetwork(node, kind, { ...fields, linkInContainer: true });
        const result = await pods.add(blue, { ifname: 'net1' });
        expect(result.interfaces?.[0]).toMatchObject({ name: 'net1', sandbox: blue.path });
        expect((await blue.link('net1'))?.link).toBe('inner');
        expect(await blue.ping(lan.ip4, { from: 'net1', count: 5 })).toBe(true);
        await pods.check(blue, { ifname: 'net1' });
        // A link of that name stays.
        await expect(pods.add(blue, { ifname: 'inner' })).rejects.toThrow(/102.*"inner" exists in/);
        await pods.del(blue, { ifname: 'net1' });
        expect(await blue.link('net1')).toBeUndefined();
        expect(await blue.link('inner')).toBeDefined();
        await lan.run('ip', 'link', 'del', 'inner-peer');
      });
    }
  });

  testNeeds([kind], "an MTU up to the master's", async ({ node, lan }) => {
    for (const [mtu, actual] of [
      [1380, 1380],
      [1500, 1500],
      [0, 1500],
    ] as const) {
      const pods = childNetwork(node, kind, { mtu });
      const blue = await pods.start();
      expect((await blue.link('eth0'))?.mtu).toBe(actual);
      expect(blue.result.interfaces?.[0]?.mtu).toBe(actual);
      await expectPing(blue, lan.ip4);
      await pods.check(blue);
      await pods.clear();
    }
  });

  describe('one family alone', () => {
    for (const [family, range] of [
      ['IPv4', ranges[0]],
      ['IPv6', ranges[1]],
    ] as const) {
      testNeeds([kind], family, async ({ node, lan }) => {
        const pods = childNetwork(node, kind, { ipam: hostLocal(node, range ? [range] : []) });
        const [blue, red] = [await pods.start('blue'), await pods.start('red')];
        expect(await blue.addresses('eth0')).toHaveLength(1);
        await expectPing(blue, red);
        await expectPing(blue, family === 'IPv4' ? lan.ip4 : lan.ip6);
        await expectPing(lan, blue);
        await pods.check(blue);
        await pods.clear();
      });
    }
  });
}
