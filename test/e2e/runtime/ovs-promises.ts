/** What the examples of ovs promise, and the Open vSwitch that they need. */
import { type Fixtures, type Node, type Outside, type Ovs, startOvs } from '../../support/index.ts';
import type { Expected } from './promises.ts';

type Place = Pick<Fixtures, 'node' | 'outside'>;

/** An Open vSwitch of the node's own, with the bridge that the examples name. */
async function startSwitch(node: Node): Promise<Ovs> {
  const ovs = await startOvs(node);
  await ovs.addBridge('br-int');
  return ovs;
}

const onSwitch: Expected = {
  needs: ['ovs'],
  prepare: ({ node }) => startSwitch(node),
};

/** Address of a container on the other node. */
const other = '10.91.3.100';

/** The outside is the other node: each has a tunnel to the other, and there a port made by hand stands for a container. */
async function joinByTunnel({ node, outside }: Place): Promise<void> {
  const ends = [
    {
      at: node,
      nic: outside.uplink,
      own: outside.nodeIp4,
      peer: outside.ip4,
      macs: ['02:00:5e:00:53:01', '02:00:5e:00:53:11'],
    },
    {
      at: outside,
      nic: outside.wan,
      own: outside.ip4,
      peer: outside.nodeIp4,
      macs: ['02:00:5e:00:53:02', '02:00:5e:00:53:12'],
    },
  ] as const;
  for (const { at, nic, own, peer, macs } of ends) {
    const ovs = await startOvs(at);
    await ovs.addBridge('br-int', { mac: macs[0] });
    if (ovs.datapath === 'netdev') await putOnBridge(ovs, at, nic, own, macs[1]);
    await ovs.vsctl(
      ...['add-port', 'br-int', 'vxlan0', '--', 'set', 'Interface', 'vxlan0', 'type=vxlan'],
      ...[`options:remote_ip=${peer}`, 'options:key=77'],
    );
    if (at === outside) await addByHand(ovs, outside);
  }
}

/** The userspace datapath sends a tunnel's packets by itself: by a bridge that has the node's address and its NIC. */
async function putOnBridge(ovs: Ovs, at: Node, nic: string, address: string, mac: string): Promise<void> {
  await ovs.addBridge('br-phy', { mac });
  await ovs.vsctl('add-port', 'br-phy', nic);
  await at.sh(`ip address flush dev ${nic}; ip address add ${address}/24 dev br-phy`);
}

async function addByHand(ovs: Ovs, outside: Outside): Promise<void> {
  await ovs.vsctl('add-port', 'br-int', 'peer0', '--', 'set', 'Interface', 'peer0', 'type=internal');
  await outside.sh(`ip link set peer0 mtu 1450 up; ip address add ${other}/24 dev peer0`);
}

export const ofOvs: Readonly<Record<string, Expected>> = {
  'ovs/access.conflist': { ...onSwitch, pods: true },
  // No addresses: what a trunk carries is tagged.
  'ovs/trunk.conflist': onSwitch,
  'ovs/native-untagged.conflist': { ...onSwitch, pods: true },
  'ovs/internal.conflist': { ...onSwitch, pods: true },
  // A logical port is bound to one interface.
  'ovs/ovn.conflist': { ...onSwitch, single: true },
  'ovs/qos.conflist': {
    needs: ['ovs', 'htb', 'policing'],
    prepare: ({ node }) => startSwitch(node),
    pods: true,
    capabilityArgs: {
      bandwidth: {
        ingressRate: 50_000_000,
        ingressBurst: 1_000_000,
        egressRate: 50_000_000,
        egressBurst: 1_000_000,
      },
    },
  },
  'ovs/overlay.conflist': { needs: ['ovs'], pods: true, prepare: joinByTunnel, beyond: [other] },
};
