/** ipvlan behind another plugin of a chain: on the interface, and with the addresses, that it has brought. */
import { expect } from 'vitest';
import {
  type Config,
  createContainer,
  createTestIpam,
  expectFailure,
  expectPing,
  type Node,
  network,
  type TestIpam,
  testNeeds,
} from '../../support/index.ts';
import { hostLocal } from '../child/pods.ts';

/** A chain whose first plugin answers what a test tells it to. */
function chained(node: Node, first: TestIpam, fields: Config = {}) {
  const plugins = [{ type: first.type }, { type: 'ipvlan', ...fields }];
  return network(node, { cniVersion: '1.0.0', name: 'chained', plugins }, { path: first.path });
}

const addresses = {
  ips: [
    { address: '10.30.0.60/24', gateway: '10.30.0.1' },
    { address: 'fd30::60/64', gateway: 'fd30::1' },
  ],
  routes: [{ dst: '0.0.0.0/0' }],
};

testNeeds(['ipvlan'], 'its one interface is the master, its addresses are used', async ({ node, lan }) => {
  const first = createTestIpam(node, { interfaces: [{ name: 'uplink' }], ...addresses });
  const pods = chained(node, first);
  const blue = await createContainer(node, { name: 'blue' });
  const result = await pods.add(blue);
  expect(result.interfaces?.map(({ name }) => name)).toEqual(['eth0']);
  expect(result.ips?.map(({ interface: index }) => index)).toEqual([0, 0]);
  expect(await blue.addresses('eth0')).toEqual(['10.30.0.60/24', 'fd30::60/64']);
  for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
  // The result does not tell the master, nor is it the default route's device any more.
  await node.sh('ip link add nic0 type veth peer name nic1; ip link set nic0 up; ip link set nic1 up');
  await node.sh('ip route add default dev nic0 metric 1');
  await pods.check(blue);
  await blue.run('ip', 'route', 'del', 'default');
  await expect(pods.check(blue)).rejects.toThrow(/route to 0\.0\.0\.0\/0 via 10\.30\.0\.1 is gone/);
  await pods.del(blue);
  await node.sh('ip link del nic0');
});

testNeeds(['ipvlan'], 'addresses of its own IPAM go over those', async ({ node, lan }) => {
  const first = createTestIpam(node, { interfaces: [{ name: 'uplink' }], ...addresses });
  const pods = chained(node, first, { ipam: hostLocal(node) });
  const blue = await createContainer(node, { name: 'blue' });
  await pods.add(blue);
  expect(await blue.addresses('eth0')).toEqual(['10.30.0.100/24', 'fd30::100/64']);
  await expectPing(blue, lan.ip4);
  await pods.check(blue);
  await pods.del(blue);
});

testNeeds(['ipvlan'], 'several interfaces, and none named, are an error', async ({ node, lan }) => {
  const blue = await createContainer(node, { name: 'blue' });
  for (const names of [[], ['uplink', 'other']]) {
    const prevResult = { cniVersion: '1.0.0', interfaces: names.map((name) => ({ name })), ...addresses };
    const config = { cniVersion: '1.0.0', name: 'chained', type: 'ipvlan', prevResult };
    const says = new RegExp(`master: none is named, and prevResult has ${names.length} interfaces`);
    await expectFailure(node, { command: 'ADD', config, container: blue }, { code: 7, says });
  }
  await expectPing(node, lan.ip4);
});

testNeeds(['ipvlan'], 'a MAC address in CNI_ARGS with IgnoreUnknown is ignored', async ({ node, lan }) => {
  const pods = network(node, { name: 'pods', type: 'ipvlan', master: 'uplink', ipam: hostLocal(node) });
  const blue = await createContainer(node, { name: 'blue' });
  await pods.add(blue, { args: 'IgnoreUnknown=1;MAC=02:00:00:00:00:01' });
  await expectPing(blue, lan.ip4);
  expect((await blue.link('eth0'))?.address).toBe((await node.link('uplink'))?.address);
  await pods.del(blue, { args: 'IgnoreUnknown=1;MAC=02:00:00:00:00:01' });
});
