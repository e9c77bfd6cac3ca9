/** Mode and flag belong to the master: another one under living links is refused, and those keep working. */
import { describe, expect } from 'vitest';
import {
  add,
  type Config,
  cni,
  createContainer,
  createTestIpam,
  del,
  expectFailure,
  expectPing,
  type Node,
  testNeeds,
} from '../../support/index.ts';
import { childNetwork, hostLocal, type Pods } from '../child/pods.ts';

const others = (node: Node, fields: Config = {}): Pods =>
  childNetwork(node, 'ipvlan', {
    name: 'others',
    mode: 'l3',
    ipam: hostLocal(node, [{ subnet: '10.31.0.0/24' }], { routes: [{ dst: '0.0.0.0/0' }] }),
    ...fields,
  });

testNeeds(['ipvlan'], 'another mode or flag is refused, and names both', async ({ node, lan }) => {
  const pods = childNetwork(node, 'ipvlan');
  const blue = await pods.start('blue');
  const red = await createContainer(node, { name: 'red' });
  const refusals: readonly (readonly [Config, RegExp])[] = [
    [
      { mode: 'l3' },
      /mode: mode "l3" with flag "bridge" cannot be had on .*"uplink".* of mode "l2" with flag "bridge"/,
    ],
    [
      { mode: 'l2', flag: 'private' },
      /mode "l2" with flag "private" cannot be had .* of mode "l2" with flag "bridge"/,
    ],
  ];
  for (const [fields, says] of refusals) {
    const { config } = others(node, fields);
    const calls = [
      { config, container: red },
      { config, container: blue, ifname: 'net1' },
      // A second ADD: its own claim stands against it.
      { config: { ...pods.config, ...fields }, container: blue },
    ];
    for (const call of calls) await expectFailure(node, { command: 'ADD', ...call }, { code: 7, says });
    expect(await red.link('eth0')).toBeUndefined();
    expect(await blue.link('net1')).toBeUndefined();
  }
  expect((await blue.link('eth0'))?.linkinfo?.info_data).toMatchObject({ mode: 'l2', bridge: true });
  for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
  await pods.check(blue);

  // The same mode is fine, in whatever network; so is another master.
  const same = others(node, { mode: 'l2' });
  await same.start('green');
  await node.sh('ip link add nic0 type veth peer name nic1');
  const elsewhere = others(node, { name: 'elsewhere', master: 'nic0' });
  await elsewhere.start('black');
  await expectPing(blue, lan.ip4);
  for (const net of [pods, same, elsewhere]) await net.clear();
  await node.sh('ip link del nic0');
});

describe('another mode is fine again', () => {
  const ends: Readonly<Record<string, (node: Node, pods: Pods) => Promise<void>>> = {
    'after the last DEL': async (_node, pods) => pods.clear(),
    'where the sandbox has died without a DEL': async (_node, pods) => {
      const blue = await pods.start('blue2');
      await pods.clear();
      await pods.add(blue);
      await blue.remove();
    },
    'where the link is gone from a sandbox that lives': async (_node, pods) => {
      const blue = await pods.start('blue3');
      await blue.run('ip', 'link', 'del', 'eth0');
    },
  };
  for (const [when, end] of Object.entries(ends)) {
    testNeeds(['ipvlan'], when, async ({ node, lan }) => {
      const pods = childNetwork(node, 'ipvlan');
      await end(node, pods);
      const net = others(node);
      const red = await net.start('red');
      await lan.run('ip', 'route', 'add', '10.31.0.0/24', 'via', lan.nodeIp4);
      await expectPing(lan, red);
      await net.clear();
      await pods.clear();
      await pods.gc();
    });
  }

  testNeeds(['ipvlan'], 'in the same attachment, after its sandbox has died', async ({ node, lan }) => {
    // With an IPAM that minds no second ADD.
    const ipam = createTestIpam(node, { ips: [{ address: '10.30.0.60/24' }] });
    const pods = childNetwork(node, 'ipvlan', { ipam: { type: ipam.type } }, { path: ipam.path });
    const blue = await createContainer(node, { name: 'blue' });
    await pods.add(blue);
    await blue.remove();
    const again = await createContainer(node, { name: 'blue', id: blue.id });
    const config = { ...pods.config, mode: 'l3s', flag: 'private' };
    await add(node, { config, container: again, path: ipam.path });
    // And that claim counts.
    const red = await createContainer(node, { name: 'red' });
    const call = { command: 'ADD', config: others(node).config, container: red };
    await expectFailure(node, call, { code: 7, says: /living links of mode "l3s" with flag "private"/ });
    await del(node, { config, container: again, path: ipam.path });
    await expectPing(node, lan.ip4);
  });
});

testNeeds(['ipvlan'], 'two modes at once: one of them, whole', async ({ node, lan }) => {
  const [pods, net] = [childNetwork(node, 'ipvlan'), others(node)];
  const containers = await Promise.all([createContainer(node), createContainer(node), createContainer(node)]);
  const configs = [pods.config, net.config, net.config];
  const outcomes = await Promise.all(
    containers.map((container, index) =>
      cni(node, { command: 'ADD', config: configs[index] ?? {}, container }),
    ),
  );
  const modes = new Set<unknown>();
  for (const [index, { code, error }] of outcomes.entries()) {
    if (code === 0) modes.add(configs[index]?.['mode'] ?? 'l2');
    else expect(error).toMatchObject({ code: 7, msg: expect.stringContaining('cannot be had') });
    const link = await containers[index]?.link('eth0');
    if (code === 0) expect([...modes]).toEqual([link?.linkinfo?.info_data?.['mode']]);
    else expect(link).toBeUndefined();
  }
  expect(modes.size).toBe(1);
  for (const [index, container] of containers.entries())
    await del(node, { config: configs[index] ?? {}, container });
  await expectPing(node, lan.ip4);
});
