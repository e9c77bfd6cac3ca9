/** What macvlan and ipvlan do alike with an attachment: a second ADD, DEL in all circumstances, undo, GC, STATUS. */
import { describe, expect } from 'vitest';
import {
  type Config,
  cni,
  createContainer,
  createTestIpam,
  expectFailure,
  expectPing,
  reference,
  sampled,
} from '../../support/index.ts';
import { childConfig, childNetwork, hostLocal, type Kind, stateOf } from './pods.ts';

export function attachmentTests(kind: Kind): void {
  // What both plugins do by the same code the host's run tries, with macvlan.
  const { testNeeds } = sampled();
  describe('a second ADD is an error and leaves the first attachment as it was', () => {
    const others: Readonly<Record<string, Config>> = {
      'with the same config': {},
      'with another config': {
        mtu: 1400,
        ipam: { type: 'static', addresses: [{ address: '10.30.0.9/24' }] },
      },
    };
    for (const [what, fields] of Object.entries(others)) {
      testNeeds([kind, 'reference'], what, async ({ node, lan }) => {
        const pods = childNetwork(node, kind);
        const blue = await pods.start('blue');
        const [before, inside] = [await stateOf(node), await blue.run('ip', 'address')];
        const call = { command: 'ADD', config: { ...pods.config, ...fields }, container: blue };
        await expectFailure(node, call, {
          code: 102,
          says: /"eth0" exists in .*blue already.*DEL removes it/,
        });
        expect(await stateOf(node)).toBe(before);
        expect(await blue.run('ip', 'address')).toBe(inside);
        for (const address of [lan.ip4, lan.ip6]) await expectPing(blue, address);
        await pods.check(blue);
        await pods.clear();
      });
    }

    testNeeds([kind], 'and does not call IPAM at all', async ({ node, lan }) => {
      const ipam = createTestIpam(node, { ips: [{ address: '10.30.0.60/24', gateway: lan.ip4 }] });
      const pods = childNetwork(node, kind, { ipam: { type: ipam.type } }, { path: ipam.path });
      const blue = await pods.start('blue');
      ipam.forget();
      const call = { command: 'ADD', config: pods.config, container: blue, path: ipam.path };
      await expectFailure(node, call, { code: 102 });
      expect(ipam.commands()).toEqual([]);
      await expectPing(blue, lan.ip4);
      await pods.clear();
      expect(ipam.commands()).toEqual(['DEL']);
    });

    testNeeds([kind], 'where the name is a foreign link, it stays', async ({ node, lan }) => {
      const blue = await createContainer(node, { name: 'blue' });
      await blue.sh('ip link add eth0 type veth peer name other; ip address add 192.0.2.1/24 dev eth0');
      const [before, inside] = [await stateOf(node), await blue.run('ip', 'address')];
      const call = { config: childConfig(node, kind), container: blue };
      await expectFailure(node, { ...call, command: 'ADD' }, { code: 102, says: /"eth0" exists in/ });
      // The runtime's DEL after the failed ADD does not take it either.
      expect((await cni(node, { ...call, command: 'DEL' })).code).toBe(0);
      expect(await blue.run('ip', 'address')).toBe(inside);
      expect(await stateOf(node)).toBe(before);
      await blue.run('ip', 'link', 'del', 'eth0');
      await expectPing(node, lan.ip4);
    });
  });

  describe('DEL', () => {
    testNeeds([kind], 'takes the link, and comes twice', async ({ node, lan }) => {
      const pods = childNetwork(node, kind);
      const blue = await pods.start('blue');
      await expectPing(blue, lan.ip4);
      for (const _ of [1, 2, 3]) await pods.del(blue);
      expect(await blue.link('eth0')).toBeUndefined();
    });

    for (const cached of [true, false]) {
      const title = `frees everything where the sandbox is gone: ${cached ? 'with' : 'without'} the result of ADD`;
      testNeeds([kind], title, async ({ node, lan }) => {
        const pods = childNetwork(node, kind);
        const blue = await createContainer(node, { name: 'blue' });
        const prevResult = cached ? await pods.add(blue) : void (await pods.add(blue));
        await blue.remove();
        for (const netns of [blue.path, '', blue.path]) {
          const call = {
            command: 'DEL',
            config: { ...pods.config, prevResult },
            containerId: blue.id,
            netns,
          };
          expect((await cni(node, call)).code).toBe(0);
        }
        await expectPing(node, lan.ip4);
      });
    }

    testNeeds([kind], 'of what never was touches nothing', async ({ node, lan }) => {
      const pods = childNetwork(node, kind);
      const blue = await pods.start('blue');
      const before = await stateOf(node);
      const never = [
        { container: blue, containerId: 'never' },
        { container: blue, ifname: 'net1' },
        { containerId: 'never', netns: '/run/netns/never' },
      ];
      for (const who of never) {
        expect((await cni(node, { command: 'DEL', config: pods.config, ...who })).code).toBe(0);
      }
      expect(await stateOf(node)).toBe(before);
      await pods.check(blue);
      await expectPing(blue, lan.ip4);
      await pods.clear();
    });

    testNeeds(
      [kind],
      "leaves another container's link alone, which has the path by now",
      async ({ node, lan }) => {
        const pods = childNetwork(node, kind);
        const old = await createContainer(node, { name: 'blue' });
        const prevResult = await pods.add(old);
        await old.remove();
        const blue = await pods.start('blue');
        expect(blue.path).toBe(old.path);
        const config = { ...pods.config, prevResult };
        const call = { command: 'DEL', config, container: blue, containerId: old.id };
        expect((await cni(node, call)).code).toBe(0);
        await pods.check(blue);
        await expectPing(blue, lan.ip4);
        await pods.clear();
      },
    );

    testNeeds([kind], 'of one interface leaves the other of the same container', async ({ node, lan }) => {
      const pods = childNetwork(node, kind);
      const blue = await pods.start('blue');
      await pods.add(blue, { ifname: 'net1' });
      expect(await blue.addresses('net1')).toEqual(['10.30.0.101/24', 'fd30::101/64']);
      await pods.del(blue);
      expect(await blue.link('eth0')).toBeUndefined();
      await pods.check(blue, { ifname: 'net1' });
      await expectPing(blue, lan.ip4);
      await pods.del(blue, { ifname: 'net1' });
    });

    for (const inSandbox of [true, false]) {
      const title = `of a pod that the reference ${kind} made leaves nothing: sandbox ${inSandbox ? 'there' : 'gone'}`;
      testNeeds([kind, 'reference'], title, async ({ node, lan }) => {
        const config = childConfig(node, kind, { cniVersion: '1.0.0' });
        const blue = await createContainer(node, { name: 'blue' });
        const { result, stdout } = await cni(node, { command: 'ADD', config, container: blue, ...reference });
        expect(result, stdout).toBeDefined();
        await expectPing(blue, lan.ip4);
        if (!inSandbox) await blue.remove();
        const call = {
          command: 'DEL',
          config: { ...config, prevResult: result },
          containerId: blue.id,
          netns: blue.path,
        };
        expect((await cni(node, call)).code).toBe(0);
        if (inSandbox) expect(await blue.link('eth0')).toBeUndefined();
      });
    }
  });

  describe('an ADD that fails leaves nothing', () => {
    testNeeds([kind], 'where IPAM fails, whose DEL is called', async ({ node, lan }) => {
      const ipam = createTestIpam(node);
      ipam.fail('ADD', { code: 11, msg: 'no server answers' });
      const config = childConfig(node, kind, { ipam: { type: ipam.type } });
      const blue = await createContainer(node, { name: 'blue' });
      const before = await stateOf(node);
      const call = { command: 'ADD', config, container: blue, path: ipam.path };
      await expectFailure(node, call, { code: 11, says: /no server answers/ });
      expect(ipam.commands()).toEqual(['ADD', 'DEL']);
      expect(await blue.link('eth0')).toBeUndefined();
      expect(await stateOf(node)).toBe(before);
      await expectPing(node, lan.ip4);
    });

    testNeeds([kind], 'where its very last step fails', async ({ node, lan }) => {
      // The gateway of a route has to be a neighbour.
      const routes = [{ dst: '192.0.2.0/24', gw: '172.31.0.1' }];
      const config = childConfig(node, kind, { ipam: hostLocal(node, undefined, { routes }) });
      const blue = await createContainer(node, { name: 'blue' });
      const before = await stateOf(node);
      await expectFailure(node, { command: 'ADD', config, container: blue }, { says: /192\.0\.2\.0\/24/ });
      expect(await blue.link('eth0')).toBeUndefined();
      expect(await stateOf(node)).toBe(before);
      await expectPing(node, lan.ip4);
    });
  });

  testNeeds([kind], 'GC frees what no valid attachment has, and only that', async ({ node, lan }) => {
    const pods = childNetwork(node, kind);
    const elsewhere = { subnet: '10.30.0.0/24', rangeStart: '10.30.0.150', rangeEnd: '10.30.0.159' };
    const others = childNetwork(node, kind, { name: 'others', ipam: hostLocal(node, [elsewhere]) });
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    const green = await others.start('green');
    await blue.remove();
    await pods.gc([red]);
    expect(await stateOf(node)).not.toContain(blue.id);
    for (const pod of [red, green]) await expectPing(pod, lan.ip4);
    await pods.check(red);
    await others.check(green);
    await red.remove();
    await pods.gc();
    expect(await stateOf(node)).not.toContain(red.id);
    await others.check(green);
    await others.clear();
  });

  describe('STATUS', () => {
    testNeeds([kind], 'is fine where an ADD would succeed', async ({ node, lan }) => {
      await childNetwork(node, kind).status();
      await childNetwork(node, kind, { master: undefined }).status();
      await childNetwork(node, kind, { master: 'later', linkInContainer: true }).status();
      expect(await node.run('ip', '-brief', 'link', 'show', 'type', kind)).toBe('');
      await expectPing(node, lan.ip4);
    });

    const reasons: Readonly<
      Record<string, { readonly fields: Config; readonly says: RegExp; readonly script?: string }>
    > = {
      'there is no master': { fields: { master: 'nic9' }, says: /no link "nic9" on this node/ },
      'there is no default route to find it by': {
        fields: { master: undefined },
        script: 'ip route del default; ip -6 route del default',
        says: /no default route/,
      },
      'the master is a port of a bridge': {
        fields: {},
        script: 'ip link add br9 type bridge; ip link set uplink master br9',
        says: /"uplink" is a port of br9/,
      },
      'the MTU is more than the master has': { fields: { mtu: 1501 }, says: /1501 is more than the 1500/ },
      'the range is exhausted': { fields: { ipam: { type: 'ipam-test' } }, says: /none left/ },
    };
    for (const [what, { fields, script, says }] of Object.entries(reasons)) {
      testNeeds([kind], `is 50 where ${what}`, async ({ node, lan, leaks }) => {
        leaks.allow(/br9/, /uplink/);
        const ipam = createTestIpam(node);
        ipam.fail('STATUS', { code: 50, msg: 'none left' });
        if (script) await node.sh(script);
        const config = childConfig(node, kind, fields);
        await expectFailure(node, { command: 'STATUS', config, path: ipam.path }, { code: 50, says });
        expect(lan.uplink).toBe('uplink');
      });
    }
  });
}
