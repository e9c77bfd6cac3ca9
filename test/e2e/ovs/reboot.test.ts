/** A node that restarts: its database is on disk, its links, sandboxes and /run are not. */
import { rmSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { type Config, cni, expectPing, type Node, type Ovs, testNeeds } from '../../support/index.ts';
import { expectNoRows, forOvs, ovsNetwork, portTypes } from './pods.ts';

/** Restarts a node, as far as its Open vSwitch and plumbline can tell. */
async function reboot(node: Node, ovs: Ovs): Promise<void> {
  await ovs.stop('ovs-vswitchd', 'SIGKILL');
  await ovs.stop('ovsdb-server', 'SIGKILL');
  for (const container of [...node.containers]) await container.remove();
  const links = (await node.ip('link')).flatMap(({ ifname = 'lo' }) => (ifname === 'lo' ? [] : ifname));
  // One end of a pair goes with the other.
  for (const name of links) await node.try('ip', 'link', 'del', name);
  await node.try('ovs-dpctl', 'del-dp', 'ovs-system');
  rmSync(node.path('/run/plumbline'), { recursive: true, force: true });
  await node.setBootId('5a5a5a5a-0000-4000-8000-000000000002');
  await ovs.start('ovsdb-server');
  await ovs.start('ovs-vswitchd');
  await node.run('ip', 'link', 'set', 'br-int', 'up');
}

const limited: Config = { runtimeConfig: { bandwidth: { ingressRate: 20_000_000 } } };

for (const portType of portTypes) {
  describe(`rows of ${portType} ports from before it`, () => {
    const started = async (node: Node) => {
      const pods = ovsNetwork(node, { portType });
      return { pods, blue: await pods.start('blue'), red: await pods.start('red') };
    };

    testNeeds(forOvs, 'go with the first ADD on the bridge', async ({ node, ovs, leaks }) => {
      // Made anew with the bridge.
      leaks.allow(/^link ovs-/);
      const { pods, blue, red } = await started(node);
      await reboot(node, ovs);
      expect(await ovs.ports('br-int')).toEqual([blue.port, red.port].sort());
      const [green, gold] = [await pods.start('green'), await pods.start('gold')];
      expect(await ovs.ports('br-int')).toEqual([green.port, gold.port].sort());
      await expectPing(green, gold);
      await pods.clear();
      await pods.gc();
      await expectNoRows(ovs);
    });

    testNeeds(forOvs, "go with each one's DEL, and with GC", async ({ node, ovs, leaks }) => {
      leaks.allow(/^link ovs-/);
      const { pods, blue, red } = await started(node);
      await reboot(node, ovs);
      await pods.del(blue);
      expect(await ovs.ports('br-int')).toEqual([red.port]);
      await pods.gc();
      await expectNoRows(ovs);
      // Open vSwitch makes an internal port anew where its row is still there; it goes with the row.
      for (const pod of [blue, red]) expect(await node.link(pod.port)).toBeUndefined();
      // The runtime's DEL comes late.
      const call = { command: 'DEL', config: pods.config, containerId: red.id, netns: '' };
      expect((await cni(node, call)).code).toBe(0);
    });
  });
}

testNeeds([...forOvs, 'htb'], 'limits from before it go too', async ({ node, ovs, leaks }) => {
  leaks.allow(/^link ovs-/);
  const pods = ovsNetwork(node, limited);
  const [blue] = [await pods.start('blue'), await pods.start('red')];
  await reboot(node, ovs);
  expect(await ovs.rows('QoS')).toHaveLength(2);
  await pods.del(blue);
  expect(await ovs.rows('QoS')).toHaveLength(1);
  const green = await pods.start('green');
  expect(await ovs.ports('br-int')).toEqual([green.port]);
  expect(await ovs.rows('QoS')).toHaveLength(1);
  await pods.del(green);
  await pods.gc();
  await expectNoRows(ovs);
});
