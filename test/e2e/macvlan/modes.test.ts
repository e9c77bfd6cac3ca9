/** Who reaches whom in each mode: the textbook's pictures, as pings. The outside is a station at the switch. */
import { describe, expect } from 'vitest';
import {
  createContainer,
  expectFailure,
  expectNoPing,
  expectPing,
  type Node,
  sampled,
} from '../../support/index.ts';
import { childNetwork, type Pods, stateOf } from '../child/pods.ts';

const { test, testNeeds } = sampled();

const inMode = (node: Node, mode: string, fields = {}): Pods =>
  childNetwork(node, 'macvlan', { mode, ...fields });

describe('bridge', () => {
  test('containers reach each other and the outside, both ways, and not their own node', async ({
    node,
    lan,
  }) => {
    const pods = inMode(node, 'bridge');
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    expect(await blue.addresses('eth0')).toEqual(['10.30.0.100/24', 'fd30::100/64']);
    await expectPing(blue, red);
    await expectPing(red, blue);
    for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
    await expectPing(lan, blue);
    for (const address of [lan.nodeIp4, lan.nodeIp6]) await expectNoPing(blue, address);
    await expectNoPing(node, blue);
    await pods.check(blue);
    await pods.clear();
  });

  test('is what a config without a mode gets', async ({ node, lan }) => {
    const pods = childNetwork(node, 'macvlan');
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    expect((await blue.link('eth0'))?.linkinfo?.info_data).toMatchObject({ mode: 'bridge' });
    await lan.hairpin(false);
    await expectPing(blue, red);
    await pods.clear();
  });

  test('the result names the one interface, and addresses refer to it', async ({ node, lan }) => {
    const pods = inMode(node, 'bridge');
    const blue = await pods.start('blue');
    const { mac, mtu } = { mac: blue.mac, mtu: 1500 };
    expect(blue.result.interfaces).toEqual([{ name: 'eth0', mac, mtu, sandbox: blue.path }]);
    expect(blue.result.ips?.map((ip) => ip.interface)).toEqual([0, 0]);
    expect((await blue.link('eth0'))?.address).toBe(mac);
    expect(blue.result.ips?.map((ip) => ip.gateway)).toEqual([lan.ip4, lan.ip6]);
    await pods.clear();
  });
});

describe('vepa', () => {
  test('containers reach each other by the switch alone: with hairpin, not without', async ({
    node,
    lan,
  }) => {
    const pods = inMode(node, 'vepa');
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    await lan.hairpin(false);
    await expectPing(blue, lan.ip4);
    await expectNoPing(blue, red);
    await lan.hairpin(true);
    await expectPing(blue, red);
    await pods.check(blue);
    await pods.clear();
  });

  test("with hairpin also their node's address", async ({ node, lan }) => {
    const pods = inMode(node, 'vepa');
    const blue = await pods.start('blue');
    await expectNoPing(blue, lan.nodeIp4);
    await lan.hairpin(true);
    for (const address of [lan.nodeIp4, lan.nodeIp6]) await expectPing(blue, address);
    await pods.clear();
  });
});

describe('private', () => {
  for (const hairpin of [false, true]) {
    test(`containers reach the outside and never each other: hairpin ${hairpin ? 'on' : 'off'}`, async ({
      node,
      lan,
    }) => {
      await lan.hairpin(hairpin);
      const pods = inMode(node, 'private');
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
      await expectPing(lan, red);
      await expectNoPing(blue, red);
      await pods.check(red);
      await pods.clear();
    });
  }
});

describe('passthru', () => {
  test("the master's traffic is the container's", async ({ node, lan }) => {
    const pods = inMode(node, 'passthru');
    const own = (await node.link('uplink'))?.address;
    const blue = await pods.start('blue');
    expect(blue.mac).toBe(own);
    for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
    await expectPing(lan, blue);
    // What is for the node's address arrives in the container, too, which does not have it.
    await expectNoPing(lan, lan.nodeIp4);
    await pods.check(blue);
    await pods.clear();
    await expectPing(lan, lan.nodeIp4);
  });

  test('a second ADD on the same master is an error, and the first goes on', async ({ node, lan }) => {
    const pods = inMode(node, 'passthru');
    const blue = await pods.start('blue');
    const red = await createContainer(node, { name: 'red' });
    const before = await stateOf(node);
    const says =
      /master: the kernel makes no macvlan link on "uplink" .*passthru child is its master's only one/;
    await expectFailure(node, { command: 'ADD', config: pods.config, container: red }, { code: 7, says });
    expect(await stateOf(node)).toBe(before);
    expect(await red.link('eth0')).toBeUndefined();
    for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
    await pods.check(blue);
    await pods.clear();
  });

  test("a MAC address that is asked for is the master's, too, until DEL", async ({ node, lan }) => {
    const pods = inMode(node, 'passthru', { mac: '02:00:00:00:00:77' });
    const own = (await node.link('uplink'))?.address;
    const blue = await pods.start('blue');
    expect(blue.mac).toBe('02:00:00:00:00:77');
    expect((await blue.link('eth0'))?.address).toBe('02:00:00:00:00:77');
    expect((await node.link('uplink'))?.address).toBe('02:00:00:00:00:77');
    await expectPing(blue, lan.ip4);
    await pods.check(blue);
    await pods.clear();
    expect((await node.link('uplink'))?.address).toBe(own);
  });
});

describe('source', () => {
  test('only frames from the listed MAC addresses get through', async ({ node, lan }) => {
    const ipam = {};
    const listed = inMode(node, 'source', { ipam, sourceMacs: [lan.mac.toUpperCase(), '02-00-00-00-00-99'] });
    const others = inMode(node, 'source', { name: 'others', ipam, sourceMacs: ['02:00:00:00:00:99'] });
    const [blue, red] = [await listed.start('blue'), await others.start('red')];
    await blue.sh('ip address add 10.30.0.50/24 dev eth0; ip address add fd30::50/64 dev eth0 nodad');
    await red.sh('ip address add 10.30.0.51/24 dev eth0; ip address add fd30::51/64 dev eth0 nodad');
    for (const address of [lan.ip4, lan.ip6]) {
      await expectPing(blue, address);
      await expectNoPing(red, address);
    }
    await listed.check(blue);
    await listed.clear();
    await others.clear();
  });
});

describe('over the wire', () => {
  testNeeds(['tcpdump'], "each container's frames carry its own MAC address", async ({ node, lan }) => {
    const pods = inMode(node, 'bridge');
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    await using capture = await lan.capture('icmp');
    await expectPing(blue, lan.ip4);
    await expectPing(red, lan.ip4);
    const requests = (await capture.stop()).filter((line) => line.includes('echo request')).join('\n');
    expect(requests).toContain(`${blue.mac} > ${lan.mac}`);
    expect(requests).toContain(`${red.mac} > ${lan.mac}`);
    await pods.clear();
  });
});
