/** VLAN filtering: which port is a member of which VLAN, told by the bridge, by pings, and by the frames themselves. */
import { expect } from 'vitest';
import {
  type Component,
  type Config,
  type Container,
  expectNoPing,
  expectPing,
  framesDuring,
  hubOf,
  type Node,
  testNeeds,
} from '../../support/index.ts';
import { hostLocal, type Pods, podNetwork } from './support.ts';

const needs: readonly Component[] = ['vlan-filtering', 'vlan', 'tcpdump'];

/** A network whose pods get addresses of the subnet 10.22.0.0/24 and no gateway: all on one bridge, told apart by VLAN. */
const vlanNetwork = (node: Node, name: string, fields: Config): Pods =>
  podNetwork(node, { name, ipam: hostLocal(node, '10.22.0.0/24'), ...fields });

/** Without IPAM, as a trunk has it: addresses are put on its VLANs' subinterfaces. */
const layer2 = (node: Node, name: string, fields: Config): Pods =>
  podNetwork(node, { name, ipam: undefined, ...fields });

/** What `bridge vlan show` tells of a port: `['1 PVID,Egress Untagged', '100', '200-210']`. */
async function vlansOf(node: Node, port: string): Promise<readonly string[]> {
  const told = JSON.parse(
    await node.run('bridge', '-json', '-compressvlans', 'vlan', 'show', 'dev', port),
  ) as readonly {
    readonly vlans?: readonly {
      readonly vlan: number;
      readonly vlanEnd?: number;
      readonly flags?: readonly string[];
    }[];
  }[];
  return told.flatMap(({ vlans = [] }) =>
    vlans.map(({ vlan, vlanEnd, flags = [] }) =>
      `${vlan}${vlanEnd === undefined ? '' : `-${vlanEnd}`} ${flags.join(',')}`.trim(),
    ),
  );
}

/** An 802.1Q subinterface, as a router in the container would have it. */
async function addTagged(container: Container, vlan: number, address: string): Promise<void> {
  await container.sh(`
    ip link add link eth0 name eth0.${vlan} type vlan id ${vlan}
    ip address add ${address} dev eth0.${vlan}
    ip link set eth0.${vlan} up
  `);
}

testNeeds(needs, 'pods of one VLAN reach each other, those of two VLANs do not', async ({ node }) => {
  const hundred = vlanNetwork(node, 'hundred', { vlan: 100 });
  const two = vlanNetwork(node, 'two', {
    vlan: 200,
    ipam: hostLocal(node, { subnet: '10.22.0.0/24', rangeStart: '10.22.0.100' }),
  });
  const [blue, green, red] = [
    await hundred.start('blue'),
    await hundred.start('green'),
    await two.start('red'),
  ];
  expect((await node.link('cni0'))?.linkinfo?.info_data).toMatchObject({ vlan_filtering: 1 });
  for (const [pod, vlan] of [
    [blue, 100],
    [green, 100],
    [red, 200],
  ] as const) {
    expect(await vlansOf(node, pod.port)).toEqual([`${vlan} PVID,Egress Untagged`]);
  }
  expect(await hubOf(node, 'cni0')).toMatchObject({
    vlanFiltering: true,
    ports: [blue, green, red].map(({ port, name }) => ({
      ...{ name: port, container: { netns: name } },
      vlan: { mode: 'access', tag: name === 'red' ? 200 : 100 },
    })),
  });
  await expectPing(blue, green);
  await expectNoPing(blue, red);
  // Not even a broadcast passes, and what passes carries no tag.
  const seen = await framesDuring(red, 'arp', () =>
    blue.run('ping', '-c', '1', '-W', '1', '10.22.0.77').then(
      () => {},
      () => {},
    ),
  );
  expect(seen.filter((frame) => frame.includes(blue.mac))).toEqual([]);
  const own = await framesDuring(green, 'icmp', () => expectPing(blue, green));
  expect(own.join('\n')).not.toMatch(/802\.1Q/);
  expect(own.length).toBeGreaterThan(0);
  for (const pods of [hundred, two]) await pods.clear();
});

testNeeds(needs, 'a trunk carries the frames of its VLANs tagged, and no others', async ({ node }) => {
  const trunk = layer2(node, 'trunk', { vlanTrunk: [{ id: 100 }, { minID: 200, maxID: 210 }] });
  const hundred = vlanNetwork(node, 'hundred', { vlan: 100 });
  const three = vlanNetwork(node, 'three', { vlan: 300, ipam: hostLocal(node, '10.33.0.0/24') });
  const router = await trunk.start('router');
  const [blue, red] = [await hundred.start('blue'), await three.start('red')];
  expect(await vlansOf(node, router.port)).toEqual(['1 PVID,Egress Untagged', '100', '200-210']);

  await addTagged(router, 100, '10.22.0.200/24');
  const frames = await framesDuring(router, 'vlan 100 and icmp', () => expectPing(router, blue));
  expect(frames.filter((frame) => /802\.1Q.*vlan 100,.*echo request/.test(frame))).not.toEqual([]);
  expect(frames.filter((frame) => /802\.1Q.*vlan 100,.*echo reply/.test(frame))).not.toEqual([]);
  // The access port sends and gets the same packets without a tag.
  const untagged = await framesDuring(blue, 'icmp', () => expectPing(router, blue));
  expect(untagged.join('\n')).toMatch(/echo reply/);
  expect(untagged.join('\n')).not.toMatch(/802\.1Q/);

  // 300 is not among the trunk's VLANs, whatever the container does.
  await addTagged(router, 300, '10.33.0.200/24');
  await expectNoPing(router, red);
  const foreign = await framesDuring(router, `vlan 300 and ether src ${red.mac}`, async () => {
    await red.try('ping', '-c', '1', '-W', '1', '10.33.0.200');
  });
  expect(foreign).toEqual([]);
  for (const pods of [trunk, hundred, three]) await pods.clear();
});

testNeeds(needs, 'untagged frames of a trunk without a VLAN belong to VLAN 1', async ({ node }) => {
  const trunk = vlanNetwork(node, 'trunk', { vlanTrunk: [{ id: 100 }] });
  const router = await trunk.start('router');
  // A port of no VLAN on the same bridge has the bridge's default, which is 1.
  const plain = vlanNetwork(node, 'plain', {
    ipam: hostLocal(node, { subnet: '10.22.0.0/24', rangeStart: '10.22.0.100' }),
  });
  const blue = await plain.start('blue');
  expect(await vlansOf(node, router.port)).toEqual(['1 PVID,Egress Untagged', '100']);
  expect(await vlansOf(node, blue.port)).toEqual(['1 PVID,Egress Untagged']);
  await expectPing(router, blue);
  const hundred = vlanNetwork(node, 'hundred', {
    vlan: 100,
    ipam: hostLocal(node, { subnet: '10.22.0.0/24', rangeStart: '10.22.0.150' }),
  });
  const green = await hundred.start('green');
  await expectNoPing(router, green);
  for (const pods of [trunk, plain, hundred]) await pods.clear();
});

testNeeds(
  needs,
  'with vlan and vlanTrunk untagged frames belong to the one, tagged ones to the others',
  async ({ node }) => {
    const mixed = vlanNetwork(node, 'mixed', {
      vlan: 100,
      vlanTrunk: [{ minID: 100, maxID: 101 }, { id: 200 }],
    });
    const range = (rangeStart: string): Config => hostLocal(node, { subnet: '10.22.0.0/24', rangeStart });
    const hundred = vlanNetwork(node, 'hundred', { vlan: 100, ipam: range('10.22.0.100') });
    const two = vlanNetwork(node, 'two', { vlan: 200, ipam: hostLocal(node, '10.44.0.0/24') });
    const plain = vlanNetwork(node, 'plain', { ipam: range('10.22.0.150') });
    const router = await mixed.start('router');
    const [blue, green, red] = [
      await hundred.start('blue'),
      await two.start('green'),
      await plain.start('red'),
    ];
    // The native VLAN stays the untagged one, though the trunk names it too.
    expect(await vlansOf(node, router.port)).toEqual(['100 PVID,Egress Untagged', '101', '200']);
    await expectPing(router, blue);
    await expectNoPing(router, red);
    await addTagged(router, 200, '10.44.0.200/24');
    await expectPing(router, green);
    for (const pods of [mixed, hundred, two, plain]) await pods.clear();
  },
);

for (const preserveDefaultVlan of [true, false]) {
  const title = preserveDefaultVlan
    ? 'with preserveDefaultVlan frames of VLAN 1 still reach the pod'
    : 'without preserveDefaultVlan no frame of VLAN 1 reaches the pod';
  testNeeds(needs, title, async ({ node }) => {
    const hundred = vlanNetwork(node, 'hundred', { vlan: 100, preserveDefaultVlan });
    const plain = vlanNetwork(node, 'plain', {
      ipam: hostLocal(node, { subnet: '10.22.0.0/24', rangeStart: '10.22.0.100' }),
    });
    const [blue, red] = [await hundred.start('blue'), await plain.start('red')];
    const kept = preserveDefaultVlan ? ['1 Egress Untagged'] : [];
    expect(await vlansOf(node, blue.port)).toEqual([...kept, '100 PVID,Egress Untagged']);
    // A question to all in VLAN 1; its answer would go out by VLAN 100, which red is not in.
    const heard = await framesDuring(blue, `arp and ether src ${red.mac}`, () => expectNoPing(red, blue));
    expect(heard.length > 0).toBe(preserveDefaultVlan);
    for (const pods of [hundred, plain]) await pods.clear();
  });
}

testNeeds(
  needs,
  'the gateway of a VLAN is <bridge>.<vlan>, and the default route leads there',
  async ({ node, outside }) => {
    const gatewayNetwork = (name: string, vlan: number, ...subnets: readonly string[]): Pods =>
      vlanNetwork(node, name, {
        bridge: 'vbr0',
        vlan,
        isDefaultGateway: true,
        ipMasq: true,
        ipam: hostLocal(node, ...subnets),
      });
    const hundred = gatewayNetwork('hundred', 100, '10.22.0.0/24', 'fd22::/64');
    const two = gatewayNetwork('two', 200, '10.33.0.0/24', 'fd33::/64');
    const [blue, green, red] = [
      await hundred.start('blue'),
      await hundred.start('green'),
      await two.start('red'),
    ];

    expect(await node.addresses('vbr0')).toEqual([]);
    expect(await node.addresses('vbr0.100')).toEqual(['10.22.0.1/24', 'fd22::1/64']);
    expect(await node.addresses('vbr0.200')).toEqual(['10.33.0.1/24', 'fd33::1/64']);
    expect((await node.link('vbr0.100'))?.linkinfo).toMatchObject({
      info_kind: 'vlan',
      info_data: { id: 100 },
    });
    // The bridge itself takes part in both, tagged: that is what leads to the gateways.
    expect(await vlansOf(node, 'vbr0')).toEqual(['1 PVID,Egress Untagged', '100', '200']);
    expect(blue.result.interfaces?.map(({ name }) => name)).toEqual(['vbr0', blue.port, 'eth0', 'vbr0.100']);
    expect(blue.result.ips?.map(({ gateway }) => gateway)).toEqual(['10.22.0.1', 'fd22::1']);

    expect(await blue.ip('route show default')).toMatchObject([{ gateway: '10.22.0.1', dev: 'eth0' }]);
    for (const gateway of ['10.22.0.1', 'fd22::1']) await expectPing(blue, gateway);
    await expectPing(blue, green);
    for (const address of [outside.ip4, outside.ip6]) await expectPing(red, address);
    // From VLAN to VLAN the node routes, and no frame takes the short way: the sender is the gateway.
    const frames = await framesDuring(red, 'icmp[icmptype] == icmp-echo', () => expectPing(blue, red.ip4));
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.filter((frame) => frame.includes(blue.mac))).toEqual([]);

    for (const pod of [blue, green]) await hundred.check(pod);
    await two.check(red);
    for (const pods of [hundred, two]) await pods.clear();
  },
);

testNeeds(
  needs,
  'DEL leaves the bridge and <bridge>.<vlan>, and ADD takes them up again',
  async ({ node }) => {
    const pods = vlanNetwork(node, 'hundred', { bridge: 'vbr0', vlan: 100, isDefaultGateway: true });
    const blue = await pods.start('blue');
    await pods.del(blue);
    const links = (await node.ip('link show')).map(({ ifname = '' }) => ifname);
    expect(links.filter((name) => name.includes('vbr0') || name.startsWith('veth'))).toEqual([
      'vbr0',
      'vbr0.100',
    ]);
    expect(await vlansOf(node, blue.port).catch(() => [])).toEqual([]);
    const { ifindex } = (await node.link('vbr0.100')) ?? {};
    const green = await pods.start('green');
    await expectPing(green, '10.22.0.1');
    expect((await node.link('vbr0.100'))?.ifindex).toBe(ifindex);
    await pods.clear();
  },
);

testNeeds(
  needs,
  'a bridge that stands without VLAN filtering is taken over, and its pods go on',
  async ({ node }) => {
    const plain = vlanNetwork(node, 'plain', {});
    const [blue, green] = [await plain.start('blue'), await plain.start('green')];
    expect((await node.link('cni0'))?.linkinfo?.info_data).toMatchObject({ vlan_filtering: 0 });
    const hundred = vlanNetwork(node, 'hundred', {
      vlan: 100,
      ipam: hostLocal(node, { subnet: '10.22.0.0/24', rangeStart: '10.22.0.100' }),
    });
    const red = await hundred.start('red');
    expect((await node.link('cni0'))?.linkinfo?.info_data).toMatchObject({ vlan_filtering: 1 });
    await expectPing(blue, green);
    await expectNoPing(red, blue);
    for (const pods of [plain, hundred]) await pods.clear();
  },
);
