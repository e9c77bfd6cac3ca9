/** Calls, networks and traces of the end-to-end tests, tried on the reference plugins. */
import { readlinkSync } from 'node:fs';
import { expect } from 'vitest';
import {
  add,
  addressIn,
  cni,
  cnitool,
  createContainer,
  createTestIpam,
  describeChildren,
  describeNeeds,
  eventually,
  expectFailure,
  expectNoLeaks,
  expectPing,
  findLeaks,
  type Node,
  network,
  reference,
  referenceBridge,
  referenceDir,
  snapshot,
  startCni,
  test,
  testNeeds,
  version,
} from '../../support/index.ts';

/** The reference's bridge and host-local, for both families. */
const pods = (node: Node, subnets = ['10.22.0.0/24', 'fd22::/64']): Record<string, unknown> => ({
  ...referenceBridge,
  ipam: {
    type: 'host-local',
    dataDir: node.dataDir,
    ranges: subnets.map((subnet) => [{ subnet }]),
  },
});

/** A network looks for plugins in its path. */
const { path } = reference;

describeNeeds(['reference', 'iptables', 'ipv6'], 'with the reference bridge and host-local', () => {
  test('two containers ping each other, their gateway and the outside, and leave nothing', async ({
    node,
    outside,
  }) => {
    const before = await snapshot(node);
    const net = network(node, pods(node), { path });
    const blue = await createContainer(node, { name: 'blue' });
    const red = await createContainer(node, { name: 'red', via: 'pid' });
    const result = await net.add(blue);
    await net.add(red);
    expect(await blue.addresses()).toEqual(['10.22.0.2/24', 'fd22::2/64']);
    expect([addressIn(result), addressIn(result, 6)]).toEqual(['10.22.0.2', 'fd22::2']);
    await expectPing(blue, red);
    await expectPing(red, '10.22.0.1');
    await expectPing(red, outside.ip4);
    await expectPing(red, outside.ip6);
    await net.check(blue);

    const { left } = await findLeaks(before, node, { within: 0 });
    expect(left.filter((text) => text.startsWith('link veth'))).toHaveLength(2);
    expect(left.filter((text) => text.startsWith('in blue: link eth0'))).toHaveLength(1);
    expect(left.filter((text) => text.includes(`${node.dataDir}/pods/10.22.0.3`))).toHaveLength(1);
    expect(left.filter((text) => /^iptables -t nat -A CNI-/.test(text)).length).toBeGreaterThan(1);

    await net.del(blue);
    await net.del(blue);
    await net.del(red);
    await expectNoLeaks(before, node);
  });

  test('what they leave where the container was gone before its DEL', async ({ node, leaks }) => {
    leaks.off();
    const before = await snapshot(node);
    const net = network(node, pods(node), { path });
    const blue = await createContainer(node);
    await net.add(blue);
    await blue.remove();
    await net.del(blue);
    const { left } = await findLeaks(before, node, { within: 500 });
    expect(left.every((text) => /^ip6?tables -t nat /.test(text))).toBe(true);
    expect(left.some((text) => text.includes(blue.id))).toBe(true);
  });

  test('a single call tells everything about itself', async ({ node }) => {
    const blue = await createContainer(node);
    const call = { ...reference, config: pods(node), container: blue };
    expect(await version(node, call)).toContain('1.0.0');
    const added = await cni(node, {
      ...call,
      command: 'ADD',
      ifname: 'net1',
      args: { IgnoreUnknown: 'true' },
    });
    expect(added).toMatchObject({ code: 0, signal: null, result: { cniVersion: '1.0.0' } });
    expect((await blue.link('net1'))?.address).toBe(added.result?.interfaces?.[2]?.mac);
    const again = await expectFailure(node, { ...call, command: 'ADD', ifname: 'net1' }, { says: /already/ });
    expect(again.code).toBeGreaterThan(0);
    await expect(add(node, { ...call, config: '{' })).rejects.toThrow(/which plugin/);
    const broken = await cni(node, { ...call, command: 'ADD', plugin: 'bridge', config: '{' });
    expect(broken.error?.code).toBe(6);
    const nameless = await cni(node, { ...call, command: 'ADD', netns: '' });
    expect(nameless.error?.msg).toContain('CNI_NETNS');
    await cni(node, { ...call, command: 'DEL', ifname: 'net1' });
  });

  testNeeds(['strace'], 'strace counts the processes of a call', async ({ node }) => {
    const blue = await createContainer(node);
    const call = { ...reference, config: { ...pods(node), ipMasq: false }, container: blue, strace: true };
    const added = await cni(node, { ...call, command: 'ADD' });
    expect(added.code).toBe(0);
    expect(describeChildren(added.children ?? [])).toMatch(/^\d+: \/usr\/lib\/cni\/host-local$/);
    const deleted = await cni(node, { ...call, command: 'DEL' });
    expect(deleted.children).toHaveLength(1);
    const asked = await cni(node, { ...call, command: 'VERSION' });
    expect(asked.children).toEqual([]);
  });

  testNeeds(['cnitool'], 'cnitool attaches and detaches', async ({ node }) => {
    const blue = await createContainer(node);
    const red = await createContainer(node, { via: 'bind' });
    const { cniVersion, name, ...plugin } = pods(node);
    const call = {
      config: { cniVersion, name, plugins: [plugin, { type: 'tuning' }] },
      path: [referenceDir],
    };
    const result = await cnitool(node, { ...call, command: 'add', container: blue });
    expect(addressIn(result)).toBe('10.22.0.2');
    await cnitool(node, { ...call, command: 'add', container: red });
    await cnitool(node, { ...call, command: 'check', container: red });
    await expectPing(blue, red);
    await cnitool(node, { ...call, command: 'del', container: blue });
    await cnitool(node, { ...call, command: 'del', container: red });
    await expect(cnitool(node, { ...call, command: 'check', container: red })).rejects.toThrow(
      /cnitool check failed/,
    );
  });

  test('a chain gets prevResult, and the capabilities that it asks for', async ({ node }) => {
    const { cniVersion, name, ...bridge } = pods(node, ['10.22.0.0/24']);
    const list = {
      cniVersion,
      name,
      plugins: [
        bridge,
        { type: 'tuning', mtu: 1400 },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    };
    const portMappings = [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }];
    const net = network(node, list, {
      path,
      capabilityArgs: { portMappings, mac: '02:00:00:00:00:05' },
    });
    const blue = await createContainer(node);
    const result = await net.add(blue);
    expect((await blue.link('eth0'))?.mtu).toBe(1400);
    expect(await node.run('iptables-save', '-t', 'nat')).toContain(`${addressIn(result)}:80`);
    // No CHECK here: portmap 1.1.1 looks for IPv6 rules on a network without IPv6.
    await net.del(blue);
    expect(net.result(blue)).toBeUndefined();
  });

  test('an IPAM plugin of the test notes its calls, and fails when told to', async ({ node }) => {
    const ips = [{ address: '10.9.0.7/24', gateway: '10.9.0.1' }];
    const ipam = createTestIpam(node, { ips });
    const config = { ...pods(node), ipMasq: false, ipam: { type: ipam.type, anything: 1 } };
    const blue = await createContainer(node);
    const net = network(node, config, { path: ipam.path, args: 'IgnoreUnknown=1' });
    expect((await net.add(blue)).ips).toMatchObject(ips);
    await net.check(blue);
    await net.del(blue);
    expect(ipam.commands()).toEqual(['ADD', 'CHECK', 'DEL']);
    expect(ipam.calls()[0]).toMatchObject({
      env: { CNI_CONTAINERID: blue.id, CNI_NETNS: blue.path, CNI_ARGS: 'IgnoreUnknown=1' },
      config: { name: 'pods', ipam: { anything: 1 } },
    });

    ipam.forget();
    ipam.fail('ADD', { code: 11, msg: 'the range is full' });
    await expect(net.add(blue)).rejects.toThrow(/the range is full/);
    await net.del(blue);
    expect(ipam.commands()[0]).toBe('ADD');
  });

  test('a call is killed in its course', async ({ node }) => {
    const ipam = createTestIpam(node);
    ipam.delay('ADD', 20);
    const blue = await createContainer(node);
    const config = { ...pods(node), ipam: { type: ipam.type } };
    const started = startCni(node, {
      command: 'ADD',
      config,
      container: blue,
      binDir: referenceDir,
      path: ipam.path,
    });
    await eventually(async () => ipam.commands().length > 0);
    // nsenter has become the plugin: it is the plugin that is killed.
    expect(readlinkSync(`/proc/${started.pid}/exe`)).toBe(`${referenceDir}/bridge`);
    const orphans = (await findLeaks(await snapshot(node), node, { within: 0 })).left;
    expect(orphans).toEqual([]);
    started.kill9();
    expect(await started.done).toMatchObject({ code: null, signal: 'SIGKILL', stdout: '' });
    started.kill9();

    // Its child goes on, and the leak check sees it.
    const stray = (await snapshot(node)).facts.filter(({ text }) => /^process \d+ .*ipam-test/.test(text));
    expect(stray).toHaveLength(1);
    process.kill(Number(stray[0]?.text.split(' ')[1]), 'SIGKILL');
    const sleeper = (await snapshot(node)).facts.find(({ text }) => /^process \d+ sleep 20$/.test(text));
    process.kill(Number(sleeper?.text.split(' ')[1]), 'SIGKILL');
    await cni(node, { command: 'DEL', config, container: blue, binDir: referenceDir, path: ipam.path });
  });
});
