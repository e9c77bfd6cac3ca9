/** The leak check, on nodes where something is left behind. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { createContainer, expectNoLeaks, findLeaks, snapshot, test, testNeeds } from '../../support/index.ts';

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
