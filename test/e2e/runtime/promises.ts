/** What each file of conf-examples promises. A file that is not named here promises that its pods reach each other. */

import { startDhcpDaemon, startDhcpServer } from '../../support/dhcp.ts';
import type { Component, Container, Fixtures } from '../../support/index.ts';
import { ofOvs } from './ovs-promises.ts';
import { type OnNic, ofSriov } from './sriov-promises.ts';

/** What pods of an example must be able to reach. */
export interface Expected {
  readonly needs?: readonly Component[];
  /** Whether pods reach each other. */
  readonly pods?: boolean;
  readonly gateway?: boolean;
  readonly outside?: boolean;
  /** Whether their own node reaches them. */
  readonly node?: boolean;
  /** Addresses beyond the outside that they reach, by packets as large as their MTU. */
  readonly beyond?: readonly string[];
  /** It is tried on a NIC with virtual functions. */
  readonly onNic?: OnNic;
  /** There can be one pod only. */
  readonly single?: boolean;
  /** What has to be there before: on the node or outside, and in each pod. */
  readonly prepare?: (place: Pick<Fixtures, 'node' | 'outside'>) => Promise<unknown>;
  readonly preparePod?: (pod: Container) => Promise<unknown>;
  readonly check?: false;
  readonly capabilityArgs?: Readonly<Record<string, unknown>>;
}

const withGateway = { pods: true, gateway: true, outside: true };
const ofBridges: Readonly<Record<string, Expected>> = {
  'veth-bridge/masquerade.conflist': withGateway,
  'veth-bridge/single-plugin.conf': withGateway,
  'veth-bridge/dual-stack.conflist': withGateway,
  'veth-bridge/isolated-ports.conflist': { ...withGateway, pods: false, needs: ['port-isolation'] },
  'veth-bridge/iptables.conflist': { ...withGateway, needs: ['iptables'] },
  'veth-bridge/layer2.conflist': {},
  // The outside is on the same wire, so it is reached without masquerading.
  'veth-bridge/uplink.conflist': { pods: true, outside: true },
  'veth-bridge/vlan.conflist': { pods: true, gateway: true, needs: ['vlan-filtering', 'vlan'] },
  'veth-bridge/vlan-trunk.conflist': { needs: ['vlan-filtering'] },
  'veth-bridge/port-mapping.conflist': {
    ...withGateway,
    needs: ['reference', 'iptables', 'tbf'],
    // CHECK of the reference portmap 1.1.1 looks for IPv6 chains, and fails where the pod has IPv4 alone.
    check: false,
    capabilityArgs: {
      portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
      bandwidth: {
        ingressRate: 10_000_000,
        ingressBurst: 1_000_000,
        egressRate: 10_000_000,
        egressBurst: 1_000_000,
      },
    },
  },
};

/** On the same wire as the outside. */
const onWire = { pods: true, outside: true };

/** The outside knows the node for the way to the pods' own subnets. */
const routed: Expected = {
  ...onWire,
  needs: ['ipvlan'],
  prepare: ({ outside }) =>
    outside.sh(
      `ip route add 10.90.0.0/24 via ${outside.nodeIp4}; ip route add fd00:90::/64 via ${outside.nodeIp6}`,
    ),
};

const inContainer: Expected = {
  preparePod: (pod) =>
    pod.sh('ip link add inner type veth peer name other; ip link set inner up; ip link set other up'),
};

const ofChildren: Readonly<Record<string, Expected>> = {
  'macvlan/bridge.conflist': onWire,
  'macvlan/default-route.conflist': onWire,
  // A switch sends nothing back where it came from, as long as nobody tells it to.
  'macvlan/vepa.conflist': { ...onWire, pods: false },
  'macvlan/private.conflist': { ...onWire, pods: false },
  'macvlan/passthru.conflist': { outside: true, single: true },
  'macvlan/source.conflist': {
    outside: true,
    prepare: ({ outside }) => outside.sh(`ip link set ${outside.wan} address 02:00:5e:00:53:01`),
  },
  'macvlan/host-access.conflist': { ...onWire, node: true },
  'macvlan/dhcp.conflist': {
    ...onWire,
    needs: ['reference', 'dnsmasq'],
    prepare: async ({ node, outside }) => {
      await startDhcpServer(outside, outside.wan, '203.0.113.200,203.0.113.220,255.255.255.0');
      await startDhcpDaemon(node);
    },
  },
  'macvlan/layer2.conflist': {},
  'macvlan/in-container.conflist': inContainer,
  'ipvlan/l2.conflist': { ...onWire, needs: ['ipvlan'] },
  'ipvlan/l2-private.conflist': { ...onWire, pods: false, needs: ['ipvlan'] },
  'ipvlan/l2-vepa.conflist': { ...onWire, pods: false, needs: ['ipvlan'] },
  'ipvlan/l3.conflist': routed,
  'ipvlan/l3s.conflist': routed,
  'ipvlan/in-container.conflist': { ...inContainer, needs: ['ipvlan'] },
};

export const promises: Readonly<Record<string, Expected>> = {
  ...ofBridges,
  ...ofOvs,
  ...ofChildren,
  ...ofSriov,
};
