/** Containers with a second NIC on an Open vSwitch bridge beside the one that every pod has, in both ways to make it. */
import { describe, expect } from 'vitest';
import {
  type Component,
  createContainer,
  type Datapath,
  expectPing,
  inVirtualMachine,
  isNewHere,
  type LeakCheck,
  measure,
  type Node,
  network,
  type Ovs,
  startOvs,
  takesSamples,
  testNeeds,
} from '../../support/index.ts';
import { expectNoRows, forOvs, hostLocal, ovsNetwork, podOf, portTypes, rowsOf } from './pods.ts';

const datapaths: Readonly<Record<Datapath, readonly Component[]>> = {
  netdev: forOvs,
  system: [...forOvs, 'ovs-kernel'],
};

/** As the fixture, with a datapath that the test chooses. */
async function ovsWith(node: Node, leaks: LeakCheck, datapath: Datapath): Promise<Ovs> {
  const ovs = await startOvs(node, { datapath });
  await ovs.addBridge('br-int');
  await leaks.startHere();
  return ovs;
}

/** Every pod's own network: a veth on a Linux bridge. */
const podsOf = (node: Node) =>
  network(node, {
    name: 'cluster',
    type: 'veth-bridge',
    bridge: 'cni0',
    isGateway: true,
    ipam: hostLocal(node, '10.22.0.0/24', 'fd22::/64'),
  });

for (const [datapath, needs] of Object.entries(datapaths) as [Datapath, readonly Component[]][]) {
  if (!isNewHere(needs)) continue;
  describe(`on the ${datapath} datapath`, () => {
    for (const portType of portTypes) {
      testNeeds(
        [...needs, 'iperf3'],
        `two containers reach each other by eth0 and by vnic-1: ${portType} ports`,
        async ({ node, leaks }) => {
          const ovs = await ovsWith(node, leaks, datapath);
          const [first, second] = [podsOf(node), ovsNetwork(node, { portType })];
          const attach = async (name: string) => {
            const container = await createContainer(node, { name });
            await first.add(container);
            return podOf(container, await second.add(container, { ifname: 'vnic-1' }));
          };
          const [blue, red] = [await attach('blue'), await attach('red')];
          expect(await ovs.ports('br-int')).toEqual([blue.port, red.port].sort());
          // All four addresses of the other, eth0's and vnic-1's.
          await expectPing(blue, red);
          await expectPing(red, blue);
          expect(await blue.ping(red.ip4, { from: 'vnic-1' })).toBe(true);
          await expectFullSize(blue.exec, red.ip4, 1500);
          expect(await measure(blue, red, red.ip4)).toBeGreaterThan(1_000_000);
          expect(await measure(red, blue, blue.ip6)).toBeGreaterThan(1_000_000);

          for (const pod of [blue, red]) {
            await second.check(pod, { ifname: 'vnic-1' });
            await first.check(pod);
            await second.del(pod, { ifname: 'vnic-1' });
          }
          await expectNoRows(ovs);
          // What is left goes on.
          await expectPing(blue, red);
          for (const pod of [blue, red]) await first.del(pod);
        },
      );
    }

    testNeeds(needs, 'ports of both types reach each other', async ({ node, leaks }) => {
      const ovs = await ovsWith(node, leaks, datapath);
      const [veth, internal] = portTypes.map((portType) => ovsNetwork(node, { portType }));
      const [blue, red] = [await veth!.start('blue'), await internal!.start('red')];
      expect((await blue.link('eth0'))?.linkinfo?.info_kind).toBe('veth');
      expect((await red.link('eth0'))?.linkinfo?.info_kind).toBe(
        datapath === 'netdev' ? 'tun' : 'openvswitch',
      );
      await expectPing(blue, red);
      await expectPing(red, blue);
      await veth!.clear();
      await internal!.clear();
      await expectNoRows(ovs);
    });
  });
}

/** A packet that fills the MTU and must not be fragmented gets an answer of the same size. */
async function expectFullSize(exec: Node['exec'], address: string, mtu: number): Promise<void> {
  const payload = mtu - 20 - 8;
  const ping = ['ping', '-n', '-q', '-c', '1', '-W', '2', '-M', 'do', '-s', `${payload}`, address];
  expect(await exec(ping)).toMatchObject({ code: 0 });
}

describe('the result', () => {
  // An internal port's link has another name of its own on the kernel's datapath; a pair's has not.
  for (const portType of takesSamples ? (['internal'] as const) : portTypes) {
    testNeeds(forOvs, `names the port and the container's link: ${portType}`, async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType });
      const blue = await pods.start('blue');
      const [host, inside, ...others] = blue.result.interfaces ?? [];
      expect(others).toEqual([]);
      expect(host?.name).toMatch(/^veth[0-9a-f]{11}$/);
      expect(host?.sandbox).toBeUndefined();
      const link = await blue.link('eth0');
      expect(inside).toMatchObject({ name: 'eth0', mac: link?.address, mtu: link?.mtu, sandbox: blue.path });
      expect(blue.result.ips?.map((ip) => ip.interface)).toEqual([1, 1]);
      expect(await blue.addresses('eth0')).toEqual(['10.40.0.2/24', 'fd40::2/64']);
      expect(link?.flags).toContain('UP');
      // On the node there is a link only where it is one end of a pair.
      expect((await node.link(blue.port)) !== undefined).toBe(portType === 'veth');
      const { iface } = await rowsOf(ovs, blue);
      expect(iface['type']).toBe(portType === 'veth' ? '' : 'internal');
      await pods.check(blue);
      await pods.clear();
    });
  }

  if (inVirtualMachine) return;
  testNeeds(forOvs, 'without ipam there are no addresses, and the link is up', async ({ node, ovs }) => {
    for (const portType of portTypes) {
      for (const ipam of [undefined, {}, { type: '' }]) {
        const pods = ovsNetwork(node, { portType, ipam });
        const blue = await pods.start();
        expect(blue.result.ips ?? []).toEqual([]);
        expect(await blue.addresses('eth0')).toEqual([]);
        expect((await blue.link('eth0'))?.flags).toContain('UP');
        await pods.check(blue);
        await pods.clear();
      }
    }
    await expectNoRows(ovs);
  });

  testNeeds(forOvs, 'one container can have two interfaces in one network', async ({ node, ovs }) => {
    const pods = ovsNetwork(node);
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    const second = podOf(blue, await pods.add(blue, { ifname: 'net1' }));
    expect(second.port).not.toBe(blue.port);
    expect(second.mac).not.toBe(blue.mac);
    expect(await blue.ping(red.ip4, { from: 'net1', count: 5 })).toBe(true);
    await pods.del(blue, { ifname: 'net1' });
    expect(await ovs.ports('br-int')).toEqual([blue.port, red.port].sort());
    await pods.check(blue);
    await expectPing(blue, red);
    await pods.clear();
  });
});
