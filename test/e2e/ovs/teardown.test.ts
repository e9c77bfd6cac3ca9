/** What DEL and GC take away, in all circumstances, and what they leave alone. */
import { describe, expect } from 'vitest';
import {
  type Config,
  cni,
  createContainer,
  createTestIpam,
  expectFailure,
  expectPing,
  testNeeds,
} from '../../support/index.ts';
import { expectNoRows, forOvs, hostLocal, ovsConfig, ovsNetwork, portTypes, stateOf } from './pods.ts';

for (const portType of portTypes) {
  describe(`DEL of ${portType} ports`, () => {
    testNeeds(forOvs, 'takes rows and link, and comes twice', async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      for (const _ of [1, 2, 3]) await pods.del(blue);
      expect(await blue.link('eth0')).toBeUndefined();
      expect(await node.link(blue.port)).toBeUndefined();
      expect(await ovs.ports('br-int')).toEqual([red.port]);
      await pods.check(red);
      await pods.clear();
      await expectNoRows(ovs);
    });

    for (const cached of [true, false]) {
      const title = `leaves nothing where the sandbox is gone: ${cached ? 'with' : 'without'} the result of ADD`;
      testNeeds(forOvs, title, async ({ node, ovs }) => {
        const pods = ovsNetwork(node, { portType });
        const blue = await pods.start('blue');
        await blue.remove();
        const config = { ...pods.config, prevResult: cached ? blue.result : undefined };
        for (const netns of [blue.path, '', blue.path]) {
          const call = { command: 'DEL', config, containerId: blue.id, netns };
          expect((await cni(node, call)).code).toBe(0);
          await expectNoRows(ovs);
        }
      });
    }

    testNeeds(forOvs, 'of what never was touches nothing', async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType });
      const blue = await pods.start('blue');
      const before = await stateOf(node, ovs);
      for (const who of [
        { container: blue, containerId: 'never' },
        { container: blue, ifname: 'net1' },
        { containerId: 'never', netns: '/run/netns/never' },
      ])
        expect((await cni(node, { command: 'DEL', config: pods.config, ...who })).code).toBe(0);
      expect(await stateOf(node, ovs)).toBe(before);
      await pods.check(blue);
      await pods.clear();
    });

    testNeeds(
      forOvs,
      "leaves another container's link alone, which has the path by now",
      async ({ node, ovs }) => {
        const pods = ovsNetwork(node, { portType });
        const old = await pods.start('blue');
        await old.remove();
        const blue = await pods.start('blue');
        expect(blue.path).toBe(old.path);
        const config = { ...pods.config, prevResult: old.result };
        expect((await cni(node, { command: 'DEL', config, container: blue, containerId: old.id })).code).toBe(
          0,
        );
        await pods.check(blue);
        expect(await ovs.ports('br-int')).toEqual([blue.port]);
        await pods.del(old);
        await pods.clear();
      },
    );

    testNeeds(
      forOvs,
      'leaves nothing after a restart of both daemons with the database kept',
      async ({ node, ovs }) => {
        const pods = ovsNetwork(node, { portType });
        const [blue, red, green] = [
          await pods.start('blue'),
          await pods.start('red'),
          await pods.start('green'),
        ];
        for (const daemon of ['ovs-vswitchd', 'ovsdb-server'] as const) await ovs.stop(daemon);
        await green.remove();
        for (const daemon of ['ovsdb-server', 'ovs-vswitchd'] as const) await ovs.start(daemon);
        // Open vSwitch cannot find an internal port again that is in another namespace; a veth's end it can.
        if (portType === 'veth') {
          await pods.check(blue);
          await expectPing(blue, red);
        }
        for (const pod of [blue, green]) await pods.del(pod);
        await red.remove();
        await pods.gc();
        await expectNoRows(ovs);
        for (const pod of [blue, red, green]) expect(await node.link(pod.port)).toBeUndefined();
      },
    );
  });

  describe(`a second ADD of ${portType} ports`, () => {
    for (const [what, fields] of Object.entries({
      'the same config': {},
      'the other type of port': { portType: portType === 'veth' ? 'internal' : 'veth' },
      'another bridge': { bridge: 'br-two' },
    })) {
      testNeeds(forOvs, `with ${what} is an error, and the first stays`, async ({ node, ovs, leaks }) => {
        await ovs.addBridge('br-two', { mac: '02:00:5e:00:53:12' });
        await leaks.startHere();
        const pods = ovsNetwork(node, { portType });
        const [blue, red] = [await pods.start('blue'), await pods.start('red')];
        const [before, inside] = [await stateOf(node, ovs), await blue.run('ip', 'address')];
        const config = { ...pods.config, ...fields };
        const says = /"eth0" exists in|eth0 in network "pods" already/;
        await expectFailure(node, { command: 'ADD', config, container: blue }, { code: 102, says });
        expect(await stateOf(node, ovs)).toBe(before);
        expect(await blue.run('ip', 'address')).toBe(inside);
        await expectPing(blue, red);
        await pods.check(blue);
        await pods.clear();
      });
    }

    testNeeds(forOvs, 'where the name is a foreign link, it stays', async ({ node, ovs }) => {
      const blue = await createContainer(node, { name: 'blue' });
      await blue.sh('ip link add eth0 type veth peer name other; ip address add 192.0.2.1/24 dev eth0');
      const [before, inside] = [await stateOf(node, ovs), await blue.run('ip', 'address')];
      const call = { config: ovsConfig(node, { portType }), container: blue };
      await expectFailure(node, { ...call, command: 'ADD' }, { code: 102, says: /"eth0" exists in/ });
      expect((await cni(node, { ...call, command: 'DEL' })).code).toBe(0);
      expect(await blue.run('ip', 'address')).toBe(inside);
      expect(await stateOf(node, ovs)).toBe(before);
      await blue.run('ip', 'link', 'del', 'eth0');
    });
  });

  describe(`an ADD of ${portType} ports that fails leaves nothing`, () => {
    testNeeds(forOvs, 'where IPAM fails, whose DEL is called', async ({ node, ovs }) => {
      const ipam = createTestIpam(node);
      ipam.fail('ADD', { code: 11, msg: 'no server answers' });
      const config = ovsConfig(node, { portType, ipam: { type: ipam.type } });
      const blue = await createContainer(node, { name: 'blue' });
      const before = await stateOf(node, ovs);
      const call = { command: 'ADD', config, container: blue, path: ipam.path };
      await expectFailure(node, call, { code: 11, says: /no server answers/ });
      expect(ipam.commands()).toEqual(['ADD', 'DEL']);
      expect(await blue.link('eth0')).toBeUndefined();
      expect(await stateOf(node, ovs)).toBe(before);
    });

    testNeeds(forOvs, 'where its very last step fails', async ({ node, ovs }) => {
      const ipam = {
        ...hostLocal(node, '10.40.0.0/24'),
        routes: [{ dst: '192.0.2.0/24', gw: '172.31.0.1' }],
      };
      const config = ovsConfig(node, { portType, ipam });
      const blue = await createContainer(node, { name: 'blue' });
      const before = await stateOf(node, ovs);
      await expectFailure(node, { command: 'ADD', config, container: blue }, { says: /192\.0\.2\.0\/24/ });
      expect(await blue.link('eth0')).toBeUndefined();
      await expectNoRows(ovs);
      expect(await stateOf(node, ovs)).toBe(before);
    });

    testNeeds(forOvs, 'where the OpenFlow port is taken', async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType, ofport_request: 9 });
      const blue = await pods.start('blue');
      const red = await createContainer(node, { name: 'red' });
      const before = await stateOf(node, ovs);
      const call = { command: 'ADD', config: pods.config, container: red };
      await expectFailure(node, call, { code: 7, says: /ofport_request: 9 is taken/ });
      expect(await stateOf(node, ovs)).toBe(before);
      await pods.check(blue);
      await pods.clear();
    });

    testNeeds(
      forOvs,
      "where a port of somebody else's has the name, which stays",
      async ({ node, ovs, leaks }) => {
        const config = ovsConfig(node, { portType });
        const blue = await createContainer(node, { name: 'blue' });
        const { result } = await cni(node, { command: 'ADD', config, container: blue });
        const name = result?.interfaces?.[0]?.name ?? '';
        await cni(node, { command: 'DEL', config, container: blue });
        await ovs.vsctl('add-port', 'br-int', name, '--', 'set', 'Interface', name, 'type=internal');
        await leaks.startHere();
        node.marks.clear();
        await expectFailure(
          node,
          { command: 'ADD', config, container: blue },
          { code: 102, says: new RegExp(name) },
        );
        expect((await cni(node, { command: 'DEL', config, container: blue })).code).toBe(0);
        expect(await ovs.ports('br-int')).toEqual([name]);
        await ovs.vsctl('del-port', name);
        leaks.allow(new RegExp(name));
      },
    );
  });
}

describe('GC', () => {
  testNeeds(forOvs, 'removes what no valid attachment has, and only that', async ({ node, ovs }) => {
    const pods = ovsNetwork(node);
    const inner = ovsNetwork(node, { portType: 'internal' });
    const others = ovsNetwork(node, { name: 'others', ipam: hostLocal(node, '10.44.0.0/24') });
    const [blue, red] = [await pods.start('blue'), await pods.start('red')];
    const [violet, gold] = [await inner.start('violet'), await inner.start('gold')];
    const green = await others.start('green');
    await pods.add(red, { ifname: 'net1' });
    await blue.remove();
    await violet.remove();
    await pods.gc([red, gold]);
    expect(await ovs.ports('br-int')).toEqual([red.port, gold.port, green.port].sort());
    expect(await red.link('net1')).toBeUndefined();
    await expectPing(red, gold);
    for (const [net, pod] of [
      [pods, red],
      [inner, gold],
      [others, green],
    ] as const)
      await net.check(pod);
    // Also of those whose sandbox is alive, and by a config that says something else now.
    await ovsNetwork(node, { bridge: 'br-none', portType: undefined }).gc();
    expect(await ovs.ports('br-int')).toEqual([green.port]);
    await pods.del(red, { ifname: 'net1' });
    await others.check(green);
    await others.clear();
    await expectNoRows(ovs);
  });

  testNeeds(forOvs, 'goes on after an error, and tells it', async ({ node, ovs }) => {
    const ipam = createTestIpam(node, { ips: [{ address: '10.40.0.2/24' }] });
    ipam.fail('GC', { code: 117, msg: 'the pool is away' });
    const pods = ovsNetwork(node, { ipam: { type: ipam.type } }, { path: ipam.path });
    await pods.start('blue');
    const call = { command: 'GC', config: pods.config, path: ipam.path };
    await expectFailure(node, call, { code: 117, says: /the pool is away/ });
    await expectNoRows(ovs);
  });
});

describe('rows that are not ours', () => {
  /** Of ovs-cni, as it writes them; and of somebody who marks nothing. None has a link any more. */
  const peers = (netns: string, uid: string): readonly string[] => [
    ...['add-port', 'br-int', 'vethpeer', `external_ids:contNetns="${netns}"`, 'external_ids:contIface=eth0'],
    'external_ids:owner="ovs-cni.network.kubevirt.io"',
    `external_ids:contPodUid=${uid}`,
    ...['--', 'add-port', 'br-int', 'vethnobody'],
  ];
  const uid = { IgnoreUnknown: '1', K8S_POD_UID: 'uid-1' };

  testNeeds(
    forOvs,
    "stay, dead or alive, whatever is added, deleted and collected; ovs-cni's go with DEL of their pod",
    async ({ node, ovs, leaks }) => {
      const blue = await createContainer(node, { name: 'blue' });
      // ovs-vsctl tells of each that has no link, and ends well.
      await ovs.vsctl('--no-wait', ...peers(blue.path, 'uid-1'));
      await leaks.startHere();
      leaks.allow(/vethpeer|vethnobody/);
      const pods = ovsNetwork(node);
      const red = await pods.start('red');
      await pods.del(red);
      await pods.gc();
      const del: Config = { command: 'DEL', config: pods.config, containerId: blue.id };
      const other = { ...uid, K8S_POD_UID: 'uid-2' };
      for (const who of [
        { netns: '/run/netns/other', args: uid },
        { netns: blue.path, ifname: 'eth1', args: uid },
        { netns: blue.path, args: other },
      ])
        expect((await cni(node, { ...del, command: 'DEL', ...who })).code).toBe(0);
      expect(await ovs.ports('br-int')).toEqual(['vethnobody', 'vethpeer']);
      const own = { ...del, command: 'DEL', netns: blue.path, args: uid };
      expect((await cni(node, own)).code).toBe(0);
      expect(await ovs.ports('br-int')).toEqual(['vethnobody']);
      await ovs.vsctl('del-port', 'vethnobody');
    },
  );

  testNeeds(
    forOvs,
    'stay where they are of another machine that shares the database',
    async ({ node, ovs }) => {
      const pods = ovsNetwork(node);
      const blue = await pods.start('blue');
      for (const table of ['Port', 'Interface'])
        await ovs.vsctl('set', table, blue.port, 'external_ids:machine=elsewhere', 'external_ids:boot=b');
      await node.run('ip', 'link', 'del', blue.port);
      await pods.gc();
      const red = await pods.start('red');
      expect(await ovs.ports('br-int')).toEqual([blue.port, red.port].sort());
      await pods.clear();
      await expectNoRows(ovs);
    },
  );
});
