/** The helpers of the end-to-end tests, tried on the reference plugins. */
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import {
  add,
  addressIn,
  cni,
  cnitool,
  createContainer,
  createNode,
  createTestIpam,
  describeChildren,
  describeNeeds,
  eventually,
  expectFailure,
  expectNoLeaks,
  expectNoPing,
  expectPing,
  findLeaks,
  has,
  missingOf,
  type Node,
  network,
  referenceDir,
  snapshot,
  startCni,
  test,
  testNeeds,
  version,
} from '../support/index.ts';

/** The reference's bridge and host-local, for both families. */
const pods = (node: Node, subnets = ['10.22.0.0/24', 'fd22::/64']): Record<string, unknown> => ({
  cniVersion: '1.0.0',
  name: 'pods',
  type: 'bridge',
  bridge: 'cni0',
  isDefaultGateway: true,
  ipMasq: true,
  ipam: {
    type: 'host-local',
    dataDir: node.dataDir,
    ranges: subnets.map((subnet) => [{ subnet }]),
  },
});

/** For single calls; a network looks for plugins in its path. */
const reference = { binDir: referenceDir, path: [referenceDir] };
const { path } = reference;

describe('a node', () => {
  test('is a host of its own', async ({ node }) => {
    expect((await node.ip('link')).map(({ ifname }) => ifname)).toEqual(['lo']);
    await node.run('ip', 'link', 'add', 'br0', 'type', 'bridge');
    expect(await node.run('ls', '/sys/class/net')).toContain('br0');
    expect(existsSync('/sys/class/net/br0')).toBe(false);

    await node.sh('mkdir -p /run/plumbline; echo x >/run/plumbline/y; echo x >/var/lib/cni/y');
    expect(existsSync('/run/plumbline/y')).toBe(false);
    expect(existsSync('/var/lib/cni/y')).toBe(false);
    expect(readFileSync(node.path('/var/lib/cni/y'), 'utf8')).toBe('x\n');
    await node.sh('rm /run/plumbline/y /var/lib/cni/y');
  });

  test('restarts, as far as its boot_id goes', async ({ node }) => {
    const bootId = '/proc/sys/kernel/random/boot_id';
    const real = readFileSync(bootId, 'utf8');
    await node.setBootId('11111111-1111-4111-8111-111111111111');
    await node.setBootId('22222222-2222-4222-8222-222222222222');
    expect(await node.run('cat', bootId)).toBe('22222222-2222-4222-8222-222222222222');
    expect(readFileSync(bootId, 'utf8')).toBe(real);
  });

  test('goes with all that was started on it', async () => {
    const node = await createNode();
    const container = await createContainer(node, { via: 'pid' });
    const server = container.start('sleep', '60');
    const { pid, dir } = node;
    await node.dispose();
    expect([existsSync(`/proc/${pid}`), existsSync(`/proc/${server.pid}`), existsSync(dir)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('tells what failed', async ({ node }) => {
    await expect(node.run('ip', 'link', 'show', 'nothing')).rejects.toThrow(
      /ip link show nothing.*\n.*does not exist/,
    );
    expect((await node.try('ip', 'link', 'show', 'nothing')).code).toBe(1);
    await expect(node.run('no-such-program')).rejects.toThrow(/no-such-program/);
    await expect(node.nft('add element inet nothing x { 1 }')).rejects.toThrow(/No such file/);
  });
});

describe('a container', () => {
  for (const via of ['name', 'pid', 'bind'] as const) {
    test(`is reached by ${via}`, async ({ node }) => {
      await using container = await createContainer(node, { via });
      expect(container.id).toMatch(/^[0-9a-f]{64}$/);
      const own = await container.run('readlink', '/proc/self/ns/net');
      expect(own).not.toBe(readlinkSync(`/proc/${node.pid}/ns/net`));
      expect(await node.run('stat', '-L', '-c', '%i', container.path)).toBe(/\d+/.exec(own)?.[0]);
      expect(await container.ping('127.0.0.1')).toBe(true);
      expect(await container.ping('::1')).toBe(true);

      await container.remove();
      await container.remove();
      expect(await node.run('sh', '-c', `stat -f -L -c %t ${container.path} 2>/dev/null || :`)).not.toBe(
        '6e736673',
      );
    });
  }
});

testNeeds(['tcpdump'], 'the outside knows no way back to a pod', async ({ node, outside }) => {
  const red = await createContainer(node, { name: 'red' });
  await expectPing(node, outside.ip4);
  await expectPing(node, outside.ip6);
  await node.sh(`
    ip link add v0 type veth peer name eth0 netns ${red.path}
    ip address add 10.9.0.1/24 dev v0
    ip link set v0 up
    echo 1 >/proc/sys/net/ipv4/ip_forward
  `);
  await red.sh('ip address add 10.9.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.9.0.1');
  await expectPing(red, '10.9.0.1');
  await expectNoPing(red, outside.ip4);
  await expect(expectPing(red, outside.ip4, 0)).rejects.toThrow(
    /red gets no answer from 203.0.113.1 .*\n.*10.9.0.2/s,
  );

  await node.nft('table ip t { chain c { type nat hook postrouting priority 100; masquerade; }; }');
  await using capture = await outside.capture('icmp');
  await expectPing(red, outside.ip4);
  await expect(expectNoPing(red, outside.ip4)).rejects.toThrow(/should not/);
  const packets = await capture.stop();
  expect(
    packets.find((line) => line.includes(`${outside.nodeIp4} > ${outside.ip4}: ICMP echo request`)),
  ).toBeDefined();

  await node.sh('ip link del v0; nft delete table ip t');
});

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

describe('the leak check finds', () => {
  /** A script that leaves something on the node, and what is told of it. */
  const leaks: Readonly<Record<string, readonly [script: string, told: RegExp]>> = {
    'a veth': ['ip link add veth1 type veth peer name veth2', /^link veth1 veth /],
    'an address': [
      'ip link set lo up; ip address add 10.1.1.1/32 dev lo',
      /^address 10\.1\.1\.1\/32 dev lo$/,
    ],
    'an IPv6 address': ['ip address add fd99::1/128 dev lo', /^address fd99::1\/128 dev lo$/],
    'a route': ['ip route add 10.1.2.0/24 dev lo', /^route4 10\.1\.2\.0\/24 dev lo/],
    'an IPv6 route': ['ip route add fd98::/64 dev lo', /^route6 fd98::\/64 dev lo/],
    'a rule': ['ip rule add from 10.1.1.1 table 100', /^rule4 .*10\.1\.1\.1/],
    'a changed link': ['ip link set uplink mtu 1300', /^link uplink .* mtu 1300/],
    'an enslaved link': [
      'ip link add br0 type bridge; ip link set uplink master br0',
      /^link uplink .* master br0/,
    ],
    'a port of a bridge that may stay': [
      'ip link add br0 type bridge; ip link add p1 master br0 type veth',
      /^link p1 .* master br0/,
    ],
    'an nft element': [
      'nft "add table inet t; add set inet t s { type ipv4_addr; }; add element inet t s { 10.1.1.1 }"',
      /^nft element inet t s "10\.1\.1\.1"$/,
    ],
    'an nft chain and its rule': [
      'nft "add table inet t; add chain inet t c; add rule inet t c accept"',
      /^nft rule inet t c /,
    ],
    'a rule of iptables': [
      'iptables -t nat -A POSTROUTING -s 10.1.1.1 -j MASQUERADE',
      /^iptables -t nat -A POSTROUTING -s 10\.1\.1\.1/,
    ],
    'a rule of ip6tables': [
      'ip6tables -A FORWARD -s fd99::1 -j ACCEPT',
      /^ip6tables -t filter -A FORWARD -s fd99::1/,
    ],
    'a rule of iptables-legacy': [
      'iptables-legacy -t nat -A POSTROUTING -s 10.1.1.1 -j MASQUERADE',
      /^iptables-legacy -t nat -A POSTROUTING -s 10\.1\.1\.1/,
    ],
    'a state file': [
      'mkdir -p /run/plumbline/vf; echo {} >/run/plumbline/vf/x.json',
      /^file \/run\/plumbline\/vf\/x\.json .*\{\}/,
    ],
    'a result in the cache': [
      'mkdir /var/lib/cni/results; echo {} >/var/lib/cni/results/x',
      /^file \/var\/lib\/cni\/results\/x/,
    ],
  };
  for (const [what, [script, told]] of Object.entries(leaks)) {
    testNeeds(
      what.includes('legacy') ? ['iptables-legacy'] : ['nft', 'iptables', 'ipv6'],
      what,
      async ({ node, outside, leaks: check }) => {
        check.off();
        expect(outside.uplink).toBe('uplink');
        const before = await snapshot(node);
        await expectNoLeaks(before, node, { within: 0 });
        await node.sh(script);
        const { left } = await findLeaks(before, node, { within: 100 });
        expect(left).toContainEqual(expect.stringMatching(told));
        await expect(expectNoLeaks(before, node, { within: 0 })).rejects.toThrow('left behind');
        await expect(expectNoLeaks(before, node, { within: 0, allow: [/./] })).resolves.toBeUndefined();
      },
    );
  }

  test('a reservation', async ({ node, leaks: check }) => {
    check.off();
    const before = await snapshot(node);
    const reservation = join(node.dataDir, 'pods/10.22.0.2');
    mkdirSync(dirname(reservation), { recursive: true });
    writeFileSync(join(dirname(reservation), 'lock'), '');
    writeFileSync(join(dirname(reservation), 'last_reserved_ip.0'), '10.22.0.2');
    await expectNoLeaks(before, node, { within: 0 });
    writeFileSync(reservation, 'id\r\neth0');
    expect((await findLeaks(before, node, { within: 0 })).left).toEqual([
      `file ${reservation} (8 bytes) "id\\r\\neth0"`,
    ]);
  });

  test('a link in a container, and one that is gone from the node', async ({ node, leaks: check }) => {
    check.off();
    await node.sh('ip link add v0 type veth peer name v1');
    const before = await snapshot(node);
    const blue = await createContainer(node, { name: 'blue' });
    await node.sh(`ip link set v1 netns ${blue.path}`);
    const { left, missing } = await findLeaks(before, node, { within: 0 });
    expect(left).toContain('in blue: link v1');
    expect(missing).toContainEqual(expect.stringMatching(/^link v1 veth /));
  });

  test('what names a container, where it could stay otherwise', async ({ node, leaks: check }) => {
    check.off();
    const before = await snapshot(node);
    const blue = await createContainer(node);
    await node.nft(
      'table inet t { chain c { type nat hook postrouting priority 100; ip saddr 10.1.1.0/24 masquerade; }; }',
    );
    await expectNoLeaks(before, node, { within: 0 });
    await node.nft('add rule inet t c accept comment "of nobody"');
    await expectNoLeaks(before, node, { within: 0 });
    await expect(expectNoLeaks(before, node, { within: 0, marks: ['nobody'] })).rejects.toThrow('of nobody');
    await node.nft(`add rule inet t c accept comment "of ${blue.id.slice(0, 40)}"`);
    await expect(expectNoLeaks(before, node, { within: 0 })).rejects.toThrow(`of ${blue.id.slice(0, 40)}`);
    await node.sh(`mkdir -p /run/plumbline/${blue.id}`);
    await expect(expectNoLeaks(before, node, { within: 0 })).rejects.toThrow(
      `folder /run/plumbline/${blue.id}`,
    );
  });

  test('nothing where it goes a moment later', async ({ node }) => {
    const before = await snapshot(node);
    await node.sh('ip link add veth1 type veth peer name veth2');
    const later = sleep(300).then(() => node.run('ip', 'link', 'del', 'veth1'));
    await expectNoLeaks(before, node);
    await later;
  });
});

describe('needs', () => {
  test('say what is missing', () => {
    expect(has('root')).toBe(true);
    expect(missingOf(['root', 'nft-bridge', 'nft-masquerade', 'macvlan', 'tbf', 'port-isolation'])).toEqual(
      [],
    );
    const missing = missingOf(['ipvlan', 'vlan', 'vlan-filtering']);
    expect(missing.every((text) => /^(ipvlan|vlan|vlan-filtering): \S/.test(text))).toBe(true);
  });
});
