/** CHECK finds each thing that is not as ADD left it, and names it; DEL then cleans up all the same. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type CniResult,
  type Component,
  type Config,
  chain,
  check,
  createContainer,
  describeNeeds,
  expectFailure,
  inVirtualMachine,
  type Node,
  sampled,
} from '../../support/index.ts';
import { forRules, hostLocal, type Pod, type Pods, podNetwork } from './support.ts';

const { testNeeds } = sampled();

/** An attachment with all that can go. */
function full(node: Node, fields: Config = {}): Pods {
  const routes = [
    { dst: '192.0.2.0/24' },
    { dst: '192.0.2.0/24', table: 100 },
    { dst: '2001:db8:9::/48', priority: 70 },
  ];
  return podNetwork(node, {
    isDefaultGateway: true,
    ipMasq: true,
    macspoofchk: true,
    mtu: 1400,
    ipam: { ...hostLocal(node, '10.22.0.0/24', 'fd22::/64'), routes },
    ...fields,
  });
}

interface Fault {
  /** A script in the container; `$PORT` is the veth's end on the node. */
  readonly inside?: string;
  /** A script on the node. */
  readonly onNode?: string;
  /** Anything else. */
  readonly how?: (node: Node) => void;
  readonly says: RegExp;
  readonly config?: Config;
  readonly needs?: readonly Component[];
}

const reservation = (node: Node, address: string): string => join(node.dataDir, 'pods', address);

const faults: Readonly<Record<string, Fault>> = {
  'link gone': { onNode: 'ip link del $PORT', says: /host link veth\w+ is gone.*eth0 in \S+ is gone/ },
  'link gone from the container': {
    inside: 'ip link set eth0 down; ip link set eth0 name eth7',
    says: /eth0 in \S+ is gone/,
  },
  'bridge gone': { onNode: 'ip link del cni0', says: /the bridge cni0 is gone/ },
  'no master': { onNode: 'ip link set $PORT nomaster', says: /veth\w+ has the master none, not cni0/ },
  'wrong master': {
    onNode: 'ip link add cni9 type bridge; ip link set $PORT master cni9',
    says: /veth\w+ has the master cni9, not cni0/,
  },
  'wrong MAC address in the container': {
    inside: 'ip link set eth0 address 02:00:00:00:00:07',
    says: /eth0 in \S+ has the MAC address 02:00:00:00:00:07, not /,
  },
  'wrong MAC address on the node': {
    onNode: 'ip link set $PORT address 02:00:00:00:00:07',
    says: /host link veth\w+ has the MAC address 02:00:00:00:00:07, not /,
  },
  'wrong MTU in the container': {
    inside: 'ip link set eth0 mtu 1300',
    says: /eth0 in \S+ has the MTU 1300, not 1400/,
  },
  'wrong MTU on the node': {
    onNode: 'ip link set $PORT mtu 1300',
    says: /veth\w+ has the MTU 1300, not 1400/,
  },
  'link down': { inside: 'ip link set eth0 down', says: /eth0 in \S+ is down/ },
  'IPv4 address gone': {
    inside: 'ip address del 10.22.0.2/24 dev eth0',
    says: /address 10\.22\.0\.2\/24 is gone from eth0/,
  },
  'IPv6 address gone': {
    inside: 'ip address del fd22::2/64 dev eth0',
    says: /address fd22::2\/64 is gone from eth0/,
  },
  'another prefix': {
    inside: 'ip address del 10.22.0.2/24 dev eth0; ip address add 10.22.0.2/16 dev eth0',
    says: /address 10\.22\.0\.2\/24 is gone/,
  },
  'default route gone': {
    inside: 'ip route del default',
    says: /route to 0\.0\.0\.0\/0 via 10\.22\.0\.1 is gone/,
  },
  'IPv6 default route gone': {
    inside: 'ip -6 route del default',
    says: /route to ::\/0 via fd22::1 is gone/,
  },
  'route by another gateway': {
    inside: 'ip route del 192.0.2.0/24; ip route add 192.0.2.0/24 via 10.22.0.9',
    says: /route to 192\.0\.2\.0\/24 via 10\.22\.0\.1 is gone/,
  },
  'route with another metric': {
    inside: 'ip -6 route del 2001:db8:9::/48; ip route add 2001:db8:9::/48 via fd22::1 metric 71',
    says: /route to 2001:db8:9::\/48 via fd22::1 is gone/,
  },
  'route gone from its table': {
    inside: 'ip route del 192.0.2.0/24 table 100',
    says: /route to 192\.0\.2\.0\/24 via 10\.22\.0\.1.* is gone/,
  },
  'reservation gone': {
    how: (node) => rmSync(reservation(node, '10.22.0.2')),
    says: /10\.22\.0\.2 not reserved/,
  },
  "reservation another container's": {
    how: (node) => writeFileSync(reservation(node, 'fd22::2'), 'other\r\neth0'),
    says: /fd22::2 not reserved/,
  },
  'masquerade element gone': {
    onNode: 'nft delete element inet plumbline sources4 "{ 10.22.0.2 }"',
    says: /masquerade element of 10\.22\.0\.2 is gone/,
  },
  'masquerade element gone, IPv6': {
    onNode: 'nft delete element inet plumbline sources6 "{ fd22::2 }"',
    says: /masquerade element of fd22::2 is gone/,
  },
  "masquerade element without its owner's part": {
    onNode: 'nft flush set inet plumbline owners4',
    says: /masquerade element of 10\.22\.0\.2 is gone/,
  },
  'masquerade rules of the subnet gone': {
    onNode:
      'for c in $(nft list chains inet | grep -o "masq-[^ ]*"); do nft flush chain inet plumbline $c; done',
    says: /masquerade rules of 10\.22\.0\.0\/24 are gone.*fd22::\/64/,
  },
  'masquerade lookup gone': {
    onNode: 'nft flush chain inet plumbline postrouting',
    says: /masquerade rule of the chain postrouting is gone/,
  },
  'masquerade table gone': {
    onNode: 'nft delete table inet plumbline',
    says: /masquerade element of 10\.22\.0\.2 is gone.*fd22::2/,
  },
  'anti-spoofing element gone': {
    onNode: 'nft delete element bridge plumbline guarded "{ $PORT }"',
    says: /anti-spoofing elements of veth\w+ and \S+ are gone/,
  },
  'anti-spoofing address gone': {
    onNode: 'nft flush set bridge plumbline allowed',
    says: /anti-spoofing elements of veth\w+ and \S+ are gone/,
  },
  'anti-spoofing rule gone': {
    onNode: 'nft flush chain bridge plumbline prerouting',
    says: /anti-spoofing rule of the chain prerouting is gone/,
  },
  'anti-spoofing table gone': { onNode: 'nft delete table bridge plumbline', says: /anti-spoofing elements/ },
  'jump of iptables gone': {
    onNode: 'iptables -t nat -F POSTROUTING',
    says: /masquerade rule of 10\.22\.0\.2 is gone from iptables' table nat/,
    config: { ipMasqBackend: 'iptables' },
    needs: ['iptables'],
  },
  'chain of ip6tables empty': {
    onNode: 'ip6tables -t nat -F $(ip6tables -t nat -S | sed -n "s/^-N \\(PLUMBLINE.*\\)/\\1/p")',
    says: /masquerade rule of fd22::2 is gone from ip6tables' table nat/,
    config: { ipMasqBackend: 'iptables' },
    needs: ['iptables'],
  },
};

describeNeeds(['nft-bridge', 'nft-masquerade', 'ipv6'], 'CHECK names', () => {
  for (const [title, { inside, onNode, how, says, config, needs = [] }] of Object.entries(faults)) {
    testNeeds(needs, title, async ({ node, leaks }) => {
      // What a broken node may have lost, and what was put in its place.
      leaks.allow(/cni9/, /"other/, /in blue: link eth7/);
      const pods = full(node, config);
      const blue = await pods.start('blue');
      await pods.check(blue);
      const withPort = (script: string): string => `PORT=${blue.port}\n${script}`;
      if (inside !== undefined) await blue.sh(inside);
      if (onNode !== undefined) await node.sh(withPort(onNode));
      how?.(node);
      const told = new RegExp(`${blue.id} in network pods: .*${says.source}`);
      await expectFailure(node, checkOf(pods, blue), { code: 104, says: told });
      await pods.clear();
    });
  }
});

const checkOf = (pods: Pods, pod: Pod, prevResult: CniResult = pod.result) => ({
  command: 'CHECK' as const,
  config: { ...pods.config, prevResult },
  container: pod,
});

testNeeds(forRules, 'all faults are named at once', async ({ node }) => {
  const pods = full(node);
  const blue = await pods.start();
  await blue.sh('ip address del 10.22.0.2/24 dev eth0; ip -6 route del default');
  await node.sh(`nft flush chain bridge plumbline prerouting; ip link set ${blue.port} nomaster`);
  rmSync(reservation(node, 'fd22::2'));
  for (const says of [
    /10\.22\.0\.2\/24 is gone/,
    /::\/0/,
    /anti-spoofing/,
    /master none/,
    /fd22::2 not reserved/,
  ]) {
    await expectFailure(node, checkOf(pods, blue), { code: 104, says });
  }
  await pods.clear();
});

describe('CHECK passes', () => {
  const configs: Readonly<Record<string, Config>> = {
    'with everything': {},
    'with iptables': { ipMasqBackend: 'iptables' },
    'without a gateway': { isDefaultGateway: false },
    'with a name of its own': { hostInterfaceName: 'to-blue' },
    'with a MAC address in other letters': { mac: '0A-00-00-00-00-0B' },
    'at layer 2': { ipam: {}, isDefaultGateway: false },
    'with the end in the container down': {
      ipam: {},
      isDefaultGateway: false,
      disableContainerInterface: true,
    },
  };
  for (const [title, fields] of Object.entries(configs)) {
    testNeeds([...forRules, 'iptables'], `untouched after ADD, ${title}`, async ({ node }) => {
      // How a result is written in each version is no matter of the kernel's.
      for (const cniVersion of inVirtualMachine ? ['1.1.0'] : ['0.4.0', '1.0.0', '1.1.0']) {
        const pods = full(node, { ...fields, cniVersion });
        const blue = await pods.start();
        await pods.check(blue);
        await pods.clear();
      }
    });
  }

  testNeeds(forRules, 'where somebody has added to what ADD made', async ({ node }) => {
    const pods = full(node);
    const blue = await pods.start();
    await blue.sh(`
      ip address add 10.22.0.77/24 dev eth0; ip address add fd22::77/64 dev eth0
      ip route add 198.51.100.0/24 via 10.22.0.9; ip route add default via 10.22.0.9 metric 500
      ip link add v0 type veth peer name v1
    `);
    await pods.check(blue);
    await blue.run('ip', 'link', 'del', 'v0');
    await pods.clear();
  });

  testNeeds(
    forRules,
    "with what a chain's later plugins have changed, as prevResult says",
    async ({ node }) => {
      const pods = full(node, { macspoofchk: false });
      const blue = await pods.start();
      const mac = '02:00:00:00:00:0c';
      await blue.sh(`
      ip link set eth0 address ${mac} mtu 1300
      ip link add net7 type veth peer name net8; ip address add 192.168.7.2/24 dev net7
    `);
      const [bridge, host, sandbox] = blue.result.interfaces ?? [];
      const changed: CniResult = {
        ...blue.result,
        interfaces: [bridge!, host!, { ...sandbox!, mac, mtu: 1300 }, { name: 'net7', sandbox: blue.path }],
        ips: [...(blue.result.ips ?? []), { address: '192.168.7.2/24', interface: 3 }],
      };
      await check(node, checkOf(pods, blue, changed));
      await expectFailure(node, checkOf(pods, blue), { code: 104, says: /MAC address.*MTU/ });
      await blue.run('ip', 'link', 'del', 'net7');
      await pods.clear();
    },
  );

  testNeeds(['reference'], 'after the reference tuning has changed MAC address and MTU', async ({ node }) => {
    const { config } = full(node, { cniVersion: '1.0.0', macspoofchk: false });
    const plugins = [config, { type: 'tuning', mac: '02:00:00:00:00:0d', mtu: 1280 }];
    const list = { name: 'pods', cniVersion: '1.0.0', plugins };
    const blue = await createContainer(node);
    const { result, failure } = await chain(node, list, 'ADD', { container: blue });
    expect(failure).toBeUndefined();
    expect(await blue.link('eth0')).toMatchObject({ address: '02:00:00:00:00:0d', mtu: 1280 });
    const prevResult = result!;
    expect((await chain(node, list, 'CHECK', { container: blue, prevResult })).failure).toBeUndefined();
    expect((await chain(node, list, 'DEL', { container: blue, prevResult })).failure).toBeUndefined();
  });
});

testNeeds(forRules, 'CHECK needs a result, a sandbox, and a version that has CHECK', async ({ node }) => {
  const pods = full(node);
  const blue = await pods.start();
  const { config, ...call } = checkOf(pods, blue);
  await expectFailure(node, { ...call, config: pods.config }, { code: 7, says: /prevResult/ });
  await expectFailure(
    node,
    { ...call, config: { ...config, cniVersion: '0.3.1' } },
    { code: 1, says: /0\.4\.0/ },
  );
  await expectFailure(node, { ...call, config, netns: '/run/netns/nothing' }, { code: 8, says: /nothing/ });
  await pods.clear();
});
