/** uplink: a NIC of the node as a port of the bridge, the node's own addresses with it or not, and back. */
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Background,
  binDir,
  type Config,
  cni,
  createContainer,
  eventually,
  expectFailure,
  expectPing,
  gc,
  type LeakCheck,
  type Node,
  type Outside,
  sampled,
} from '../../support/index.ts';
import { bridgeConfig, forRules, hostLocal, type Pods, podNetwork } from './support.ts';

const { test, testNeeds } = sampled();

/** A network on the wire of the NIC: pods are neighbours of the outside. */
function wired(node: Node, leaks: LeakCheck, fields: Config = {}): Pods {
  // An uplink is for good: the NIC, its addresses and the note of who it is stay with the bridge.
  leaks.allow(/\buplink\b/, /^file \/run\/plumbline\/uplinks\//, /^route[46] default .* dev cni0/);
  return podNetwork(node, {
    uplink: { device: 'uplink', migrateAddresses: true },
    ipam: hostLocal(
      node,
      { subnet: '203.0.113.0/24', rangeStart: '203.0.113.100', gateway: '203.0.113.1' },
      { subnet: '2001:db8:113::/64', rangeStart: '2001:db8:113::100', gateway: '2001:db8:113::1' },
    ),
    ...fields,
  });
}

const release = (node: Node, bridge = 'cni0') =>
  node.try(join(binDir, 'plumbline'), 'release-uplink', bridge);

/** Addresses and routes of a link, as one text. */
async function carriedBy(node: Node, device: string): Promise<string> {
  const text = await node.sh(`
    ip -brief address show dev ${device} | sed 's/^[^ ]* *[A-Z]* *//; s/ *fe80::[^ ]*//'
    for family in -4 -6; do
      ip $family route show table all dev ${device} | grep -Ev '^(local|broadcast|anycast|multicast|fe80)' || :
    done
  `);
  return text
    .replace(/ expires \d+sec/g, ' expires soon')
    .replace(/ *(linkdown|pref medium|metric 256) */g, ' ')
    .replace(/ +$/gm, '');
}

test('containers are neighbours of what is behind the NIC', async ({ node, outside, leaks }) => {
  const pods = wired(node, leaks, { uplink: { device: 'uplink' } });
  const before = await carriedBy(node, 'uplink');
  const blue = await pods.start();
  expect((await node.link('uplink'))?.master).toBe('cni0');
  await expectPing(blue, outside.ip4);
  await expectPing(blue, outside.ip6);
  await expectPing(outside, blue);
  const neighbours = await outside.ip('neighbour show dev wan');
  expect(JSON.stringify(neighbours)).toContain(blue.mac);
  expect((await node.link('cni0'))?.address).toBe((await node.link('uplink'))?.address);
  // Without migrateAddresses, what the NIC carries is left where it is.
  expect(await carriedBy(node, 'uplink')).toBe(before);
  await pods.check(blue);
  await pods.clear();
});

describe('migrateAddresses', () => {
  test("moves the node's addresses and routes, all of them, and back", async ({ node, outside, leaks }) => {
    await node.sh(`
      ip address add 203.0.113.3/24 dev uplink
      ip address add 198.51.100.2/24 dev uplink valid_lft 3600 preferred_lft 1800
      ip address add 2001:db8:113::3/64 dev uplink nodad
      ip route add 192.0.2.0/24 via 203.0.113.1 dev uplink src 203.0.113.3 metric 50 mtu 1400 advmss 1300
      ip route add 192.0.2.0/24 via 203.0.113.1 dev uplink table 100
      ip route add 10.98.0.0/16 dev uplink scope link
      ip route add 10.97.0.0/16 via 10.99.0.1 dev uplink onlink
      ip route add 2001:db8:5::/48 via 2001:db8:113::1 dev uplink metric 70 mtu 1300
      ip route add 2001:db8:6::/48 via 2001:db8:113::1 dev uplink table 100
      ip route add 2001:db8:7::/48 via 2001:db8:113::1 dev uplink proto ra expires 1800 hoplimit 63
    `);
    const before = await carriedBy(node, 'uplink');
    const pods = wired(node, leaks);
    const blue = await pods.start();
    expect(await carriedBy(node, 'cni0')).toBe(before);
    expect(await carriedBy(node, 'uplink')).toBe('');
    expect(await node.run('ip', 'address', 'show', 'dev', 'cni0')).toMatch(
      /198\.51\.100\.2\/24 .*\n +valid_lft 3[56]\d\dsec preferred_lft 1[78]\d\dsec/,
    );
    // A route that a router has advertised is not made one for ever.
    expect(await node.run('ip', '-6', 'route')).toMatch(
      /^2001:db8:7::\/48 .* dev cni0 proto ra .*expires 1\d\d\dsec/m,
    );
    for (const target of [outside.ip4, outside.ip6]) await expectPing(node, target);
    for (const target of [outside.ip4, outside.nodeIp4, outside.ip6, outside.nodeIp6])
      await expectPing(blue, target);

    const released = await release(node);
    expect(released).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/uplink is out of cni0/),
      stderr: '',
    });
    expect(await carriedBy(node, 'uplink')).toBe(before);
    expect(await carriedBy(node, 'cni0')).toBe('');
    expect((await node.link('uplink'))?.master).toBeUndefined();
    for (const target of [outside.ip4, outside.ip6]) await expectPing(node, target);
    await pods.clear();
    expect(await node.run('ls', '/run/plumbline/uplinks')).toBe('');
  });

  test('lets TCP sessions over the NIC live on, in both directions', async ({ node, outside, leaks }) => {
    const sessions = [
      await session({
        server: outside,
        at: `TCP4-LISTEN:7001`,
        client: node,
        to: `TCP4:${outside.ip4}:7001`,
      }),
      await session({
        server: node,
        at: `TCP6-LISTEN:7002`,
        client: outside,
        to: `TCP6:[${outside.nodeIp6}]:7002`,
      }),
    ];
    const pods = wired(node, leaks);
    for (const { received } of sessions) await expectProgress(received);
    await pods.start();
    for (const { received } of sessions) await expectProgress(received);
    expect((await release(node)).code).toBe(0);
    for (const { received } of sessions) await expectProgress(received);
    for (const { client, server, received } of sessions) {
      // One connection from the first line to the last, and no line lost.
      expect([client.running, server.running]).toEqual([true, true]);
      expect(received()).toEqual(received().map((_, index) => `${index + 1}`));
      await client.stop('SIGKILL');
      await server.stop('SIGKILL');
    }
    await pods.clear();
  });

  test('happens once; DEL and GC do not undo it', async ({ node, outside, leaks }) => {
    const pods = wired(node, leaks);
    const blue = await pods.start();
    const moved = await carriedBy(node, 'cni0');
    const red = await pods.start();
    expect(await carriedBy(node, 'cni0')).toBe(moved);
    await expectPing(red, outside.ip4);
    await pods.check(blue);
    await pods.clear();
    await gc(node, { config: pods.config });
    expect((await node.link('uplink'))?.master).toBe('cni0');
    expect(await carriedBy(node, 'cni0')).toContain('203.0.113.2/24');
    await expectPing(node, outside.ip4);
  });

  test('two ADDs at once share the work', async ({ node, outside, leaks }) => {
    const pods = wired(node, leaks);
    const before = await carriedBy(node, 'uplink');
    const [blue, red] = await Promise.all([pods.start('blue'), pods.start('red')]);
    expect(await carriedBy(node, 'cni0')).toBe(before);
    await expectPing(blue, outside.ip4);
    await expectPing(red, outside.ip4);
    await pods.clear();
  });

  testNeeds(
    forRules,
    'beside a gateway: the bridge carries both, and gives back what is not its own',
    async ({ node, outside, leaks }) => {
      await node.sh('echo 1 >/proc/sys/net/ipv6/conf/uplink/accept_ra');
      const ipam = hostLocal(node, '10.22.0.0/24', 'fd22::/64');
      const pods = wired(node, leaks, { isDefaultGateway: true, ipMasq: true, ipam });
      const before = await carriedBy(node, 'uplink');
      const blue = await pods.start();
      const addresses = await node.addresses('cni0');
      for (const address of ['203.0.113.2/24', '10.22.0.1/24', '2001:db8:113::2/64', 'fd22::1/64']) {
        expect(addresses).toContain(address);
      }
      // A forwarding node hears routers with 2 only.
      expect(await node.sysctl('net/ipv6/conf/cni0/accept_ra')).toBe('2');
      await expectPing(blue, outside.ip4);
      await expectPing(blue, outside.ip6);
      await pods.check(blue);
      expect((await release(node)).code).toBe(0);
      expect(await carriedBy(node, 'uplink')).toBe(before);
      expect(await node.addresses('cni0')).toEqual(['10.22.0.1/24', 'fd22::1/64']);
      await expectPing(blue, outside.ip4);
      await pods.clear();
    },
  );

  test('is taken back where it fails in the middle, and the node stays reachable', async ({
    node,
    outside,
    leaks,
  }) => {
    // A link with macvlan children cannot become a port: the kernel says so after the addresses have moved.
    await node.sh('ip link add mv0 link uplink type macvlan');
    const before = await carriedBy(node, 'uplink');
    const blue = await createContainer(node);
    const { config } = wired(node, leaks);
    await expectFailure(node, { command: 'ADD', config, container: blue }, { says: /busy/i });
    expect(await carriedBy(node, 'uplink')).toBe(before);
    expect(await node.addresses('cni0')).toEqual([]);
    for (const target of [outside.ip4, outside.ip6]) await expectPing(node, target);
    expect(await blue.link('eth0')).toBeUndefined();
    await node.run('ip', 'link', 'del', 'mv0');
    expect(await node.run('ls', '/run/plumbline/uplinks')).toBe('');
  });
});

test('routers are heard on the bridge as they were on the NIC', async ({ node, leaks }) => {
  for (const [heard, expected] of [
    ['0', '0'],
    ['1', '1'],
    ['2', '2'],
  ]) {
    const [device, bridge] = [`nic${heard}`, `br${heard}`];
    await node.sh(`ip link add ${device} type veth peer name p${heard}; ip link set ${device} up`);
    await node.sh(`echo ${heard} >/proc/sys/net/ipv6/conf/${device}/accept_ra`);
    await leaks.startHere();
    const pods = wired(node, leaks, { bridge, uplink: { device }, ipam: {} });
    leaks.allow(/\bnic\d\b/, /\bp\d\b/);
    await pods.start();
    expect(await node.sysctl(`net/ipv6/conf/${bridge}/accept_ra`)).toBe(expected);
    await pods.clear();
  }
});

describe('a device that cannot be the uplink is refused, and nothing is changed', () => {
  const cases: Readonly<Record<string, readonly [device: string, says: RegExp]>> = {
    'that is not there': ['nic7', /uplink\.device: there is no link "nic7"/],
    'that is a port of another bridge': ['taken', /"taken" is a port of cni7 already/],
    'that is the bridge': ['cni0', /"cni0" is the bridge itself/],
    'that is another bridge': ['cni7', /"cni7" is itself a bridge/],
    'that is the loopback': ['lo', /"lo" is the loopback/],
  };
  for (const [what, [device, says]] of Object.entries(cases)) {
    test(what, async ({ node }) => {
      await node.sh(
        'ip link add cni7 type bridge; ip link add taken master cni7 type veth peer name taken-peer',
      );
      const blue = await createContainer(node);
      for (const migrateAddresses of [false, true]) {
        const config = bridgeConfig(node, { uplink: { device, migrateAddresses } });
        await expectFailure(node, { command: 'ADD', config, container: blue }, { code: 7, says });
      }
      expect(await blue.link('eth0')).toBeUndefined();
      expect((await node.link('taken'))?.master).toBe('cni7');
      expect((await cni(node, { command: 'DEL', config: bridgeConfig(node), container: blue })).code).toBe(0);
      await node.sh('ip link del taken');
    });
  }
});

test('release-uplink says what is wrong, and has changed nothing', async ({ node, outside, leaks }) => {
  const pods = wired(node, leaks);
  await pods.start();
  const moved = await carriedBy(node, 'cni0');
  await node.sh('ip link add cni7 type bridge');
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[], 2, /BRIDGE is missing/],
    [['cni0', 'cni7'], 2, /Unexpected argument 'cni7'/],
    [['nothing'], 1, /there is no link "nothing"/],
    [['cni7'], 1, /cni7 has 0 ports that could be its uplink/],
    [['uplink'], 1, /uplink/],
  ];
  for (const [args, code, says] of cases) {
    const outcome = await node.try(join(binDir, 'plumbline'), 'release-uplink', ...args);
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(says) });
    expect(outcome.stderr).not.toMatch(/^\s+at /m);
  }
  expect(await carriedBy(node, 'cni0')).toBe(moved);
  await expectPing(node, outside.ip4);
  await pods.clear();
});

interface Session {
  readonly client: Background;
  readonly server: Background;
  /** The lines that have come through. */
  readonly received: () => readonly string[];
}

/** A TCP connection over which the client sends a number ten times a second. */
async function session(ends: {
  readonly server: Node | Outside;
  readonly at: string;
  readonly client: Node | Outside;
  readonly to: string;
}): Promise<Session> {
  const server = ends.server.start('socat', '-u', `${ends.at},reuseaddr`, 'STDOUT');
  const numbers = 'i=0; while i=$((i+1)); do echo $i; sleep 0.1; done';
  const script = `until (${numbers}) | socat -u STDIN '${ends.to}'; do sleep 0.1; done`;
  const client = ends.client.start('sh', '-c', script);
  const received = () => server.stdout.split('\n').slice(0, -1);
  return { client, server, received };
}

async function expectProgress(received: () => readonly string[]): Promise<void> {
  const count = received().length;
  expect(await eventually(async () => received().length > count + 5, 10_000)).toBe(true);
}
