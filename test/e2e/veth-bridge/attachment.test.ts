/** What is whose: a second ADD, names that are taken, sandboxes that are gone or have become another container's. */
import { writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { cni, createContainer, expectFailure, expectPing, type Node, sampled } from '../../support/index.ts';
import { forRules, hostLocal, type Pods, podNetwork, stateOf } from './support.ts';

const { testNeeds } = sampled();

/** A network in which an attachment has all that it can have. */
const full = (node: Node): Pods =>
  podNetwork(node, { isDefaultGateway: true, ipMasq: true, macspoofchk: true });

describe('a second ADD is an error and leaves the first attachment as it was', () => {
  testNeeds(forRules, 'into the same sandbox', async ({ node, outside }) => {
    const pods = full(node);
    const blue = await pods.start('blue');
    const [before, inside] = [await stateOf(node), await blue.run('ip', 'address')];
    const call = { command: 'ADD', config: pods.config, container: blue };
    await expectFailure(node, call, { code: 102, says: new RegExp(`already .*${blue.port}.*DEL`) });
    expect(await stateOf(node)).toBe(before);
    expect(await blue.run('ip', 'address')).toBe(inside);
    for (const address of ['10.22.0.1', outside.ip4, outside.ip6]) await expectPing(blue, address);
    await pods.check(blue);
    await pods.clear();
  });

  testNeeds(forRules, 'into another sandbox', async ({ node, outside }) => {
    const pods = full(node);
    const blue = await pods.start('blue');
    const red = await createContainer(node, { name: 'red' });
    const before = await stateOf(node);
    const call = { command: 'ADD', config: pods.config, containerId: blue.id, netns: red.path };
    await expectFailure(node, call, { code: 102, says: /already/ });
    expect(await stateOf(node)).toBe(before);
    expect(await red.link('eth0')).toBeUndefined();
    await expectPing(blue, outside.ip4);
    await pods.check(blue);
    await pods.clear();
  });

  testNeeds(forRules, 'with another config', async ({ node }) => {
    const pods = full(node);
    const blue = await pods.start('blue');
    const before = await stateOf(node);
    const other = podNetwork(node, { bridge: 'cni1', mac: '02:00:00:00:00:09', ipam: {} });
    await expectFailure(node, { command: 'ADD', config: other.config, container: blue }, { code: 102 });
    expect((await stateOf(node)).replace(/^.*cni1.*\n/gm, '')).toBe(before);
    await pods.check(blue);
    await pods.clear();
  });
});

testNeeds(forRules, 'an interface of that name in the sandbox is an error, and stays', async ({ node }) => {
  const pods = full(node);
  const blue = await createContainer(node, { name: 'blue' });
  await blue.sh('ip link add eth0 type veth peer name other; ip address add 192.0.2.1/24 dev eth0');
  const inside = await blue.run('ip', 'address');
  const call = { config: pods.config, container: blue };
  await expectFailure(node, { ...call, command: 'ADD' }, { code: 102, says: /"eth0" exists in .*blue/ });
  // The runtime's DEL after the failed ADD does not take it either.
  expect((await cni(node, { ...call, command: 'DEL' })).code).toBe(0);
  expect(await blue.run('ip', 'address')).toBe(inside);
  await blue.run('ip', 'link', 'del', 'eth0');
});

describe('DEL where the sandbox is gone frees everything', () => {
  const paths: Readonly<Record<string, (path: string, node: Node) => Promise<string>>> = {
    'its path too': async (path) => path,
    'no path given': async () => '',
    'a plain file left at its path': async (path, node) => {
      writeFileSync(node.path(path), '');
      return path;
    },
  };
  for (const [what, netnsOf] of Object.entries(paths)) {
    for (const cached of [true, false]) {
      testNeeds(forRules, `${what}, ${cached ? 'with' : 'without'} the result of ADD`, async ({ node }) => {
        const pods = full(node);
        const blue = await createContainer(node, { name: 'blue' });
        const result = await pods.add(blue);
        await blue.remove();
        const config = cached ? { ...pods.config, prevResult: result } : pods.config;
        const netns = await netnsOf(blue.path, node);
        const call = { command: 'DEL', config, containerId: blue.id, netns };
        expect((await cni(node, call)).code).toBe(0);
        expect((await cni(node, call)).code).toBe(0);
        await node.sh(`rm -f '${blue.path}'`);
      });
    }
  }
});

testNeeds(forRules, 'DEL of what never was is no error, and touches nothing', async ({ node }) => {
  const pods = full(node);
  const blue = await pods.start('blue');
  const red = await createContainer(node, { name: 'red' });
  const before = await stateOf(node);
  const never = [
    { container: red },
    { container: red, ifname: 'net1' },
    { container: blue, containerId: 'never' },
    { container: blue, ifname: 'net1' },
    { containerId: 'never', netns: '/run/netns/never' },
  ];
  for (const who of never) {
    expect((await cni(node, { command: 'DEL', config: pods.config, ...who })).code).toBe(0);
  }
  expect(await stateOf(node)).toBe(before);
  await pods.check(blue);
  await pods.clear();
});

describe('DEL of a container whose path has become that of another one', () => {
  for (const cniVersion of ['1.1.0', '0.3.1']) {
    for (const cached of [true, false]) {
      const what = cached ? 'with' : 'without';
      testNeeds(
        forRules,
        `leaves that one's interface alone: ${cniVersion}, ${what} the result of ADD`,
        async ({ node }) => {
          const pods = podNetwork(node, { cniVersion, isGateway: true, ipMasq: true, macspoofchk: true });
          const old = await createContainer(node, { name: 'blue' });
          const result = await pods.add(old);
          await old.remove();
          const blue = await pods.start('blue');
          expect(blue.path).toBe(old.path);

          const config = cached ? { ...pods.config, prevResult: result } : pods.config;
          const call = { command: 'DEL', config, container: blue, containerId: old.id };
          expect((await cni(node, call)).code).toBe(0);
          expect(await blue.addresses('eth0')).toEqual(['10.22.0.3/24', 'fd22::3/64']);
          await expectPing(blue, '10.22.0.1');
          if (cniVersion === '1.1.0') await pods.check(blue);
          await pods.clear();
        },
      );
    }
  }

  testNeeds(forRules, "also where that one's end is down and carries no mark", async ({ node }) => {
    const pods = podNetwork(node, { cniVersion: '0.3.1', ipam: {}, disableContainerInterface: true });
    const old = await createContainer(node, { name: 'blue' });
    await pods.add(old);
    await old.remove();
    const blue = await pods.start('blue');
    const call = { command: 'DEL', config: pods.config, container: blue, containerId: old.id };
    expect((await cni(node, call)).code).toBe(0);
    expect(await blue.link('eth0')).toBeDefined();
    await pods.clear();
  });

  testNeeds(forRules, 'also where no plugin of ours has made it', async ({ node }) => {
    const pods = podNetwork(node);
    const old = await createContainer(node, { name: 'blue' });
    const result = await pods.add(old);
    await old.remove();
    const blue = await createContainer(node, { name: 'blue' });
    await node.sh(`ip link add v0 type veth peer name eth0 netns ${blue.path}`);
    for (const prevResult of [result, undefined]) {
      const config = { ...pods.config, prevResult };
      const call = { command: 'DEL', config, container: blue, containerId: old.id };
      expect((await cni(node, call)).code).toBe(0);
      expect(await blue.link('eth0')).toBeDefined();
    }
    await node.sh('ip link del v0');
  });
});

testNeeds(forRules, "the node's own namespace is refused before anything is done", async ({ node }) => {
  const pods = full(node);
  const blue = await pods.start('blue');
  await node.sh('ip link add eth0 type veth peer name eth1');
  const before = await stateOf(node);
  for (const command of ['ADD', 'CHECK', 'DEL']) {
    const netns = `/proc/${node.pid}/ns/net`;
    const config = { ...pods.config, prevResult: blue.result };
    const call = { command, config, containerId: blue.id, netns };
    await expectFailure(node, call, { code: 8, says: /namespace that this plugin runs in/ });
  }
  expect(await stateOf(node)).toBe(before);
  await node.sh('ip link del eth0');
  await pods.clear();
});

testNeeds(forRules, 'an address range of one: full, and free again after DEL', async ({ node }) => {
  const ipam = hostLocal(node, { subnet: '10.22.0.0/24', rangeStart: '10.22.0.5', rangeEnd: '10.22.0.5' });
  const pods = podNetwork(node, { ipMasq: true, macspoofchk: true, ipam });
  const blue = await pods.start('blue');
  const red = await createContainer(node, { name: 'red' });
  const before = await stateOf(node);
  await expectFailure(
    node,
    { command: 'ADD', config: pods.config, container: red },
    { code: 103, says: /10\.22\.0\.5/ },
  );
  expect(await stateOf(node)).toBe(before);
  expect(await red.link('eth0')).toBeUndefined();
  await pods.del(blue);
  await pods.add(red);
  expect(await red.addresses('eth0')).toEqual(['10.22.0.5/24']);
  await pods.del(red);
});
