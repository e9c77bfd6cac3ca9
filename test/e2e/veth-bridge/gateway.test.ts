/** The bridge as the containers' gateway: its addresses, forwarding, and what is in the way of either. */
import { describe, expect } from 'vitest';
import {
  type Config,
  createContainer,
  createTestIpam,
  expectFailure,
  expectPing,
  type Node,
  sampled,
} from '../../support/index.ts';
import { bridgeConfig, forRules, hostLocal, podNetwork, stateOf } from './support.ts';

const { testNeeds } = sampled();

/** A bridge that somebody else has made, with an address. */
const foreignBridge = (...addresses: readonly string[]): string =>
  [
    'ip link add cni0 address 02:00:00:00:0b:0b type bridge',
    'ip link set cni0 up',
    ...addresses.map((address) => `ip address add ${address} dev cni0`),
  ].join('; ');

/** Another network on the same bridge, whose gateway is 10.23.0.1 or fd23::1. */
const others = (node: Node, ranges: readonly string[], fields: Config = {}): Config & { name: string } =>
  bridgeConfig(node, { name: 'others', isGateway: true, ipam: hostLocal(node, ...ranges), ...fields });

async function expectRefusal(node: Node, config: Config, says: RegExp): Promise<void> {
  const before = await stateOf(node);
  const container = await createContainer(node);
  await expectFailure(node, { command: 'ADD', config, container }, { code: 7, says });
  expect(await container.link('eth0')).toBeUndefined();
  expect(await stateOf(node)).toBe(before);
  await container.remove();
}

describe('another IPv4 address on the bridge', () => {
  testNeeds(forRules, 'is an error, and the network that has it goes on', async ({ node }) => {
    const pods = podNetwork(node, { isGateway: true });
    const blue = await pods.start();
    await expectRefusal(
      node,
      others(node, ['10.23.0.0/24']),
      /10\.22\.0\.1\/24.*10\.23\.0\.1\/24.*forceAddress/,
    );
    await expectPing(blue, '10.22.0.1');
    await pods.clear();
  });

  testNeeds(forRules, 'is replaced with forceAddress, where plumbline has set it', async ({ node }) => {
    const pods = podNetwork(node, { isGateway: true });
    await pods.start();
    const config = others(node, ['10.23.0.0/24'], { forceAddress: true });
    const { name, ...fields } = config;
    const moved = podNetwork(node, { name, ...fields });
    const red = await moved.start('red');
    expect(await node.addresses('cni0')).toEqual(['10.23.0.1/24', 'fd22::1/64']);
    await expectPing(red, '10.23.0.1');
    await pods.clear();
    await moved.clear();
  });

  testNeeds(forRules, 'is never removed where somebody else has set it', async ({ node }) => {
    await node.sh(foreignBridge('192.0.2.1/24'));
    for (const forceAddress of [false, true]) {
      await expectRefusal(node, others(node, ['10.23.0.0/24'], { forceAddress }), /192\.0\.2\.1\/24/);
      expect(await node.addresses('cni0')).toEqual(['192.0.2.1/24']);
    }
  });

  testNeeds(forRules, 'nor where it is the very gateway, which is then used', async ({ node }) => {
    await node.sh(foreignBridge('10.22.0.1/24'));
    const pods = podNetwork(node, { isGateway: true });
    const blue = await pods.start();
    await expectPing(blue, '10.22.0.1');
    await expectRefusal(node, others(node, ['10.23.0.0/24'], { forceAddress: true }), /10\.22\.0\.1\/24/);
    await pods.clear();
  });

  testNeeds(forRules, 'nor where a bridge of the same name had been ours', async ({ node }) => {
    const pods = podNetwork(node, { isGateway: true });
    await pods.start();
    await pods.clear();
    await node.sh(`ip link del cni0; ${foreignBridge('10.22.0.1/24')}`);
    await expectRefusal(node, others(node, ['10.23.0.0/24'], { forceAddress: true }), /10\.22\.0\.1\/24/);
  });

  testNeeds(forRules, 'with the same address and another prefix is another one', async ({ node }) => {
    await node.sh(foreignBridge('10.22.0.1/16'));
    await expectRefusal(node, bridgeConfig(node, { isGateway: true }), /10\.22\.0\.1\/16.*10\.22\.0\.1\/24/);
  });
});

describe('another IPv6 address on the bridge', () => {
  testNeeds(forRules, 'is in the way only where the subnets overlap', async ({ node }) => {
    await node.sh(foreignBridge('fd99::1/64', 'fe80::1/10'));
    const pods = podNetwork(node, { isGateway: true });
    const blue = await pods.start();
    await expectPing(blue, 'fd22::1');
    expect(await node.addresses('cni0')).toEqual(['10.22.0.1/24', 'fd22::1/64', 'fd99::1/64']);

    // Ours too stays beside another network's.
    const red = await createContainer(node);
    const second = podNetwork(node, { name: 'others', isGateway: true, ipam: hostLocal(node, 'fd23::/64') });
    await second.add(red);
    expect(await node.addresses('cni0')).toContain('fd23::1/64');

    for (const range of ['fd99:0::/48', 'fd99::/80']) {
      await expectRefusal(node, others(node, [range], { name: 'third' }), /fd99::1\/64.*fd99::1\/(48|80)/);
    }
    // And forceAddress does not remove what somebody else has set.
    const forced = others(node, ['fd99::/48'], { name: 'third', forceAddress: true });
    await expectRefusal(node, forced, /fd99::1\/64/);
    await second.del(red);
    await pods.clear();
    expect(await node.run('ip', 'address', 'show', 'dev', 'cni0')).toContain('fe80::1/10');
  });

  testNeeds(
    forRules,
    'of an overlapping subnet is replaced with forceAddress, where plumbline has set it',
    async ({ node }) => {
      const pods = podNetwork(node, { isGateway: true });
      await pods.start();
      const wide = others(node, ['fd22::/48']);
      await expectRefusal(node, wide, /fd22::1\/64.*fd22::1\/48/);
      const { name, ...fields } = others(node, ['fd22::/48'], { forceAddress: true });
      const forced = podNetwork(node, { name, ...fields });
      await forced.start('red');
      expect(await node.addresses('cni0')).toEqual(['10.22.0.1/24', 'fd22::1/48']);
      await pods.clear();
      await forced.clear();
    },
  );
});

testNeeds(forRules, 'a bridge name that is a link of another kind is an error', async ({ node }) => {
  await node.sh('ip link add cni0 type veth peer name cni1; ip link set cni0 up');
  for (const bridge of ['cni0', 'lo']) {
    await expectRefusal(
      node,
      bridgeConfig(node, { bridge }),
      new RegExp(`"${bridge}" exists and is no bridge`),
    );
  }
  await node.sh('ip link del cni0');
});

testNeeds(forRules, 'a bridge that is found down is set up; its other settings stay', async ({ node }) => {
  await node.sh(
    'ip link add cni0 address 02:00:00:00:0b:0b type bridge stp_state 0 forward_delay 200 ageing_time 12300',
  );
  const pods = podNetwork(node, { isGateway: true, mtu: 1400 });
  const blue = await pods.start();
  const bridge = await node.link('cni0');
  expect(bridge?.flags).toContain('UP');
  expect(bridge?.address).toBe('02:00:00:00:0b:0b');
  expect(bridge?.linkinfo?.info_data).toMatchObject({ forward_delay: 200, ageing_time: 12300 });
  await expectPing(blue, '10.22.0.1');
  await pods.clear();
});

testNeeds(
  forRules,
  "the gateway is the one that IPAM names, else the subnet's first address",
  async ({ node }) => {
    const ipam = createTestIpam(node, {
      ips: [{ address: '10.9.0.2/24', gateway: '10.9.0.254' }, { address: 'fd09::2/64' }],
    });
    const pods = podNetwork(node, { isDefaultGateway: true, ipam: { type: ipam.type } }, { path: ipam.path });
    const blue = await pods.start();
    expect(await node.addresses('cni0')).toEqual(['10.9.0.254/24', 'fd09::1/64']);
    expect(blue.result.ips?.map(({ gateway }) => gateway)).toEqual(['10.9.0.254', 'fd09::1']);
    await expectPing(blue, '10.9.0.254');
    await expectPing(blue, 'fd09::1');
    await pods.clear();
  },
);

describe('forwarding is turned on', () => {
  const cases: readonly (readonly [string, Config, readonly string[], readonly [string, string]])[] = [
    ['not without a gateway', { ipMasq: true }, ['10.22.0.0/24', 'fd22::/64'], ['0', '0']],
    ['for IPv4', { isGateway: true }, ['10.22.0.0/24'], ['1', '0']],
    ['for IPv6', { isGateway: true }, ['fd22::/64'], ['0', '1']],
    ['for both', { isDefaultGateway: true }, ['10.22.0.0/24', 'fd22::/64'], ['1', '1']],
  ];
  for (const [title, fields, ranges, expected] of cases) {
    testNeeds(forRules, title, async ({ node }) => {
      // A gateway that stands already does not mean that the node forwards.
      for (const _ of ['first', 'after a reset']) {
        await node.sh(
          'echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding',
        );
        const pods = podNetwork(node, { ...fields, ipam: hostLocal(node, ...ranges) });
        await pods.start();
        expect([
          await node.sysctl('net/ipv4/ip_forward'),
          await node.sysctl('net/ipv6/conf/all/forwarding'),
        ]).toEqual(expected);
        await pods.clear();
      }
    });
  }
});

testNeeds(forRules, "routers' advertisements are not heard on the bridge and its port", async ({ node }) => {
  await node.sh('echo 2 >/proc/sys/net/ipv6/conf/default/accept_ra');
  const pods = podNetwork(node, { isGateway: true });
  const blue = await pods.start();
  expect(await node.sysctl('net/ipv6/conf/cni0/accept_ra')).toBe('0');
  expect(await node.sysctl(`net/ipv6/conf/${blue.port}/accept_ra`)).toBe('0');
  // Nothing of this is the business of the node's other links.
  expect(await node.sysctl('net/ipv6/conf/default/accept_ra')).toBe('2');
  await pods.clear();
});
