/** Which MAC address the container's link has: asked for in four places, or following from its address. */
import { expect } from 'vitest';
import { type Config, expectPing, mapOf, spotChecks, testNeeds } from '../../support/index.ts';
import { expectNoRows, forOvs, hostLocal, layer2, ovsNetwork, portTypes, rowsOf } from './pods.ts';

const from = (last: number): string => `02:00:00:00:00:0${last}`;
const capabilities = { mac: true };
const cases: Readonly<Record<string, { readonly fields: Config; readonly args?: Record<string, string> }>> = {
  'of the config': { fields: { mac: from(1) } },
  'of CNI_ARGS, over it': { fields: { mac: from(4) }, args: { mac: from(1) } },
  'of args.cni, over both': {
    fields: { mac: from(4), args: { cni: { Mac: from(1) } } },
    args: { MAC: from(3) },
  },
  'of runtimeConfig, over all': {
    fields: {
      mac: from(4),
      capabilities,
      args: { cni: { mac: from(2) } },
      runtimeConfig: { mac: from(1) },
    },
    args: { MAC: from(3) },
  },
};
for (const portType of portTypes) {
  for (const [what, { fields, args }] of spotChecks(Object.entries(cases))) {
    testNeeds(forOvs, `${what}: ${portType}`, async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType, ...fields });
      const capabilityArgs = { mac: from(1) };
      const blue = await pods.start('blue', {
        ...(args && { args }),
        ...('capabilities' in fields && { capabilityArgs }),
      });
      const red = await ovsNetwork(node).start('red');
      expect(blue.mac).toBe(from(1));
      expect((await blue.link('eth0'))?.address).toBe(from(1));
      expect(mapOf((await rowsOf(ovs, blue)).iface, 'external_ids')['attached-mac']).toBe(from(1));
      await expectPing(red, blue);
      await pods.check(blue);
      await pods.del(red);
      await pods.clear();
    });
  }

  testNeeds(
    forOvs,
    `follows from the IPv4 address where none is asked for: ${portType}`,
    async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      expect([blue.mac, red.mac]).toEqual(['0a:58:0a:28:00:02', '0a:58:0a:28:00:03']);
      expect((await blue.link('eth0'))?.address).toBe(blue.mac);
      await expectPing(blue, red);
      await pods.clear();
      await expectNoRows(ovs);
    },
  );

  testNeeds(
    forOvs,
    `follows from the IPv6 address where that is the only one: ${portType}`,
    async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType, ipam: hostLocal(node, 'fd40::/64') });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      expect(blue.mac).toMatch(/^0a:58:/);
      expect(red.mac).not.toBe(blue.mac);
      await expectPing(blue, red);
      await pods.clear();
      await expectNoRows(ovs);
    },
  );

  testNeeds(forOvs, `is chosen where there is no address: ${portType}`, async ({ node, ovs }) => {
    const pods = layer2(node, 'wires', { portType });
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    expect(blue.mac).toMatch(/^[0-9a-f][26ae]:/);
    expect(red.mac).not.toBe(blue.mac);
    expect(mapOf((await rowsOf(ovs, blue)).iface, 'external_ids')['attached-mac']).toBe(blue.mac);
    await pods.clear();
  });
}
