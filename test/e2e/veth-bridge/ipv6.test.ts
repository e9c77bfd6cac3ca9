/** IPv6: sandboxes that come with it turned off, and duplicate address detection. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cni, createContainer, expectFailure, expectPing, type Node, sampled } from '../../support/index.ts';
import { forRules, hostLocal, podNetwork, stateOf } from './support.ts';

const { test, testNeeds } = sampled();

test('a sandbox that came with disable_ipv6=1 gets its IPv6 address', async ({ node }) => {
  const pods = podNetwork(node, { isGateway: true });
  const blue = await createContainer(node);
  const off =
    'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6';
  await blue.sh(off);
  await pods.add(blue);
  expect(await blue.addresses('eth0')).toEqual(['10.22.0.2/24', 'fd22::2/64']);
  // A container's programs listen on ::1 as well.
  expect(await blue.sysctl('net/ipv6/conf/lo/disable_ipv6')).toBe('0');
  await expectPing(blue, 'fd22::1');
  await pods.check(blue);
  await pods.del(blue);
});

test('and is left alone by a network of IPv4', async ({ node }) => {
  const pods = podNetwork(node, { ipam: hostLocal(node, '10.22.0.0/24') });
  const blue = await createContainer(node);
  await blue.sh(
    'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6',
  );
  await pods.add(blue);
  expect(await blue.sysctl('net/ipv6/conf/eth0/disable_ipv6')).toBe('1');
  await pods.del(blue);
});

test('the sysctls that addresses need are set', async ({ node }) => {
  const pods = podNetwork(node);
  const blue = await pods.start();
  const expected = {
    'ipv4/conf/eth0/arp_notify': '1',
    'ipv6/conf/eth0/ndisc_notify': '1',
    'ipv6/conf/eth0/keep_addr_on_down': '1',
    'ipv6/conf/eth0/accept_dad': '0',
  };
  for (const [name, value] of Object.entries(expected))
    expect(await blue.sysctl(`net/${name}`), name).toBe(value);
  // As the last says: an address outlives that its link goes down.
  await blue.sh('ip link set eth0 down; ip link set eth0 up');
  expect(await blue.addresses('eth0')).toContain('fd22::2/64');
  await pods.clear();
});

test('without enabledad no address is tentative', async ({ node }) => {
  const pods = podNetwork(node, { isGateway: true });
  const blue = await pods.start();
  expect(await detection(blue)).toEqual(['10.22.0.2', 'fd22::2 nodad']);
  expect((await detection(node, 'cni0')).filter((text) => text.startsWith('fd22'))).toEqual([
    'fd22::1 nodad',
  ]);
  await pods.clear();
});

test('with enabledad ADD waits until no address is tentative', async ({ node }) => {
  const pods = podNetwork(node, { isGateway: true, enabledad: true });
  const blue = await pods.start();
  expect(await detection(blue)).toEqual(['10.22.0.2', 'fd22::2']);
  expect(await blue.sysctl('net/ipv6/conf/eth0/accept_dad')).toBe('1');
  await expectPing(blue, 'fd22::1');
  await pods.check(blue);
  await pods.clear();
});

testNeeds(
  forRules,
  'with enabledad an address that another machine has fails ADD, and nothing is left',
  async ({ node }) => {
    const fields = { isGateway: true, enabledad: true, macspoofchk: true, ipMasq: true };
    const pods = podNetwork(node, fields);
    const blue = await pods.start('blue');
    // Blue has it for a second address, of which no IPAM here knows: so do machines that are on the same wire.
    await blue.run('ip', 'address', 'add', 'fd22::3/64', 'dev', 'eth0', 'nodad');
    const before = await stateOf(node);

    const red = await createContainer(node, { name: 'red' });
    const call = { config: pods.config, container: red };
    await expectFailure(node, { ...call, command: 'ADD' }, { code: 103, says: /duplicate.*fd22::3/ });
    expect(await red.link('eth0')).toBeUndefined();
    expect(await stateOf(node)).toBe(before);
    await pods.check(blue);
    expect((await cni(node, { ...call, command: 'DEL' })).code).toBe(0);

    // The next one gets another address.
    await pods.add(red);
    expect(await red.addresses('eth0')).toEqual(['10.22.0.4/24', 'fd22::4/64']);
    await pods.del(red);
    await pods.clear();
  },
);

testNeeds(
  forRules,
  'such a failure leaves masqueraded who has the address, though its reservation was deleted by hand',
  async ({ node, outside }) => {
    const ipam = hostLocal(node, { subnet: 'fd22::/64', rangeStart: 'fd22::5', rangeEnd: 'fd22::5' });
    const pods = podNetwork(node, { isDefaultGateway: true, enabledad: true, ipMasq: true, ipam });
    const blue = await pods.start('blue');
    await expectPing(blue, outside.ip6);
    const rules = await node.run('nft', '-s', 'list', 'ruleset');
    rmSync(join(node.dataDir, 'pods/fd22::5'));

    const red = await createContainer(node, { name: 'red' });
    const call = { command: 'ADD' as const, config: pods.config, container: red };
    await expectFailure(node, call, { code: 103, says: /duplicate.*fd22::5/ });
    expect(await node.run('nft', '-s', 'list', 'ruleset')).toBe(rules);
    await expectPing(blue, outside.ip6);
    await pods.clear();
  },
);

/** Addresses of a link, each with what ip says of its detection: `fd22::2 tentative`. */
async function detection(place: Pick<Node, 'ip'>, device = 'eth0'): Promise<readonly string[]> {
  const [link] = await place.ip(`address show dev ${device}`);
  const flags = ['tentative', 'dadfailed', 'nodad'] as const;
  return (link?.addr_info ?? [])
    .filter(({ scope }) => scope === 'global')
    .map((info) => [info.local, ...flags.filter((flag) => flag in info)].join(' '));
}
