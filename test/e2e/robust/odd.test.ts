/** Odd configs and results: what a reader of the documents would not think of writing, and somebody does. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type Config,
  check,
  cni,
  createContainer,
  createTestIpam,
  del,
  describeNeeds,
  eventually,
  expectFailure,
  expectPing,
  startCni,
  test,
} from '../../support/index.ts';
import { hostLocal, podNetwork } from '../veth-bridge/support.ts';

describeNeeds(['root', 'built'], 'an MTU', () => {
  test('below what IPv6 needs takes IPv6 off the links, and is fine for IPv4', async ({ node }) => {
    const pods = podNetwork(node, { isGateway: true, mtu: 1000, ipam: hostLocal(node, '10.22.0.0/24') });
    const blue = await pods.start();
    await expectPing(blue, '10.22.0.1');
    await pods.check(blue);
    await pods.clear();
  });

  test('below what a link can have is told by its field', async ({ node }) => {
    const pods = podNetwork(node, { mtu: 67 });
    await expectFailure(
      node,
      { command: 'ADD', config: pods.config, container: await createContainer(node) },
      { code: 7, says: /^mtu: 67, expected at least 68/ },
    );
  });
});

describeNeeds(['root', 'built'], 'routes', () => {
  test('an empty gateway is none, and a default route is not added a second time', async ({ node }) => {
    const routes = [{ dst: '10.99.0.0/16', gw: '' }, { dst: '0.0.0.0/0' }];
    const ipam = { ...hostLocal(node, '10.22.0.0/24'), routes };
    const pods = podNetwork(node, { isDefaultGateway: true, ipam });
    const blue = await pods.start();
    const defaults = await blue.ip('-4 route show default');
    expect(defaults.map(({ gateway }) => gateway)).toEqual(['10.22.0.1']);
    await pods.check(blue);
    await pods.clear();
  });

  test('the gateway may be on the link and not in the subnet', async ({ node }) => {
    const routes = [{ dst: '169.254.1.1/32', scope: 253 }, { dst: '0.0.0.0/0' }];
    const ipam = { ...hostLocal(node, { subnet: '10.22.0.0/24', gateway: '169.254.1.1' }), routes };
    const pods = podNetwork(node, { ipam });
    const blue = await pods.start();
    await node.run('ip', 'address', 'add', '169.254.1.1/32', 'dev', 'cni0');
    await node.run('ip', 'route', 'add', '10.22.0.0/24', 'dev', 'cni0');
    await expectPing(blue, '169.254.1.1');
    await pods.check(blue);
    await pods.clear();
    await node.run('ip', 'route', 'delete', '10.22.0.0/24', 'dev', 'cni0');
  });

  test('a priority of 0 leaves it to the kernel, and CHECK finds the route', async ({ node }) => {
    const routes = ['10.99.0.0/16', 'fd99::/64'].map((dst) => ({ dst, priority: 0, mtu: 0, table: 0 }));
    const pods = podNetwork(node, {
      isGateway: true,
      ipam: { ...hostLocal(node, '10.22.0.0/24', 'fd22::/64'), routes },
    });
    await pods.check(await pods.start());
    await pods.clear();
  });

  test('a gateway of the other family is told with the route', async ({ node }) => {
    const ipam = { ...hostLocal(node, '10.22.0.0/24'), routes: [{ dst: '10.99.0.0/16', gw: 'fd22::1' }] };
    const { config } = podNetwork(node, { ipam });
    const call = { config, container: await createContainer(node) };
    const says = /10\.99\.0\.0\/16.*gateway of the other family, fd22::1/;
    await expectFailure(node, { ...call, command: 'ADD' }, { says });
    await del(node, call);
  });
});

describeNeeds(['root', 'built'], 'gateways', () => {
  test('of two IPv4 subnets stand side by side', async ({ node }) => {
    const pods = podNetwork(node, { isGateway: true, ipam: hostLocal(node, '10.22.0.0/24', '10.23.0.0/24') });
    const [blue, red] = [await pods.start(), await pods.start()];
    for (const address of ['10.22.0.1', '10.23.0.1']) await expectPing(blue, address);
    await expectPing(red, '10.23.0.1');
    await pods.clear();
  });
});

describeNeeds(['root', 'built'], 'hostInterfaceName', () => {
  test('that another container has is told, and that one is left alone', async ({ node }) => {
    const pods = podNetwork(node, { isGateway: true, hostInterfaceName: 'vhost0' });
    const blue = await pods.start();
    const call = { config: pods.config, container: await createContainer(node) };
    const says = /^hostInterfaceName: the link "vhost0" is there already, and is not this container's/;
    await expectFailure(node, { ...call, command: 'ADD' }, { code: 102, says });
    await del(node, call);
    await expectPing(blue, '10.22.0.1');
    await pods.clear();
  });
});

describeNeeds(['root', 'built'], 'VLANs', () => {
  test('on a kernel that cannot filter them: its own words, and no guess', async ({ node }) => {
    const pods = podNetwork(node, { vlan: 5, ipam: {} });
    const container = await createContainer(node);
    const outcome = await cni(node, { command: 'ADD', config: pods.config, container });
    // Where the kernel can, there is nothing to tell.
    if (outcome.error) expect(outcome.error).toMatchObject({ code: 101, msg: /vlan_filtering/ });
    await del(node, { config: pods.config, container });
  });
});

describeNeeds(['root', 'built'], 'prevResult', () => {
  const unreadable: readonly unknown[] = [
    'x',
    [],
    { ips: [{}] },
    { ips: [{ address: '10.22.0.2/24', interface: -1 }] },
    { interfaces: [{ name: '' }] },
    { dns: 5 },
  ];

  test('that cannot be read keeps DEL from nothing, but CHECK', async ({ node }) => {
    const pods = podNetwork(node, { ipMasq: true, macspoofchk: true });
    for (const prevResult of unreadable) {
      const container = await createContainer(node);
      await pods.add(container);
      const call = { config: { ...pods.config, prevResult }, container };
      await expectFailure(node, { ...call, command: 'CHECK' }, { code: 6, says: /^prevResult/ });
      await del(node, call);
      expect(await container.link('eth0')).toBeUndefined();
    }
  });
});

describeNeeds(['root', 'built'], 'CHECK', () => {
  const ways: readonly (readonly [string, (port: string) => readonly string[], RegExp])[] = [
    ['the port', (port) => [port], /the host link \S+ is down/],
    ['the bridge', () => ['cni0'], /the bridge cni0 is down/],
  ];

  test.for(ways)('finds %s down', async ([, devices, says], { node }) => {
    const pods = podNetwork(node);
    const blue = await pods.start();
    for (const device of devices(blue.port)) await node.run('ip', 'link', 'set', device, 'down');
    await expect(pods.check(blue)).rejects.toThrow(says);
    await pods.clear();
  });
});

describeNeeds(['root', 'built'], 'an IPAM plugin', () => {
  test('may end with whatever status: none of them is a lock that is held', async ({ node }) => {
    const ipam = createTestIpam(node, { ips: [{ address: '10.22.0.2/24' }] });
    const config: Config = { ...podNetwork(node).config, ipam: { type: ipam.type } };
    const call = { config, container: await createContainer(node), path: ipam.path };
    const { result } = await cni(node, { ...call, command: 'ADD' });
    await check(node, { ...call, config: { ...config, prevResult: result } });
    const file = `${ipam.dir}/${ipam.type}`;
    await node.sh(`rm ${file}; printf '#!/bin/sh\\necho no >&2; exit 73\\n' >${file}; chmod +x ${file}`);
    const says = /ipam-test failed with exit status 73\nno/;
    await expectFailure(node, { ...call, command: 'DEL' }, { code: 101, says });
  });

  test('that outlives its ADD is waited for by its own DEL alone, and the link goes at once', async ({
    node,
  }) => {
    const ipam = createTestIpam(node, { ips: [{ address: '10.22.0.2/24' }] });
    ipam.delay('ADD', 3);
    const config: Config = { ...podNetwork(node).config, ipam: { type: ipam.type } };
    const call = { config, container: await createContainer(node), path: ipam.path };
    const adding = startCni(node, { ...call, command: 'ADD' });
    expect(await eventually(async () => ipam.commands().includes('ADD'))).toBe(true);
    adding.kill9();
    await adding.done;
    const deleting = startCni(node, { ...call, command: 'DEL' });
    expect(await eventually(async () => (await call.container.link('eth0')) === undefined, 2_000)).toBe(true);
    expect(ipam.commands()).toEqual(['ADD']);
    expect((await deleting.done).code).toBe(0);
    expect(ipam.commands()).toEqual(['ADD', 'DEL']);
  });
});

describeNeeds(['root', 'built'], 'an IPAM plugin that is executed', () => {
  /** Another text in place of the test plugin's first line, which names its interpreter. */
  const withFirstLine = (file: string, line: string): void =>
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^.*\n/, line));

  test('is the shell\u2019s where it does not name its interpreter', async ({ node }) => {
    const { type, path, dir, commands } = createTestIpam(node, { ips: [{ address: '10.22.0.5/24' }] });
    withFirstLine(join(dir, type), '');
    const pods = podNetwork(node, { ipam: { type } }, { path });
    const blue = await pods.start();
    await pods.check(blue);
    await pods.clear();
    expect(commands()).toEqual(['ADD', 'CHECK', 'DEL']);
  });

  test('is told of by its type where its interpreter is missing', async ({ node }) => {
    const { type, path, dir } = createTestIpam(node);
    withFirstLine(join(dir, type), '#!/nowhere/sh\n');
    const { config } = podNetwork(node, { ipam: { type } });
    const container = await createContainer(node);
    await expectFailure(
      node,
      { command: 'ADD', config, container, path },
      { code: 101, says: new RegExp(`IPAM plugin ${type} failed`) },
    );
    expect(await container.link('eth0')).toBeUndefined();
  });
});
