/** Who reaches whom in each mode: the textbook's pictures, as pings. The outside is a station at the switch. */
import { describe, expect } from 'vitest';
import {
  type Config,
  expectNoPing,
  expectPing,
  hubOf,
  type Lan,
  type Node,
  testNeeds,
} from '../../support/index.ts';
import { childNetwork, hostLocal, type Pods } from '../child/pods.ts';

const inMode = (node: Node, mode: string, flag: string): Pods => childNetwork(node, 'ipvlan', { mode, flag });

describe('l2', () => {
  testNeeds(
    ['ipvlan', 'tcpdump'],
    "bridge: each other and the outside yes, their node no, all with the master's MAC address",
    async ({ node, lan }) => {
      const pods = childNetwork(node, 'ipvlan');
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      await expectPing(blue, red);
      await expectPing(red, blue);
      await using capture = await lan.capture('icmp[icmptype] == icmp-echo');
      for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
      await expectPing(red, lan.ip4);
      const requests = (await capture.stop()).join('\n');
      await expectPing(lan, blue);
      for (const address of [lan.nodeIp4, lan.nodeIp6]) await expectNoPing(blue, address);
      await expectNoPing(node, blue);

      const mac = (await node.link('uplink'))?.address ?? '';
      for (const pod of [blue, red]) {
        expect(pod.mac).toBe(mac);
        expect((await pod.link('eth0'))?.address).toBe(mac);
        expect(requests).toMatch(new RegExp(`${mac} > ${lan.mac}.* ${pod.ip4} > `));
      }
      expect((await blue.link('eth0'))?.linkinfo?.info_data).toMatchObject({ mode: 'l2', bridge: true });
      expect(blue.result.interfaces).toEqual([{ name: 'eth0', mac, mtu: 1500, sandbox: blue.path }]);
      expect(blue.result.ips?.map((ip) => ip.interface)).toEqual([0, 0]);
      expect(await hubOf(node, 'uplink')).toMatchObject({
        ...{ kind: 'master', ours: true },
        ports: [blue, red].map(({ name, id }) => ({
          kind: 'ipvlan',
          mode: 'l2',
          container: { netns: name, id },
        })),
      });
      await pods.check(blue);
      await pods.clear();
    },
  );

  testNeeds(['ipvlan'], 'private: the outside yes, each other never', async ({ node, lan }) => {
    const pods = inMode(node, 'l2', 'private');
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
    await expectPing(lan, red);
    await expectNoPing(blue, red);
    await lan.hairpin(true);
    await expectNoPing(blue, red);
    await pods.check(red);
    await pods.clear();
  });

  testNeeds(
    ['ipvlan', 'tcpdump'],
    'vepa: what is for each other leaves by the wire',
    async ({ node, lan }) => {
      const pods = inMode(node, 'l2', 'vepa');
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
      await using capture = await lan.capture('arp or icmp or icmp6');
      await expectNoPing(blue, red);
      const frames = (await capture.stop()).join('\n');
      for (const seen of [
        `${red.ip4}.* tell ${blue.ip4}|${blue.ip4} > ${red.ip4}: ICMP echo request`,
        `${blue.ip6} > .*who has ${red.ip6}|${blue.ip6} > ${red.ip6}: ICMP6, echo request`,
      ])
        expect(frames).toMatch(new RegExp(seen));
      await pods.check(blue);
      await pods.clear();
    },
  );
});

/** Networks of layer 3, each with subnets of its own; the outside knows that the node is the way there. */
async function layer3(node: Node, lan: Lan, mode: string, number: number, more: Config = {}): Promise<Pods> {
  const subnets = [`10.${number}.0.0/24`, `fd${number}::/64`];
  await lan.sh(
    `ip route add ${subnets[0]} via ${lan.nodeIp4}; ip route add ${subnets[1]} via ${lan.nodeIp6}`,
  );
  const routes = [{ dst: '0.0.0.0/0' }, { dst: '::/0' }];
  const ipam = hostLocal(
    node,
    subnets.map((subnet) => ({ subnet })),
    { routes },
  );
  return childNetwork(node, 'ipvlan', { name: `net${number}`, mode, ipam, ...more });
}

for (const mode of ['l3', 'l3s']) {
  describe(mode, () => {
    testNeeds(
      ['ipvlan', 'tcpdump'],
      'by routes, between subnets, without ARP from the containers',
      async ({ node, lan }) => {
        const [pods, others] = [await layer3(node, lan, mode, 31), await layer3(node, lan, mode, 32)];
        const [blue, red] = [await pods.start('blue'), await others.start('red')];
        await using capture = await lan.capture('arp or icmp6');
        expect((await blue.link('eth0'))?.flags).toContain('NOARP');
        for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
        await expectPing(lan, red);
        await expectPing(blue, red);
        await expectPing(red, blue);
        const asked = (await capture.stop()).filter((line) => /who-has|neighbor solicitation/.test(line));
        for (const address of [blue.ip4, blue.ip6, red.ip4, red.ip6]) {
          expect(
            asked.filter((line) => line.includes(`tell ${address}`) || line.includes(`${address} > `)),
          ).toEqual([]);
        }
        expect(await blue.run('ip', 'route', 'show', 'default')).toMatch(/^default dev eth0 /);
        expect(await blue.run('ip', '-6', 'route', 'show', 'default')).toMatch(/^default dev eth0 /);
        await pods.check(blue);
        await others.check(red);
        await pods.clear();
        await others.clear();
      },
    );

    testNeeds(['ipvlan'], 'private: the outside yes, each other never', async ({ node, lan }) => {
      const pods = await layer3(node, lan, mode, 31, { flag: 'private' });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
      await expectPing(lan, red);
      await expectNoPing(blue, red);
      await pods.check(blue);
      await pods.clear();
    });

    const sees = mode === 'l3s';
    testNeeds(
      ['ipvlan', 'nft'],
      `the node's netfilter ${sees ? 'sees' : 'does not see'} what comes in`,
      async ({ node, lan, leaks }) => {
        leaks.allow(/^nft /);
        const pods = await layer3(node, lan, mode, 31);
        const blue = await pods.start('blue');
        await node.nft(`table inet watch {
        counter seen4 { }
        counter seen6 { }
        chain in { type filter hook input priority 0; ip daddr ${blue.ip4} counter name seen4; ip6 daddr ${blue.ip6} counter name seen6; }
      }`);
        for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
        const counted = await node.run('nft', 'list', 'counters', 'table', 'inet', 'watch');
        const packets = [...counted.matchAll(/packets (\d+)/g)].map(([, number]) => Number(number) > 0);
        expect(packets, counted).toEqual([sees, sees]);
        await pods.clear();
      },
    );
  });
}
