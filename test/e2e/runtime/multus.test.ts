/** Several networks for a pod, by real Multus: its thin plugin, with its delegates written into its own config. */
import { beforeAll, expect, test } from 'vitest';
import {
  describeNeeds,
  expectPing,
  findBuilt,
  linkPlugin,
  type Ovs,
  type Place,
  startOvs,
  useRuntime,
} from '../../support/index.ts';

const multus = {
  cniVersion: '1.0.0',
  name: 'multus',
  type: 'multus',
  delegates: [
    {
      cniVersion: '1.0.0',
      name: 'pods',
      type: 'veth-bridge',
      bridge: 'cni0',
      isDefaultGateway: true,
      ipMasq: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/24' }]] },
    },
    {
      cniVersion: '1.0.0',
      name: 'lan',
      type: 'macvlan',
      master: 'uplink',
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: '203.0.113.0/24', rangeStart: '203.0.113.100', rangeEnd: '203.0.113.199' }]],
      },
    },
    {
      cniVersion: '1.0.0',
      name: 'overlay',
      type: 'ovs',
      bridge: 'br-int',
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.99.0.0/24' }]] },
    },
  ],
};

/** What is told of a pod's interfaces: its name and its address, by interface. */
async function addressesOf(pod: Place): Promise<Readonly<Record<string, string>>> {
  const told = await pod.run('ip', '-4', '-o', 'address');
  const found = told.split('\n').map((line) => /^\d+: (\S+) +inet (\S+)\/\d+/.exec(line));
  return Object.fromEntries(found.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : [])));
}

describeNeeds(['containerd', 'crictl', 'multus', 'nft-masquerade', 'macvlan', 'ovs'], 'Multus', () => {
  const lab = useRuntime();
  let ovs: Ovs | undefined;
  beforeAll(async () => {
    linkPlugin(lab.containerd.disk, findBuilt('multus') ?? '');
    // The node ends it.
    ovs = await startOvs(lab.node);
    await ovs.addBridge('br-int');
  });

  test('eth0 by veth-bridge, net1 by macvlan, net2 by ovs', async () => {
    const { cri, outside } = lab;
    await cri.configure({ '00-multus.conf': multus });
    const [blue, green] = await Promise.all([cri.runPod(), cri.runPod()]);
    const [ofBlue, ofGreen] = await Promise.all([addressesOf(blue), addressesOf(green)]);
    expect(ofBlue).toEqual({
      lo: '127.0.0.1',
      eth0: expect.stringMatching(/^10\.88\.0\./),
      net1: expect.stringMatching(/^203\.0\.113\.1\d\d$/),
      net2: expect.stringMatching(/^10\.99\.0\./),
    });
    // What the CRI tells is the default network's.
    expect(blue.podIps).toEqual([ofBlue['eth0']]);
    expect(await ovs?.ports('br-int')).toHaveLength(2);

    await expectPing(blue, outside.ip4);
    for (const device of ['eth0', 'net1', 'net2']) {
      expect(ofGreen[device]).not.toBe(ofBlue[device]);
      await expectPing(blue, ofGreen[device] ?? '');
    }
    // By macvlan a pod is a neighbour of the outside, which needs no masquerading to answer it.
    await expectPing(outside, ofBlue['net1'] ?? '');

    await cri.remove([blue, green]);
    expect(await ovs?.ports('br-int')).toEqual([]);
  });
});
