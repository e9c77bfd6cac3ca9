/** Pods whose sandbox died without a DEL: the rows that they leave go with the next ADD, or with GC. */
import { describe, expect } from 'vitest';
import {
  type Config,
  createContainer,
  eventually,
  expectNoLeaks,
  has,
  roundsOf,
  snapshot,
  testNeeds,
} from '../../support/index.ts';
import { expectNoRows, forOvs, hostLocal, layer2, ovsNetwork, type Pod, portTypes, rowsOf } from './pods.ts';

/** Limits into the container, where the kernel can keep them: their rows refer to each other. */
const limits: Readonly<Record<string, Config>> = {
  'without limits': {},
  ...(has('htb') ? { 'with limits': { runtimeConfig: { bandwidth: { ingressRate: 20_000_000 } } } } : {}),
};

describe('after a pod of ours whose sandbox died without a DEL', () => {
  for (const [what, fields] of Object.entries(limits)) {
    testNeeds(forOvs, `the same attachment can be made anew: ${what}`, async ({ node, ovs }) => {
      const pods = layer2(node, 'wires', fields);
      const blue = await pods.start('blue');
      await blue.remove();
      expect(await eventually(async () => (await node.link(blue.port)) === undefined)).toBe(true);
      const again = await createContainer(node, { name: 'again', id: blue.id });
      const result = await pods.add(again);
      expect(result.interfaces?.[0]?.name).toBe(blue.port);
      expect(await ovs.ports('br-int')).toEqual([blue.port]);
      expect(await ovs.rows('QoS')).toHaveLength(Object.keys(fields).length);
      await pods.check(again);
      await pods.del(again);
      await expectNoRows(ovs);
    });

    testNeeds(forOvs, `twenty of them go with one ADD: ${what}`, async ({ node, ovs }) => {
      const pods = layer2(node, 'wires', fields);
      // One ADD takes 50 away at most.
      const many = roundsOf({ usual: 20, full: 50, vm: 8 });
      const dead: Pod[] = [];
      for (let index = 0; index < many; index += 1) dead.push(await pods.start());
      for (const pod of dead) await pod.remove();
      const red = await pods.start('red');
      expect(await ovs.ports('br-int')).toEqual([red.port]);
      expect(await ovs.rows('QoS')).toHaveLength(Object.keys(fields).length);
      await pods.del(red);
      await expectNoRows(ovs);
    });
  }

  for (const portType of portTypes) {
    testNeeds(forOvs, `the next ADD on the bridge takes its rows: ${portType}`, async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType });
      const others = ovsNetwork(node, { name: 'others', ipam: hostLocal(node, '10.44.0.0/24') });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      await blue.remove();
      const before = await snapshot(node);
      const green = await others.start('green');
      // An internal port that is gone is seen where somebody asks for its sandbox: at the latest by GC.
      if (portType === 'veth') expect(await ovs.ports('br-int')).toEqual([red.port, green.port].sort());
      await pods.check(red);
      await pods.gc([red]);
      expect(await ovs.ports('br-int')).toEqual([red.port, green.port].sort());
      expect((await rowsOf(ovs, red)).port['tag']).toEqual([]);
      await others.clear();
      await expectNoLeaks(before, node, {
        allow: [/10\.40\.0\.2|fd40::2|\.plumbline/, new RegExp(blue.port)],
      });
      await pods.clear();
    });
  }
});
