/** hostAccess: the node's own way to its containers, for as long as there are any. */
import { describe, expect } from 'vitest';
import {
  add,
  type Config,
  type Container,
  cni,
  createContainer,
  del,
  describeOutcome,
  expectFailure,
  expectNoPing,
  expectPing,
  type Node,
  roundsOf,
  sampled,
} from '../../support/index.ts';
import { childNetwork, hostLocal, type Pods, ranges, stateOf } from '../child/pods.ts';

const { test } = sampled();

const hostAccess = { interface: 'access', address: '10.30.0.250/32' };
const v4 = ranges.slice(0, 1);

const withAccess = (node: Node, fields: Config = {}): Pods =>
  childNetwork(node, 'macvlan', { hostAccess, ipam: hostLocal(node, v4), ...fields });

describe('the node and its containers reach each other', () => {
  test('both ways, until the last DEL', async ({ node, lan }) => {
    const pods = withAccess(node);
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    for (const pod of [blue, red]) {
      await expectPing(node, pod);
      for (const address of ['10.30.0.250', lan.nodeIp4]) await expectPing(pod, address);
    }
    await expectPing(blue, red);
    await expectPing(blue, lan.ip4);
    expect(await node.addresses('access')).toEqual(['10.30.0.250/32']);
    await pods.check(blue);

    await pods.del(blue);
    expect(await node.run('ip', 'route', 'show', 'dev', 'access')).toMatch(/^10\.30\.0\.101 .*$/);
    await expectPing(node, red);
    await pods.check(red);
    await pods.del(red);
    expect(await node.link('access')).toBeUndefined();
    // Where DEL comes again, there is nothing more to be done.
    await pods.del(red);
  });

  test('over IPv6', async ({ node, lan }) => {
    const pods = withAccess(node, {
      hostAccess: { address: 'FD30:0::250/128' },
      ipam: hostLocal(node, ranges.slice(1)),
    });
    const blue = await pods.start('blue');
    await expectPing(node, blue);
    for (const address of ['fd30::250', lan.ip6]) await expectPing(blue, address);
    await pods.check(blue);
    await pods.clear();
    expect(await node.run('ip', '-brief', 'link', 'show', 'type', 'macvlan')).toBe('');
  });

  test('where the interface has no name in the config, each network has its own', async ({ node, lan }) => {
    const unnamed = (name: string, address: string): Pods =>
      withAccess(node, { name, hostAccess: { address } });
    const [pods, others] = [unnamed('pods', '10.30.0.250/32'), unnamed('others', '10.30.0.251/32')];
    // Both networks have the same range, so the second pod needs an address of its own.
    const blue = await pods.start('blue');
    const red = await others.start('red', { args: { IP: '10.30.0.150' } });
    const links = await node.run('ip', '-brief', 'link', 'show', 'type', 'macvlan');
    expect(links.match(/^veth-[0-9a-f]{10}@/gm)).toHaveLength(2);
    await expectPing(node, blue);
    await expectPing(node, red);
    await pods.clear();
    await expectPing(node, red);
    await expectPing(red, lan.ip4);
    await others.clear();
  });

  test('two networks with the same interface share it, up to the last DEL of both', async ({ node, lan }) => {
    const pods = withAccess(node);
    const others = withAccess(node, { name: 'others' });
    const blue = await pods.start('blue');
    const red = await others.start('red', { args: { IP: '10.30.0.150' } });
    await expectPing(node, blue);
    await pods.clear();
    await pods.gc();
    await expectPing(node, red);
    await expectPing(red, lan.nodeIp4);
    await others.clear();
    expect(await node.link('access')).toBeUndefined();
  });
});

describe('what goes', () => {
  test('with a sandbox that is gone before its DEL', async ({ node, lan }) => {
    const pods = withAccess(node);
    const blue = await pods.start('blue');
    await expectPing(blue, lan.nodeIp4);
    await blue.remove();
    await pods.clear();
    expect(await node.link('access')).toBeUndefined();
  });

  test('with DEL by a config that does not speak of it any more', async ({ node, lan }) => {
    const pods = withAccess(node);
    const blue = await pods.start('blue');
    await expectPing(blue, lan.ip4);
    const { hostAccess: _gone, ...config } = pods.config;
    await del(node, { config, container: blue });
    expect(await node.link('access')).toBeUndefined();
  });

  test('by GC: all of the network that no valid attachment has', async ({ node, lan }) => {
    const pods = withAccess(node);
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    await expectPing(red, lan.ip4);
    await blue.remove();
    await pods.gc([red]);
    expect(await node.run('ip', 'route', 'show', 'dev', 'access')).toMatch(/^10\.30\.0\.101 .*$/);
    await expectPing(node, red);
    await red.remove();
    await pods.gc();
    expect(await node.link('access')).toBeUndefined();
  });

  test('never the route of whoever has the address by now', async ({ node, lan }) => {
    const one = { subnet: '10.30.0.0/24', rangeStart: '10.30.0.100', rangeEnd: '10.30.0.100' };
    const pods = withAccess(node, { ipam: hostLocal(node, [one]) });
    const blue = await createContainer(node, { name: 'blue' });
    await pods.add(blue);
    await blue.remove();
    // Somebody has freed the address by hand, as people do.
    await node.sh(`rm '${node.dataDir}/pods/10.30.0.100'`);
    const red = await pods.start('red');
    expect(red.ip4).toBe('10.30.0.100');
    for (const _ of [1, 2]) await pods.del(blue);
    await expectPing(node, red);
    await expectPing(red, lan.nodeIp4);
    await pods.check(red);
    await pods.clear();
  });
});

const races = roundsOf({ usual: 20, full: 200, vm: 3 });
const [crowd, turns] = [roundsOf({ usual: 10, full: 20, vm: 4 }), roundsOf({ usual: 3, full: 10, vm: 1 })];

describe('the last DEL and a new ADD at once', () => {
  test(`leave the new container with its access, whichever comes first: ${races} times`, async ({
    node,
    lan,
  }) => {
    const pods = withAccess(node);
    let old = await pods.start();
    for (let round = 0; round < races; round += 1) {
      const fresh = await createContainer(node);
      const call = { config: pods.config };
      const [gone, come] = await Promise.all([
        cni(node, { ...call, container: old, command: 'DEL' }),
        cni(node, { ...call, container: fresh, command: 'ADD' }),
      ]);
      expect(gone.code, describeOutcome(gone)).toBe(0);
      expect(come.code, describeOutcome(come)).toBe(0);
      await expectPing(node, fresh);
      await expectPing(fresh, lan.nodeIp4);
      await old.remove();
      old = Object.assign(fresh, { result: come.result }) as typeof old;
    }
    await del(node, { config: pods.config, container: old });
    expect(await node.link('access')).toBeUndefined();
  });

  test('many of both leave nothing in the end', async ({ node, lan }) => {
    const pods = withAccess(node);
    const containers: Container[] = [];
    for (let index = 0; index < crowd; index += 1) containers.push(await createContainer(node));
    const call = { config: pods.config };
    const round = async (container: Container): Promise<void> => {
      for (let times = 0; times < turns; times += 1) {
        await add(node, { ...call, container });
        await expectPing(node, container);
        await del(node, { ...call, container });
      }
    };
    await Promise.all(containers.map(round));
    expect(await node.link('access')).toBeUndefined();
    await expectPing(node, lan.ip4);
  });
});

describe('an ADD is refused, and leaves nothing', () => {
  const refusals: Readonly<Record<string, { readonly fields: Config; readonly says: RegExp }>> = {
    'in another mode than bridge': { fields: { mode: 'vepa' }, says: /hostAccess.*"bridge".*"vepa"/ },
    'with the master in the container': {
      fields: { linkInContainer: true },
      says: /hostAccess.*linkInContainer true/,
    },
    'without ipam': { fields: { ipam: {} }, says: /hostAccess.*ipam/ },
    'with an address that is none': {
      fields: { hostAccess: { address: '10.30.0.250' } },
      says: /hostAccess\.address: "10\.30\.0\.250", expected an address with prefix/,
    },
    'without an address': { fields: { hostAccess: {} }, says: /hostAccess\.address: missing/ },
    "where the interface's name is taken": {
      fields: { hostAccess: { ...hostAccess, interface: 'uplink' } },
      says: /hostAccess\.interface: the link "uplink" exists and is not one that plumbline made/,
    },
  };
  for (const [what, { fields, says }] of Object.entries(refusals)) {
    test(what, async ({ node, lan }) => {
      const blue = await createContainer(node, { name: 'blue' });
      const { config } = withAccess(node, fields);
      const before = await stateOf(node);
      await expectFailure(node, { command: 'ADD', config, container: blue }, { code: 7, says });
      expect(await stateOf(node)).toBe(before);
      expect(await blue.link('eth0')).toBeUndefined();
      await expectPing(node, lan.ip4);
    });
  }

  test('where the interface leads to another master', async ({ node, lan }) => {
    await node.sh('ip link add nic1 type veth peer name nic2; ip link set nic1 up; ip link set nic2 up');
    const pods = withAccess(node);
    const blue = await pods.start('blue');
    const red = await createContainer(node, { name: 'red' });
    const before = await stateOf(node);
    const { config } = withAccess(node, { name: 'others', master: 'nic1' });
    await expectFailure(
      node,
      { command: 'ADD', config, container: red },
      { code: 7, says: /"access" exists and leads to the master "uplink", not "nic1"/ },
    );
    expect(await stateOf(node)).toBe(before);
    await expectPing(node, blue);
    await expectPing(blue, lan.nodeIp4);
    await pods.clear();
    await node.sh('ip link del nic1');
  });
});

describe('CHECK names what is gone of it', () => {
  const faults: Readonly<Record<string, readonly [script: string, says: RegExp]>> = {
    'the interface': ['ip link del access', /node's link access \(hostAccess\) is gone/],
    'its address': ['ip address flush dev access', /10\.30\.0\.250\/32 is gone from the node's link access/],
    'the route': ['ip route del 10.30.0.100', /node's route to 10\.30\.0\.100 by access is gone/],
  };
  for (const [what, [script, says]] of Object.entries(faults)) {
    test(`${what}, and the next ADD mends it`, async ({ node, lan }) => {
      const pods = withAccess(node);
      const blue = await pods.start('blue');
      await node.sh(script);
      await expect(pods.check(blue)).rejects.toThrow(says);
      const red = await pods.start('red');
      await expectPing(node, red);
      await expectPing(red, '10.30.0.250');
      await expectPing(red, lan.nodeIp4);
      await pods.clear();
    });
  }

  test('nothing is wrong where all is there, and without hostAccess nothing is looked for', async ({
    node,
    lan,
  }) => {
    const pods = childNetwork(node, 'macvlan', { ipam: hostLocal(node, v4) });
    const blue = await pods.start('blue');
    await pods.check(blue);
    await expectNoPing(node, blue);
    await expectPing(blue, lan.ip4);
    await pods.clear();
  });
});
