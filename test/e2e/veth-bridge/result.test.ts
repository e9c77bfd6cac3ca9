/** What ADD answers and sets inside: routes, DNS, and the printed form of each version of the specification. */
import { describe, expect } from 'vitest';
import {
  add,
  type CniResult,
  cni,
  createContainer,
  del,
  eventually,
  expectPing,
  type Node,
  test,
} from '../../support/index.ts';
import { bridgeConfig, hostLocal, podNetwork } from './support.ts';

test("routes have all that IPAM's answer says of them", async ({ node }) => {
  const routes = [
    { dst: '192.0.2.0/24' },
    { dst: '198.51.100.0/24', gw: '10.22.0.7', mtu: 1300, advmss: 1200, priority: 50 },
    { dst: '203.0.113.0/24', table: 100 },
    { dst: '10.99.0.0/16', scope: 253 },
    { dst: '2001:db8:1::/48', mtu: 1290, priority: 70 },
    { dst: '2001:db8:2::/48', gw: 'fd22::9', table: 100 },
  ];
  const pods = podNetwork(node, {
    isGateway: true,
    ipam: { ...hostLocal(node, '10.22.0.0/24', 'fd22::/64'), routes },
  });
  const blue = await pods.start();
  const [main, other] = [
    await blue.run('sh', '-c', 'ip route; ip -6 route'),
    await blue.run('sh', '-c', 'ip route show table 100; ip -6 route show table 100'),
  ];
  expect(main).toMatch(/^192\.0\.2\.0\/24 via 10\.22\.0\.1 dev eth0 *$/m);
  expect(main).toMatch(/^198\.51\.100\.0\/24 via 10\.22\.0\.7 dev eth0 metric 50 mtu 1300 advmss 1200 *$/m);
  expect(main).toMatch(/^10\.99\.0\.0\/16 dev eth0 scope link *$/m);
  expect(main).toMatch(/^2001:db8:1::\/48 via fd22::1 dev eth0 metric 70 mtu 1290 /m);
  expect(other).toMatch(/^203\.0\.113\.0\/24 via 10\.22\.0\.1 dev eth0 *$/m);
  expect(other).toMatch(/^2001:db8:2::\/48 via fd22::9 dev eth0 /m);
  expect(blue.result.routes).toEqual(routes);
  await pods.check(blue);
  await pods.clear();
});

test('isDefaultGateway makes the default routes, unless IPAM has brought them', async ({ node }) => {
  const pods = podNetwork(node, { isDefaultGateway: true });
  const blue = await pods.start();
  expect(blue.result.routes).toEqual([
    { dst: '0.0.0.0/0', gw: '10.22.0.1' },
    { dst: '::/0', gw: 'fd22::1' },
  ]);
  expect(await blue.run('ip', 'route', 'show', 'default')).toMatch(/^default via 10\.22\.0\.1 dev eth0/);
  expect(await blue.run('ip', '-6', 'route', 'show', 'default')).toMatch(/^default via fd22::1 dev eth0/);
  await pods.clear();

  const ipam = { ...hostLocal(node, '10.22.0.0/24'), routes: [{ dst: '0.0.0.0/0', gw: '10.22.0.9' }] };
  const others = podNetwork(node, { isDefaultGateway: true, ipam });
  const red = await others.start();
  expect(await red.run('ip', 'route', 'show', 'default')).toMatch(/^default via 10\.22\.0\.9 dev eth0 *$/);
  await others.clear();
});

test("addresses and gateways are those of IPAM's answer in whatever spelling", async ({ node }) => {
  const routes = [
    { dst: '2001:DB8:0:0::/64', gw: 'FD22:0::1' },
    // Host bits: the kernel itself refuses them for IPv4, and clears them for IPv6.
    { dst: '192.0.2.77/24' },
    { dst: '2001:db8:1::77/64' },
  ];
  const pods = podNetwork(node, {
    isGateway: true,
    ipam: { ...hostLocal(node, '10.22.0.0/24', 'FD22:0:0::/64'), routes },
  });
  const blue = await pods.start();
  expect(await blue.run('ip', '-6', 'route')).toMatch(/^2001:db8::\/64 via fd22::1 dev eth0/m);
  expect(await blue.run('ip', 'route')).toMatch(/^192\.0\.2\.0\/24 via 10\.22\.0\.1 dev eth0/m);
  expect(blue.result.routes?.map(({ dst }) => dst)).toEqual([
    '2001:db8::/64',
    '192.0.2.0/24',
    '2001:db8:1::/64',
  ]);
  await pods.check(blue);
  await pods.clear();
});

test("dns: the config's, else IPAM's", async ({ node }) => {
  await node.sh('printf "nameserver 192.0.2.53\\nsearch example.org\\noptions ndots:5\\n" >/run/resolv.conf');
  const ipam = { ...hostLocal(node, '10.22.0.0/24'), resolvConf: '/run/resolv.conf' };
  const blue = await createContainer(node);
  const dns = { nameservers: ['198.51.100.53'], domain: 'pods.example' };
  const answers: unknown[] = [];
  for (const fields of [{ ipam }, { ipam, dns }, { ipam, dns: {} }]) {
    const call = { config: bridgeConfig(node, fields), container: blue };
    answers.push((await cni(node, { ...call, command: 'ADD' })).result?.dns);
    await cni(node, { ...call, command: 'DEL' });
  }
  const fromIpam = { nameservers: ['192.0.2.53'], search: ['example.org'], options: ['ndots:5'] };
  expect(answers).toEqual([fromIpam, dns, fromIpam]);
  expect(await eventually(async () => (await blue.link('eth0')) === undefined)).toBe(true);
});

describe("the result has the form of the config's version", () => {
  const old = ['0.1.0', '0.2.0', undefined];
  for (const cniVersion of old) {
    test(`${cniVersion ?? 'none, which is 0.1.0'}`, async ({ node }) => {
      const { result } = await attachOnce(node, cniVersion);
      expect(result).toEqual({
        cniVersion: cniVersion ?? '0.1.0',
        ip4: { ip: '10.22.0.2/24', gateway: '10.22.0.1', routes: [{ dst: '192.0.2.0/24' }] },
        ip6: { ip: 'fd22::2/64', gateway: 'fd22::1' },
        dns: { nameservers: ['192.0.2.53'] },
      });
    });
  }

  for (const cniVersion of ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
    test(cniVersion, async ({ node }) => {
      const { result, netns, mtu } = await attachOnce(node, cniVersion);
      const [isNew, hasVersion] = [cniVersion === '1.1.0', cniVersion.startsWith('0.')];
      const told = (sandbox?: string) => ({
        name: expect.any(String),
        mac: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
        ...(isNew && { mtu }),
        ...(sandbox && { sandbox }),
      });
      const ip = (version: string, address: string, gateway: string) => ({
        ...(hasVersion && { version }),
        address,
        gateway,
        interface: 2,
      });
      expect(result).toEqual({
        cniVersion,
        interfaces: [told(), told(), told(netns)],
        ips: [ip('4', '10.22.0.2/24', '10.22.0.1'), ip('6', 'fd22::2/64', 'fd22::1')],
        // The newer fields of a route are printed in the older forms too, as the reference does it.
        routes: [{ dst: '192.0.2.0/24', mtu: 1300 }],
        dns: { nameservers: ['192.0.2.53'] },
      });
    });
  }
});

/** ADD, and DEL with the result as a runtime of that version gives it back. */
async function attachOnce(
  node: Node,
  cniVersion: string | undefined,
): Promise<{ result: CniResult; netns: string; mtu: number | undefined }> {
  const blue = await createContainer(node);
  const config = bridgeConfig(node, {
    cniVersion,
    isGateway: true,
    ipam: { ...hostLocal(node, '10.22.0.0/24', 'fd22::/64'), routes: [{ dst: '192.0.2.0/24', mtu: 1300 }] },
    dns: { nameservers: ['192.0.2.53'] },
  });
  const result = await add(node, { config, container: blue });
  expect(await blue.addresses('eth0')).toEqual(['10.22.0.2/24', 'fd22::2/64']);
  // Applied inside, whatever the printed form can say.
  expect(await blue.run('ip', 'route')).toMatch(/^192\.0\.2\.0\/24 via 10\.22\.0\.1 dev eth0 mtu 1300/m);
  await expectPing(blue, 'fd22::1');
  const mtu = (await blue.link('eth0'))?.mtu;
  const keeps = cniVersion !== undefined && cniVersion >= '0.4.0';
  await del(node, { config: keeps ? { ...config, prevResult: result } : config, container: blue });
  expect(await blue.link('eth0')).toBeUndefined();
  return { result, netns: blue.path, mtu };
}
