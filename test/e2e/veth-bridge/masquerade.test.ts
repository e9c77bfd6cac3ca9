/** Masquerading: what leaves a network has the node's address, and nothing else has. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  add,
  type Capture,
  type Component,
  createContainer,
  del,
  describeNeeds,
  eventually,
  expectNoPing,
  expectPing,
  gc,
  type Node,
  type Outside,
  sampled,
} from '../../support/index.ts';
import { hostLocal, type Pods, podNetwork, stateOf } from './support.ts';

const { testNeeds } = sampled();

const backends: Readonly<Record<string, readonly Component[]>> = {
  nftables: ['nft-masquerade'],
  iptables: ['iptables'],
};

const masquerading = (node: Node, fields: Readonly<Record<string, unknown>> = {}): Pods =>
  podNetwork(node, { isDefaultGateway: true, ipMasq: true, ...fields });

testNeeds(
  ['nft-masquerade'],
  'switched off while a container runs, it goes with the container',
  async ({ node }) => {
    const blue = await createContainer(node);
    const config = {
      cniVersion: '1.0.0',
      name: 'pods',
      type: 'veth-bridge',
      isGateway: true,
      ipam: hostLocal(node, '10.22.0.0/24'),
    };
    const prevResult = await add(node, { config: { ...config, ipMasq: true }, container: blue });
    // Runtimes hand over the result of then and the config of now. The leak check tells what is left.
    await del(node, { config: { ...config, ipMasq: false, prevResult }, container: blue });
    expect(await node.nft('list ruleset')).not.toContain('10.22.0.2');
  },
);

for (const [ipMasqBackend, needs] of Object.entries(backends)) {
  describeNeeds(needs, `with ${ipMasqBackend}`, () => {
    testNeeds(
      [],
      'the outside answers only to a container that is masqueraded',
      async ({ node, outside }) => {
        for (const ipMasq of [false, true]) {
          const pods = masquerading(node, { ipMasq, ipMasqBackend });
          const blue = await pods.start();
          const expectation = ipMasq ? expectPing : expectNoPing;
          await expectation(blue, outside.ip4);
          await expectation(blue, outside.ip6);
          await expectPing(blue, '10.22.0.1');
          await pods.check(blue);
          await pods.clear();
          await expectNoPing(blue, outside.ip4);
        }
      },
    );

    testNeeds(
      ['tcpdump'],
      "which then has the node's address, and none of its own",
      async ({ node, outside }) => {
        const pods = masquerading(node, { ipMasqBackend });
        const [blue, red] = [await pods.start('blue'), await pods.start('red')];
        const seen = await sourcesOf(outside, async () => {
          for (const pod of [blue, red])
            for (const target of [outside.ip4, outside.ip6]) await expectPing(pod, target);
        });
        expect(seen).toEqual([outside.nodeIp6, outside.nodeIp4].sort());
        await pods.clear();
      },
    );

    testNeeds(
      ['tcpdump'],
      'which it has to its last packet: DEL takes the rules when the link is down',
      async ({ node, outside }) => {
        const pods = masquerading(node, { ipMasqBackend });
        // Each from a port of its own: what is known to conntrack would stay translated.
        const sender = `use Socket; my $to = sockaddr_in(9, inet_aton("${outside.ip4}"));
          for (;;) { socket(my $s, PF_INET, SOCK_DGRAM, 0); send($s, "x", 0, $to); select(undef, undef, undef, 0.0002) }`;
        await using capture = await outside.capture('udp port 9');
        for (let round = 0; round < 5; round += 1) {
          const pod = await pods.start();
          await using _sending = pod.start('perl', '-e', sender);
          await eventually(async () => capture.background.stdout.split('\n').length > 50 * (round + 1));
          await pods.del(pod);
        }
        const packets = await capture.stop();
        const sources = packets.map((line) => / IP (\S+)\.\d+ > /.exec(line)?.[1] ?? line);
        expect([...new Set(sources)]).toEqual([outside.nodeIp4]);
        await pods.clear();
      },
    );

    testNeeds(
      ['tcpdump'],
      'what stays in the subnet, or is multicast, keeps its address',
      async ({ node, outside }) => {
        const pods = masquerading(node, { ipMasqBackend });
        const blue = await pods.start('blue');
        // A part of the subnet lies outside, by way of the node: that is inside the network all the same.
        await node.sh(`
        ip route add 10.22.0.200 via ${outside.ip4}; ip route add fd22::200 via ${outside.ip6}
        ip route add 224.0.0.0/4 dev uplink
      `);
        await blue.sh('ip route add 10.22.0.200 via 10.22.0.1; ip route add fd22::200 via fd22::1');
        const inside = await sourcesOf(outside, async () => {
          await blue.ping('10.22.0.200', { count: 2 });
          await blue.ping('fd22::200', { count: 2 });
        });
        expect(inside).toEqual(['10.22.0.2', 'fd22::2']);

        // The node forwards no multicast, so it sends some itself, from the container's address.
        await node.sh('ip address add 10.22.0.2/32 dev lo; ip address add fd22::2/128 dev lo');
        const multicast = await sourcesOf(outside, async () => {
          const from = (source: string) => ['ping', '-c1', '-W1', '-I', 'uplink', '-I', source];
          await node.exec([...from('10.22.0.2'), '224.0.0.99']);
          await node.exec([...from('fd22::2'), 'ff02::99']);
        });
        expect(multicast).toEqual(['10.22.0.2', 'fd22::2']);
        const unicast = await sourcesOf(outside, () => node.ping(outside.ip4, { from: '10.22.0.2' }));
        expect(unicast).toEqual([outside.nodeIp4]);
        await node.sh(`
        ip address del 10.22.0.2/32 dev lo; ip address del fd22::2/128 dev lo
        ip route del 10.22.0.200; ip route del fd22::200; ip route del 224.0.0.0/4
      `);
        await pods.clear();
      },
    );

    testNeeds([], 'CHECK passes, DEL of one leaves the other, in either order', async ({ node, outside }) => {
      const pods = masquerading(node, { ipMasqBackend });
      const [blue, red, green] = [await pods.start(), await pods.start(), await pods.start()];
      await pods.del(red);
      for (const pod of [blue, green]) {
        await pods.check(pod);
        await expectPing(pod, outside.ip4);
        await expectPing(pod, outside.ip6);
      }
      await pods.del(blue);
      await expectPing(green, outside.ip6);
      await pods.clear();
    });

    testNeeds([], 'rules that others have made stay', async ({ node, leaks }) => {
      await node.nft(`table inet theirs {
        map m { type ipv4_addr : verdict; elements = { 10.22.0.2 : accept } }
        chain c { type nat hook postrouting priority 100; ip saddr vmap @m; }
      }`);
      if (ipMasqBackend === 'iptables') {
        await node.sh('iptables -t nat -N THEIRS; iptables -t nat -A POSTROUTING -s 10.22.0.0/24 -j THEIRS');
      }
      await leaks.startHere();
      const pods = masquerading(node, { ipMasqBackend });
      await pods.start();
      await pods.clear();
      await gc(node, { config: pods.config });
    });

    for (const how of ['by hand', 'by DEL of host-local'] as const) {
      testNeeds(
        [],
        `an address that was freed ${how} is masqueraded for who has it now`,
        ({ node, outside }) => expectNewOwnerKept(node, outside, ipMasqBackend, how),
      );
    }
  });
}

/**
 * An address goes to another container while the rules of the one before are still there; the late DELs and a GC then
 * must take nothing from the new one.
 */
async function expectNewOwnerKept(
  node: Node,
  outside: Outside,
  ipMasqBackend: string,
  how: 'by hand' | 'by DEL of host-local',
): Promise<void> {
  const one = (subnet: string, address: string) => ({ subnet, rangeStart: address, rangeEnd: address });
  const ipam = hostLocal(node, one('10.22.0.0/24', '10.22.0.5'), one('fd22::/64', 'fd22::5'));
  const pods = masquerading(node, { ipMasqBackend, macspoofchk: true, ipam });
  const old = await createContainer(node, { name: 'old' });
  const result = await pods.add(old);
  await old.remove();
  if (how === 'by hand') {
    for (const file of ['10.22.0.5', 'fd22::5']) rmSync(join(node.dataDir, 'pods', file));
  } else {
    await del(node, { plugin: 'host-local', config: pods.config, containerId: old.id, netns: '' });
  }

  const young = await pods.start('young');
  expect([young.ip4, young.ip6]).toEqual(['10.22.0.5', 'fd22::5']);
  const late = { containerId: old.id, netns: '' };
  await del(node, { ...late, config: { ...pods.config, prevResult: result } });
  await del(node, { ...late, config: pods.config });
  const valid = [{ containerID: young.id, ifname: 'eth0' }];
  await gc(node, { config: { ...pods.config, 'cni.dev/valid-attachments': valid } });

  expect(await stateOf(node)).not.toContain(old.id.slice(0, 40));
  await expectPing(young, outside.ip4);
  await expectPing(young, outside.ip6);
  await pods.check(young);
  await pods.clear();
}

describeNeeds(['nft-masquerade'], 'the rules of nftables', () => {
  testNeeds([], 'are one lookup a packet and family, whatever the number of containers', async ({ node }) => {
    const pods = masquerading(node);
    const rules: string[] = [];
    for (const name of ['blue', 'red', 'green']) {
      await pods.start(name);
      const ruleset = await node.run('nft', '-s', 'list', 'table', 'inet', 'plumbline');
      rules.push(ruleset.replace(/elements = \{[^}]*\}/g, 'elements'));
    }
    expect(new Set(rules).size).toBe(1);
    expect(rules[0]?.match(/vmap/g)).toHaveLength(2);
    expect(rules[0]?.match(/masquerade$/gm)).toHaveLength(2);
    await pods.clear();
  });

  testNeeds(
    [],
    'are made anew by the next ADD where somebody has flushed them',
    async ({ node, outside }) => {
      const pods = masquerading(node, { macspoofchk: true });
      const blue = await pods.start('blue');
      await node.run('nft', 'flush', 'ruleset');
      await expect(pods.check(blue)).rejects.toThrow(/10\.22\.0\.2.*fd22::2/s);
      const red = await pods.start('red');
      await expectPing(red, outside.ip4);
      await expectPing(red, outside.ip6);
      await pods.check(red);
      await pods.clear();
    },
  );

  testNeeds(
    [],
    'of two networks on one bridge go with the last container of each',
    async ({ node, outside }) => {
      const pods = masquerading(node);
      const others = masquerading(node, {
        name: 'others',
        isDefaultGateway: false,
        isGateway: true,
        ipam: hostLocal(node, 'fd23::/64'),
      });
      const blue = await pods.start('blue');
      await others.start('red');
      await pods.clear();
      const chains = async (): Promise<readonly string[]> =>
        (await node.run('nft', 'list', 'chains', 'inet')).match(/masq-\S+/g) ?? [];
      expect(await chains()).toHaveLength(1);
      await others.clear();
      expect(await chains()).toEqual([]);
      await expectNoPing(blue, outside.ip4);
    },
  );

  testNeeds([], 'go although the bridge has another port that stays', async ({ node }) => {
    await node.sh(
      'ip link add cni0 type bridge; ip link add p0 up master cni0 type veth peer name p1; ip link set p1 up',
    );
    const pods = masquerading(node);
    await pods.start('blue');
    await pods.clear();
    expect(await node.run('nft', 'list', 'chains', 'inet')).not.toContain('masq-');
    await node.sh('ip link del p0');
  });
});

/** The source addresses of the ICMP requests that come to the outside meanwhile, sorted. */
async function sourcesOf(outside: Outside, traffic: () => Promise<unknown>): Promise<readonly string[]> {
  await using capture: Capture = await outside.capture('icmp or icmp6');
  await traffic();
  const packets = await capture.stop();
  const sources = packets.flatMap((line) => / IP6? (\S+) > \S+ ICMP6?,? echo request/.exec(line)?.[1] ?? []);
  return [...new Set(sources)].sort();
}
