/** Where the link is made and with which settings: names, masters, sandboxes, MTU, MAC address, layer 2 alone. */
import { describe, expect } from 'vitest';
import { type CniCall, type Config, expectPing, test } from '../../support/index.ts';
import { linkTests } from '../child/links.ts';
import { childNetwork } from '../child/pods.ts';

linkTests('macvlan');

describe('the MAC address', () => {
  const from = (last: number): string => `02:00:00:00:00:0${last}`;
  const capabilities = { mac: true };
  const cases: Readonly<
    Record<string, { readonly fields: Config; readonly args?: CniCall['args']; readonly mac: string }>
  > = {
    'of the config': { fields: { mac: from(4) }, mac: from(4) },
    'of CNI_ARGS, over it': { fields: { mac: from(4) }, args: { MAC: from(3) }, mac: from(3) },
    'of args.cni, over both': {
      fields: { mac: from(4), args: { cni: { mac: from(2) } } },
      args: { mac: from(3) },
      mac: from(2),
    },
    'of runtimeConfig, over all': {
      fields: { mac: from(4), args: { cni: { mac: from(2) } }, runtimeConfig: { mac: '02-00-00-00-00-01' } },
      args: { MAC: from(3) },
      mac: from(1),
    },
  };
  for (const [what, { fields, args, mac }] of Object.entries(cases)) {
    test(what, async ({ node, lan }) => {
      const pods = childNetwork(node, 'macvlan', fields);
      const blue = await pods.start('blue', args === undefined ? {} : { args });
      expect(blue.mac).toBe(mac);
      expect((await blue.link('eth0'))?.address).toBe(mac);
      await expectPing(blue, lan.ip4);
      await pods.check(blue);
      await pods.clear();
    });
  }

  test('of a capability, as a runtime hands it on', async ({ node, lan }) => {
    const pods = childNetwork(node, 'macvlan', { capabilities });
    const blue = await pods.start('blue', { capabilityArgs: { mac: from(5) } });
    expect(blue.mac).toBe(from(5));
    await expectPing(blue, lan.ip4);
    await pods.clear();
  });

  test('is a random one where none is asked for, and stays', async ({ node, lan }) => {
    const pods = childNetwork(node, 'macvlan');
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    expect(blue.mac).toMatch(/^[0-9a-f][26ae]:/);
    expect(red.mac).not.toBe(blue.mac);
    expect((await blue.link('eth0'))?.address).toBe(blue.mac);
    await expectPing(red, lan.ip4);
    await pods.clear();
  });
});

test('without ipam it is layer 2 only, and up', async ({ node, lan }) => {
  for (const ipam of [undefined, {}, { type: '' }]) {
    const pods = childNetwork(node, 'macvlan', { ipam });
    const blue = await pods.start();
    expect(blue.result.ips ?? []).toEqual([]);
    expect(await blue.addresses('eth0')).toEqual([]);
    expect((await blue.link('eth0'))?.flags).toContain('UP');
    await pods.check(blue);
    await blue.run('ip', 'address', 'add', '10.30.0.77/24', 'dev', 'eth0');
    await expectPing(blue, lan.ip4);
    await pods.clear();
  }
});

test('bcqueuelen', async ({ node, lan }) => {
  const pods = childNetwork(node, 'macvlan', { bcqueuelen: 2500 });
  const blue = await pods.start('blue');
  expect((await blue.link('eth0'))?.linkinfo?.info_data).toMatchObject({ bcqueuelen: 2500 });
  await expectPing(blue, lan.ip4);
  await pods.clear();
});
