/** What a config asks of the links: MTU, MAC addresses, names, bridge ports; and of the routes in the container. */
import { describe, expect } from 'vitest';
import {
  type Component,
  type Config,
  createContainer,
  expectFailure,
  expectNoPing,
  expectPing,
  sampled,
} from '../../support/index.ts';
import { bridgeConfig, hostLocal, podNetwork, portSettings } from './support.ts';

const { test, testNeeds } = sampled();

test('mtu is that of both ends and of a new bridge', async ({ node }) => {
  const pods = podNetwork(node, { mtu: 1380, isGateway: true });
  const blue = await pods.start();
  expect((await blue.link('eth0'))?.mtu).toBe(1380);
  expect((await node.link(blue.port))?.mtu).toBe(1380);
  expect((await node.link('cni0'))?.mtu).toBe(1380);
  expect(blue.result.interfaces?.map(({ mtu }) => mtu)).toEqual([1380, 1380, 1380]);
  const packet = ['ping', '-c1', '-W1', '-M', 'do', '10.22.0.1', '-s'];
  expect((await blue.exec([...packet, '1352'])).code).toBe(0);
  expect((await blue.exec([...packet, '1353'])).code).not.toBe(0);
  await pods.check(blue);
  await pods.clear();
});

describe('a bridge port', () => {
  const needs: readonly Component[] = ['tcpdump'];
  for (const hairpinMode of [true, false]) {
    const title = `with hairpinMode ${hairpinMode} ${hairpinMode ? 'gives' : 'does not give'} back what its container sends to all`;
    testNeeds(needs, title, async ({ node }) => {
      const pods = podNetwork(node, { hairpinMode });
      const blue = await pods.start();
      expect(await portSettings(node, blue.port)).toMatchObject({ hairpin: hairpinMode });
      await using capture = blue.start(
        'tcpdump',
        '-nn',
        '-l',
        '--immediate-mode',
        '-Q',
        'in',
        '-i',
        'eth0',
        'arp',
      );
      await capture.ready(/listening on/);
      // Nobody is there, so it asks all: "who has".
      await blue.ping('10.22.0.99', { count: 2 });
      expect(/Request who-has 10\.22\.0\.99 tell 10\.22\.0\.2/.test(await capture.stop('SIGINT'))).toBe(
        hairpinMode,
      );
      await pods.clear();
    });
  }

  testNeeds(
    ['nft'],
    'with hairpinMode lets a container reach itself by an address of the node that leads back to it',
    async ({ node }) => {
      const pods = podNetwork(node, {
        hairpinMode: true,
        isDefaultGateway: true,
        ipam: hostLocal(node, '10.22.0.0/24'),
      });
      const blue = await pods.start();
      // As a Kubernetes service does it: the way there and the way back go through the bridge's own address.
      await node.nft(`table ip service {
      chain in { type nat hook prerouting priority -100; ip daddr 192.0.2.80 dnat to ${blue.ip4}; }
      chain out { type nat hook postrouting priority 99; ip saddr ${blue.ip4} ip daddr ${blue.ip4} masquerade; }
    }`);
      await expectPing(blue, '192.0.2.80');
      await node.nft('delete table ip service');
      await pods.clear();
    },
  );

  testNeeds(
    ['port-isolation'],
    'with portIsolation reaches the gateway and no other such port',
    async ({ node }) => {
      const pods = podNetwork(node, { portIsolation: true, isGateway: true });
      const open = podNetwork(node, { isGateway: true });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      const green = await open.start('green');
      expect(await portSettings(node, blue.port)).toMatchObject({ isolated: true });
      await expectPing(blue, '10.22.0.1');
      await expectPing(red, 'fd22::1');
      await expectNoPing(blue, red);
      // A port that is not isolated is everybody's.
      await expectPing(blue, green);
      await pods.clear();
      await open.clear();
    },
  );
});

test('promiscMode puts the bridge into promiscuous mode, also one that was there', async ({ node }) => {
  await node.sh('ip link add cni1 type bridge; ip link set cni1 up');
  for (const bridge of ['cni0', 'cni1']) {
    const pods = podNetwork(node, { bridge, promiscMode: true });
    const [blue, red] = [await pods.start(), await pods.start()];
    expect((await node.link(bridge))?.flags).toContain('PROMISC');
    await expectPing(blue, red);
    await pods.clear();
  }
});

test('settings that exclude each other are refused before anything is made', async ({ node }) => {
  const blue = await createContainer(node);
  const refused: readonly (readonly [Config, RegExp])[] = [
    [{ hairpinMode: true, promiscMode: true }, /hairpinMode and promiscMode/],
    [{ disableContainerInterface: true }, /disableContainerInterface and ipam/],
  ];
  for (const [fields, says] of refused) {
    await expectFailure(
      node,
      { command: 'ADD', config: bridgeConfig(node, fields), container: blue },
      { code: 7, says },
    );
  }
  expect(await node.link('cni0')).toBeUndefined();
  expect(await blue.link('eth0')).toBeUndefined();
});

test('disableContainerInterface leaves the container its end down', async ({ node }) => {
  const pods = podNetwork(node, { disableContainerInterface: true, ipam: {} });
  const blue = await pods.start();
  expect((await blue.link('eth0'))?.flags).not.toContain('UP');
  expect(blue.result.ips ?? []).toEqual([]);
  await pods.check(blue);
  // Whoever wanted it so brings it up.
  await blue.sh('ip link set eth0 up; ip address add 192.0.2.2/24 dev eth0');
  await node.sh('ip address add 192.0.2.1/24 dev cni0');
  await expectPing(blue, '192.0.2.1');
  await node.sh('ip address del 192.0.2.1/24 dev cni0');
  await pods.clear();
});

test('mac: runtimeConfig over args.cni over CNI_ARGS over the config', async ({ node }) => {
  const macs = ['02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03', '02:00:00:00:00:04'] as const;
  const [runtime, args, environment, config] = macs;
  const sources: readonly (readonly [Config, string | undefined])[] = [
    [{ runtimeConfig: { mac: runtime }, args: { cni: { mac: args } }, mac: config }, environment],
    [{ args: { cni: { mac: args } }, mac: config }, environment],
    [{ mac: config }, environment],
    [{ mac: config }, undefined],
  ];
  for (const [index, [fields, inArgs]] of sources.entries()) {
    const pods = podNetwork(node, fields, inArgs === undefined ? {} : { args: `MAC=${inArgs}` });
    const blue = await pods.start();
    expect((await blue.link('eth0'))?.address).toBe(macs[index]);
    expect(blue.mac).toBe(macs[index]);
    await pods.check(blue);
    await pods.clear();
  }
});

test('mac: without one, a random one of local administration; one that is none is refused', async ({
  node,
}) => {
  const pods = podNetwork(node);
  const [blue, red] = [await pods.start(), await pods.start()];
  expect(blue.mac).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
  expect(red.mac).not.toBe(blue.mac);
  expect((await blue.link('eth0'))?.address).toBe(blue.mac);
  expect((await node.link(blue.port))?.address).toBe(blue.result.interfaces?.[1]?.mac);
  await pods.clear();
  const container = await createContainer(node);
  for (const mac of ['01:00:5e:00:00:01', '00:00:00:00:00:00', '02:00:00:00:00', 'no']) {
    const config = bridgeConfig(node, { mac });
    await expectFailure(node, { command: 'ADD', config, container }, { code: 7, says: /mac: / });
  }
});

test('the bridge keeps its MAC address as ports come and go', async ({ node }) => {
  const pods = podNetwork(node, { isGateway: true });
  const macs = new Set<string | undefined>();
  for (const mac of ['02:00:00:00:00:01', 'fe:ff:ff:ff:ff:ff']) {
    const net = podNetwork(node, { isGateway: true, mac });
    const blue = await net.start();
    macs.add((await node.link('cni0'))?.address);
    await net.clear();
    expect(blue.result.interfaces?.[0]?.mac).toBe((await node.link('cni0'))?.address);
  }
  const blue = await pods.start();
  macs.add((await node.link('cni0'))?.address);
  expect(macs.size).toBe(1);
  await pods.clear();
  expect(await blue.link('eth0')).toBeUndefined();
});

test('hostInterfaceName names the end on the node, and a taken name is an error', async ({ node }) => {
  const pods = podNetwork(node, { hostInterfaceName: 'to-blue', isGateway: true });
  const blue = await pods.start('blue');
  expect(blue.port).toBe('to-blue');
  expect((await node.link('to-blue'))?.master).toBe('cni0');
  await expectPing(blue, '10.22.0.1');
  await pods.check(blue);

  const red = await createContainer(node, { name: 'red' });
  await expectFailure(
    node,
    { command: 'ADD', config: pods.config, container: red },
    { code: 102, says: /to-blue/ },
  );
  await expectPing(blue, '10.22.0.1');
  // Nor does the other one's DEL touch what is not its own.
  await pods.del(red);
  expect((await node.link('to-blue'))?.master).toBe('cni0');
  await expectPing(blue, '10.22.0.1');
  await pods.clear();
  expect(await node.link('to-blue')).toBeUndefined();
});

test('a link of the node has the same name as the one in the container', async ({ node }) => {
  await node.sh('ip link add eth0 type veth peer name eth1');
  const pods = podNetwork(node, { isGateway: true });
  const blue = await pods.start();
  await expectPing(blue, '10.22.0.1');
  await pods.clear();
  expect((await node.link('eth0'))?.linkinfo?.info_kind).toBe('veth');
  await node.sh('ip link del eth0');
});
