/** CHECK of macvlan and ipvlan names each thing that is not as ADD left it; DEL then cleans up all the same. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Config, type Node, spotChecks, testNeeds } from '../../support/index.ts';
import { childNetwork, hostLocal, type Kind, triesShared } from './pods.ts';

export interface Fault {
  /** A script in the container. */
  readonly inside?: string;
  /** A script on the node. */
  readonly onNode?: string;
  /** Anything else. */
  readonly how?: (node: Node) => void;
  readonly says: RegExp;
  readonly fields?: Config;
}

const common: Readonly<Record<string, Fault>> = {
  'link gone': { inside: 'ip link del eth0', says: /the link eth0 in \S+ is gone/ },
  'link renamed': {
    inside: 'ip link set eth0 down; ip link set eth0 name eth7',
    says: /eth0 in \S+ is gone/,
  },
  'link of another kind': {
    inside: 'ip link del eth0; ip link add eth0 type veth',
    says: /eth0 in \S+ is of the kind veth, not (mac|ip)vlan/,
  },
  'link down': { inside: 'ip link set eth0 down', says: /eth0 in \S+ is down/ },
  'another MTU': { inside: 'ip link set eth0 mtu 1300', says: /eth0 in \S+ has the MTU 1300, not 1400/ },
  'IPv4 address gone': {
    inside: 'ip address del 10.30.0.100/24 dev eth0',
    says: /address 10\.30\.0\.100\/24 is gone from eth0/,
  },
  'IPv6 address gone': {
    inside: 'ip address del fd30::100/64 dev eth0',
    says: /address fd30::100\/64 is gone from eth0/,
  },
  'route gone': {
    inside: 'ip route del 192.0.2.0/24',
    says: /route to 192\.0\.2\.0\/24.* is gone from eth0/,
  },
  'IPv6 route gone': {
    inside: 'ip -6 route del 2001:db8:9::/48',
    says: /route to 2001:db8:9::\/48.* is gone from eth0/,
  },
  'master gone, and the link with it': {
    onNode: 'ip link del nic0',
    says: /eth0 in \S+ is gone.*the master nic0 is gone/,
  },
  'master renamed': {
    onNode: 'ip link set nic0 down; ip link set nic0 name nic7',
    says: /the master nic0 is gone/,
  },
  'another link has the name of the master': {
    onNode: 'ip link set nic0 down; ip link set nic0 name nic7; ip link add nic0 type veth peer name nic8',
    says: /the master of eth0 is not nic0/,
  },
  'reservation gone': {
    how: (node) => rmSync(join(node.dataDir, 'pods', '10.30.0.100')),
    says: /10\.30\.0\.100 not reserved/,
  },
};

/** @param own faults that this plugin alone has */
export function checkTests(kind: Kind, own: Readonly<Record<string, Fault>>): void {
  const full = (node: Node, fields: Config = {}) => {
    const routes = [{ dst: '192.0.2.0/24' }, { dst: '2001:db8:9::/48' }];
    const ipam = hostLocal(node, undefined, { routes });
    return childNetwork(node, kind, { master: 'nic0', mtu: 1400, ipam, ...fields });
  };

  describe('CHECK names what is wrong', () => {
    for (const [what, { inside, onNode, how, says, fields }] of Object.entries({
      // What both plugins do by the same code the host's run tries, with macvlan.
      ...(triesShared(kind) && Object.fromEntries(spotChecks(Object.entries(common)))),
      ...own,
    })) {
      testNeeds([kind], what, async ({ node, leaks }) => {
        leaks.allow(/nic\d/);
        await node.sh('ip link add nic0 type veth peer name nic1; ip link set nic0 up; ip link set nic1 up');
        const pods = full(node, fields);
        const blue = await pods.start('blue');
        await pods.check(blue);
        if (inside) await blue.sh(inside);
        if (onNode) await node.sh(onNode);
        how?.(node);
        await expect(pods.check(blue)).rejects.toThrow(says);
        await pods.clear();
        // What stands in the container's sandbox under another name is nobody's business but the test's.
        await blue.sh('for name in eth0 eth7; do ip link del $name 2>/dev/null || :; done');
      });
    }

    testNeeds([kind], 'all of it at once', async ({ node, leaks }) => {
      leaks.allow(/nic\d/);
      await node.sh('ip link add nic0 type veth peer name nic1; ip link set nic0 up; ip link set nic1 up');
      const pods = full(node);
      const blue = await pods.start('blue');
      await blue.sh('ip address flush dev eth0; ip link set eth0 mtu 1300; ip link set eth0 down');
      const faults = [
        /MTU 1300/,
        /is down/,
        /10\.30\.0\.100\/24 is gone/,
        /fd30::100\/64 is gone/,
        /192\.0\.2\.0\/24/,
      ];
      for (const says of faults) await expect(pods.check(blue)).rejects.toThrow(says);
      await pods.clear();
    });
  });
}
