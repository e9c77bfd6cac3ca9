/** Two nodes, each with an Open vSwitch of its own, joined by a VXLAN tunnel (RFC 7348). */
import { describe, expect } from 'vitest';
import {
  createNode,
  expectNoLeaks,
  expectNoPing,
  expectPing,
  type Node,
  type Ovs,
  type Place,
  snapshot,
  startOvs,
  testNeeds,
} from '../../support/index.ts';
import { forOvs, ovsNetwork, portTypes } from './pods.ts';

/** What a tunnel over IPv4 takes of the 1500 bytes: Ethernet, VXLAN, UDP and IP; and 4 more for the tag of a VLAN. */
const mtu = { plain: 1450, tagged: 1446 };

/** Joins two nodes by a cable with the addresses 192.168.77.1 and .2. */
async function joinNodes(node: Node, other: Node): Promise<void> {
  await node.run(
    'ip',
    'link',
    'add',
    'nic0',
    'type',
    'veth',
    'peer',
    'nic0',
    'netns',
    `/proc/${other.pid}/ns/net`,
  );
  for (const end of [node, other]) await end.run('ip', 'link', 'set', 'nic0', 'up');
}

/**
 * Starts an Open vSwitch on a node, whose br-int has a tunnel to the other one.
 * @param number of this node: 1 or 2
 */
async function overlayOn(node: Node, number: 1 | 2): Promise<Ovs> {
  const ovs = await startOvs(node);
  await ovs.addBridge('br-int', { mac: `02:00:5e:00:53:0${number}` });
  const address = `192.168.77.${number}/24`;
  if (ovs.datapath === 'system') {
    await node.run('ip', 'address', 'add', address, 'dev', 'nic0');
  } else {
    // The userspace datapath sends a tunnel's packets by itself: by a bridge that has the node's address and its NIC.
    await ovs.addBridge('br-phy', { mac: `02:00:5e:00:53:1${number}` });
    await ovs.vsctl('add-port', 'br-phy', 'nic0');
    await node.run('ip', 'address', 'add', address, 'dev', 'br-phy');
  }
  await ovs.vsctl(
    ...['add-port', 'br-int', 'vxlan0', '--', 'set', 'Interface', 'vxlan0', 'type=vxlan'],
    ...[`options:remote_ip=192.168.77.${3 - number}`, 'options:key=77'],
  );
  return ovs;
}

/** A packet of exactly this size that must not be fragmented gets an answer of the same size. */
async function passes(from: Place, address: string, size: number): Promise<boolean> {
  const ping = ['-n', '-q', '-c', '3', '-i', '0.2', '-W', '1', '-M', 'do', '-s', `${size - 28}`, address];
  return (await from.try('ping', ...ping)).code === 0;
}

describe('containers of two nodes', () => {
  for (const portType of portTypes) {
    testNeeds(
      forOvs,
      `reach each other through the tunnel, by full-size packets too; VLANs stay apart: ${portType} ports`,
      async ({ node, leaks }) => {
        await using other = await createNode();
        await joinNodes(node, other);
        const [here, there] = [await overlayOn(node, 1), await overlayOn(other, 2)];
        await leaks.startHere();
        // The cable's end here goes with the other node.
        leaks.allow(/\bnic0\b/);
        const before = await snapshot(other);
        await expectPing(node, '192.168.77.2', 10_000);

        // Each node has a part of the subnet to give addresses from.
        const ipamOf = (at: Node, first: number) => ({
          type: 'host-local',
          dataDir: at.dataDir,
          ranges: [
            [{ subnet: '10.41.0.0/24', rangeStart: `10.41.0.${first}`, rangeEnd: `10.41.0.${first + 9}` }],
            [{ subnet: 'fd41::/64', rangeStart: `fd41::${first}`, rangeEnd: `fd41::${first + 9}` }],
          ],
        });
        const networkOn = (at: Node, first: number, fields = {}) =>
          ovsNetwork(at, { portType, mtu: mtu.plain, ipam: ipamOf(at, first), ...fields });
        const vlanOn = (at: Node, first: number, vlan: number) =>
          networkOn(at, first, { name: `vlan${vlan}`, vlan, mtu: mtu.tagged });
        const networks = {
          plainHere: networkOn(node, 10),
          plainThere: networkOn(other, 20),
          vlan100Here: vlanOn(node, 30, 100),
          vlan100There: vlanOn(other, 40, 100),
          vlan200There: vlanOn(other, 50, 200),
        };
        const blue = await networks.plainHere.start('blue');
        const red = await networks.plainThere.start('red');
        const [green, gold] = [await networks.vlan100Here.start(), await networks.vlan100There.start()];
        const violet = await networks.vlan200There.start();

        await expectPing(blue, red, 10_000);
        await expectPing(red, blue);
        expect((await blue.link('eth0'))?.mtu).toBe(mtu.plain);
        expect(await passes(blue, red.ip4, mtu.plain)).toBe(true);
        // A byte more does not even leave.
        expect(await passes(blue, red.ip4, mtu.plain + 1)).toBe(false);

        await expectPing(green, gold, 10_000);
        expect(await passes(green, gold.ip4, mtu.tagged)).toBe(true);
        expect(await passes(gold, green.ip4, mtu.tagged)).toBe(true);
        await expectNoPing(green, violet);
        await expectNoPing(violet, gold);
        await expectNoPing(red, gold);

        for (const net of Object.values(networks)) await net.clear();
        for (const ovs of [here, there]) expect(await ovs.ports('br-int')).toEqual(['vxlan0']);
        await expectNoLeaks(before, other);
      },
    );
  }
});
