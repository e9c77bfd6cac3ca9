/** CHECK names each thing that is not as ADD left it, and STATUS what would be in an ADD's way. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Component,
  type Config,
  createTestIpam,
  expectFailure,
  type Node,
  type Ovs,
  spotChecks,
  testNeeds,
} from '../../support/index.ts';
import { forOvs, hostLocal, ovsConfig, ovsNetwork, type Pod, portTypes } from './pods.ts';

interface Fault {
  /** What goes wrong, in whichever place. */
  readonly how: (place: { readonly node: Node; readonly ovs: Ovs; readonly blue: Pod }) => Promise<unknown>;
  readonly says: RegExp;
  readonly fields?: Config;
  readonly only?: 'veth' | 'internal';
  readonly needs?: readonly Component[];
}

const inside =
  (script: string): Fault['how'] =>
  ({ blue }) =>
    blue.sh(script);

const faults: Readonly<Record<string, Fault>> = {
  'port gone': { how: ({ ovs, blue }) => ovs.vsctl('del-port', blue.port), says: /port is gone/ },
  'port on the wrong bridge': {
    how: ({ ovs, blue }) => moveTo(ovs, blue.port, 'br-other'),
    says: /port veth\w+ is not on the bridge br-int/,
  },
  'bridge gone': {
    how: async ({ ovs, blue }) => {
      await moveTo(ovs, blue.port, 'br-other');
      await ovs.vsctl('del-br', 'br-int');
    },
    says: /bridge br-int is gone/,
  },
  'wrong tag': {
    how: ({ ovs, blue }) => ovs.vsctl('set', 'Port', blue.port, 'tag=200'),
    says: /tag of veth\w+ is 200, not 100/,
  },
  'no tag': {
    how: ({ ovs, blue }) => ovs.vsctl('clear', 'Port', blue.port, 'tag'),
    says: /tag of veth\w+ is none, not 100/,
  },
  'wrong mode': {
    how: ({ ovs, blue }) => ovs.vsctl('set', 'Port', blue.port, 'vlan_mode=trunk'),
    says: /vlan_mode of veth\w+ is trunk, not access/,
  },
  'wrong trunks': {
    fields: { vlan: undefined, trunk: [{ id: 7 }, { id: 9 }] },
    how: ({ ovs, blue }) => ovs.vsctl('set', 'Port', blue.port, 'trunks=7,8'),
    says: /trunks of veth\w+ are 7,8, not 7,9/,
  },
  'no iface-id': {
    fields: { args: { cni: { ovnPort: 'pod-1' } } },
    how: ({ ovs, blue }) => ovs.vsctl('remove', 'Interface', blue.port, 'external_ids', 'iface-id'),
    says: /iface-id of veth\w+ is none, not pod-1/,
  },
  'another OpenFlow port': {
    fields: { ofport_request: 50 },
    how: ({ ovs, blue }) => ovs.vsctl('set', 'Interface', blue.port, 'ofport_request=51'),
    says: /port veth\w+ has the number 51, not 50/,
  },
  'QoS gone': {
    only: 'veth',
    needs: ['htb'],
    fields: { runtimeConfig: { bandwidth: { ingressRate: 1_000_000 } } },
    how: ({ ovs, blue }) => ovs.vsctl('clear', 'Port', blue.port, 'qos'),
    says: /QoS of veth\w+ is gone/,
  },
  'policing gone': {
    only: 'veth',
    needs: ['policing'],
    fields: { ingressPolicingRate: 1000 },
    how: ({ ovs, blue }) => ovs.vsctl('set', 'Interface', blue.port, 'ingress_policing_rate=0'),
    says: /ingress_policing_rate of veth\w+ is 0, not 1000/,
  },
  'netdev gone on the node': {
    only: 'veth',
    how: ({ node, blue }) => node.run('ip', 'link', 'del', blue.port),
    says: /host link veth\w+ is gone/,
  },
  'netdev down on the node': {
    only: 'veth',
    how: ({ node, blue }) => node.run('ip', 'link', 'set', blue.port, 'down'),
    says: /host link veth\w+ is down/,
  },
  'netdev gone': { how: inside('ip link del eth0'), says: /link eth0 in \S+ is gone/ },
  'netdev renamed': {
    how: inside('ip link set eth0 down; ip link set eth0 name eth7'),
    says: /link eth0 in \S+ is gone/,
  },
  'netdev down': { how: inside('ip link set eth0 down'), says: /eth0 in \S+ is down/ },
  'another MTU': { how: inside('ip link set eth0 mtu 1300'), says: /eth0 in \S+ has the MTU 1300, not 1400/ },
  'another MAC address': {
    how: inside('ip link set eth0 address 02:00:00:00:00:99'),
    says: /eth0 in \S+ has the MAC address 02:00:00:00:00:99, not 0a:58/,
  },
  'IPv4 address gone': {
    how: inside('ip address del 10.40.0.2/24 dev eth0'),
    says: /address 10\.40\.0\.2\/24 is gone from eth0/,
  },
  'IPv6 address gone': {
    how: inside('ip address del fd40::2/64 dev eth0'),
    says: /address fd40::2\/64 is gone from eth0/,
  },
  'route gone': {
    how: inside('ip route del 192.0.2.0/24'),
    says: /route to 192\.0\.2\.0\/24.* is gone from eth0/,
  },
  'reservation gone': {
    how: async ({ node }) => rmSync(join(node.dataDir, 'pods', '10.40.0.2')),
    says: /10\.40\.0\.2 not reserved/,
  },
};

/** Takes a port out of br-int and puts it into another bridge, row and all. */
async function moveTo(ovs: Ovs, port: string, bridge: string): Promise<void> {
  await ovs.addBridge(bridge, { mac: '02:00:5e:00:53:11' });
  const row = await ovs.row('Port', port);
  const uuid = String(row?.['_uuid']);
  await ovs.vsctl('remove', 'Bridge', 'br-int', 'ports', uuid, '--', 'add', 'Bridge', bridge, 'ports', uuid);
}

describe('CHECK names what is wrong, and DEL cleans up all the same', () => {
  for (const [what, { how, says, fields, only, needs = [] }] of spotChecks(Object.entries(faults))) {
    for (const portType of portTypes) {
      if (only !== undefined && only !== portType) continue;
      testNeeds([...forOvs, ...needs], `${what}: ${portType}`, async ({ node, ovs, leaks }) => {
        // Bridges come and go here: their links, and the rows that bear their names.
        leaks.allow(/^link br-/, /name="br-(int|other)"/);
        const ipam = {
          ...hostLocal(node, '10.40.0.0/24', 'fd40::/64'),
          routes: [{ dst: '192.0.2.0/24', gw: '10.40.0.1' }],
        };
        const pods = ovsNetwork(node, { portType, vlan: 100, mtu: 1400, ipam, ...fields });
        const blue = await pods.start('blue');
        await pods.check(blue);
        await how({ node, ovs, blue });
        await expect(pods.check(blue)).rejects.toThrow(says);
        await pods.clear();
        await blue.sh('ip link del eth7 2>/dev/null || :');
        expect(await ovs.row('Port', blue.port)).toBeUndefined();
        expect(await node.link(blue.port)).toBeUndefined();
      });
    }
  }

  testNeeds(forOvs, 'all of it at once', async ({ node, ovs }) => {
    const pods = ovsNetwork(node, { vlan: 100 });
    const blue = await pods.start('blue');
    await blue.sh('ip address flush dev eth0; ip link set eth0 mtu 1300; ip link set eth0 down');
    await ovs.vsctl('set', 'Port', blue.port, 'tag=5');
    for (const says of [/tag of .* is 5/, /MTU 1300/, /is down/, /10\.40\.0\.2\/24 is gone/])
      await expect(pods.check(blue)).rejects.toThrow(says);
    await pods.clear();
  });

  testNeeds(forOvs, 'the database is down: error 11 that says so', async ({ node, ovs }) => {
    const pods = ovsNetwork(node);
    const blue = await pods.start('blue');
    await ovs.stop('ovsdb-server');
    const config = { ...pods.config, prevResult: blue.result };
    const call = { command: 'CHECK', config, container: blue };
    await expectFailure(node, call, { code: 11, says: /database.*\/run\/openvswitch\/db\.sock/ });
    await ovs.start('ovsdb-server');
    await pods.check(blue);
    await pods.clear();
  });
});

describe('STATUS', () => {
  testNeeds(forOvs, 'is fine where an ADD would succeed, and makes nothing', async ({ node, ovs }) => {
    const before = await ovs.facts();
    await ovsNetwork(node).status();
    await ovsNetwork(node, { bridge: undefined, args: { cni: { ovnPort: 'x' } } }).status();
    await ovsNetwork(node, { bridge: 'br-new', createBridge: true }).status();
    expect(await ovs.facts()).toEqual(before);
  });

  interface Reason {
    readonly fields?: Config;
    readonly before?: (ovs: Ovs) => Promise<unknown> | undefined;
    readonly after?: (ovs: Ovs) => Promise<unknown> | undefined;
    readonly says: RegExp;
  }
  const reasons: Readonly<Record<string, Reason>> = {
    'the database is down': {
      before: (ovs) => ovs.stop('ovsdb-server'),
      after: (ovs) => ovs.start('ovsdb-server'),
      says: /database of Open vSwitch at unix:\/run\/openvswitch\/db\.sock/,
    },
    'the database hangs': {
      before: async (ovs) => ovs.pause('ovsdb-server'),
      after: async (ovs) => ovs.resume('ovsdb-server'),
      says: /ovsdb-server at unix:\/run\/openvswitch\/db\.sock has not answered/,
    },
    'there is no such socket': {
      fields: { socket_file: '/run/none.sock' },
      says: /database of Open vSwitch at unix:\/run\/none\.sock/,
    },
    'the bridge is missing': { fields: { bridge: 'br-none' }, says: /bridge.*"br-none"/ },
    'ovs-vswitchd is dead, and somebody waits for it': {
      before: async (ovs) => {
        await ovs.stop('ovs-vswitchd', 'SIGKILL');
        await ovs.node.try('ovs-vsctl', '--timeout=1', 'set', 'Bridge', 'br-int', 'external_ids:x=y');
        await ovs.vsctl('--no-wait', 'remove', 'Bridge', 'br-int', 'external_ids', 'x');
      },
      after: (ovs) => ovs.start('ovs-vswitchd'),
      says: /ovs-vswitchd/,
    },
    'the range is exhausted': { fields: { ipam: { type: 'ipam-test' } }, says: /none left/ },
  };
  for (const [what, { fields, before, after, says }] of spotChecks(Object.entries(reasons))) {
    testNeeds(forOvs, `is 50 where ${what}`, async ({ node, ovs }) => {
      const ipam = createTestIpam(node);
      ipam.fail('STATUS', { code: 50, msg: 'none left' });
      await before?.(ovs);
      const call = { command: 'STATUS', config: ovsConfig(node, fields), path: ipam.path };
      await expectFailure(node, call, { code: 50, says });
      await after?.(ovs);
      await ovsNetwork(node).status();
    });
  }
});
