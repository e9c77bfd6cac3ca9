/** What the examples of sriov promise. They are tried on a NIC with virtual functions, in the virtual machine alone. */
import { expect } from 'vitest';
import {
  type AttachOptions,
  type Component,
  type Config,
  type Container,
  createContainer,
  expectPing,
  network,
} from '../../support/index.ts';
import { ifname, type Nic, removePods, startOver, useNic, withUserspace } from '../../support/sriov.ts';

export interface OnNic {
  /** Functions that are there before. */
  readonly functions: number;
  /** What the NIC has set for the first one, as ip prints it. */
  readonly line: RegExp;
  /** VLAN of the wire that the pods are in. */
  readonly vlan?: number;
  /** A driver of userspace has the functions: nothing is moved, and nobody pings. */
  readonly driver?: string;
}

const onNic = (
  line: RegExp,
  more: Partial<OnNic> = {},
): { readonly needs: readonly Component[]; readonly onNic: OnNic } => ({
  needs: ['sriov'],
  onNic: { functions: 2, line, ...more },
});

export const ofSriov = {
  'sriov/minimal.conflist': onNic(/spoof checking on.*trust off/),
  'sriov/vlan-qos.conflist': onNic(/vlan 100, qos 3/, { vlan: 100 }),
  'sriov/trusted.conflist': onNic(/spoof checking off.*trust on/),
  'sriov/rate-limited.conflist': onNic(/max_tx_rate 200Mbps/),
  'sriov/dpdk.conflist': onNic(/vlan 100.*max_tx_rate 1000Mbps.*trust on/, { driver: 'vfio-pci' }),
  'sriov/pf-pool.conflist': onNic(/spoof checking on/, { functions: 0 }),
};

const gateway = '203.0.113.1';

/** ADD of two pods, pings, CHECK, DEL; the NIC and its functions are then as they were. */
export async function exerciseOnNic(config: Config, wanted: OnNic): Promise<void> {
  const nic = await useNic(wanted.functions);
  try {
    await exerciseAll(nic, config, wanted);
  } catch (error) {
    await startOver(nic, wanted.functions);
    throw error;
  }
}

async function exerciseAll(nic: Nic, config: Config, wanted: OnNic): Promise<void> {
  const { driver } = wanted;
  const before = await nic.letters();
  if (driver === undefined) await exercise(nic, config, wanted);
  // The first one comes back first: ip lists links in the order in which they were made.
  else
    await withUserspace(nic, 1, driver, () =>
      withUserspace(nic, 0, driver, () => exercise(nic, config, wanted)),
    );
  if (wanted.functions > 0) expect(await nic.letters()).toBe(before);
  // Those that the plugin has made.
  else await nic.makeVfs(0);
  await removePods(nic);
}

async function exercise(nic: Nic, config: Config, { line, vlan, driver }: OnNic): Promise<void> {
  const { node, wire } = nic;
  await joinWire(wire, vlan);
  const pods = network(node, config, { ifname });
  const attached: [Container, AttachOptions][] = [];
  for (const index of [0, 1]) {
    const pod = await createContainer(node, { name: `pod${index}` });
    // As a device plugin and Multus give it.
    const options = { ifname, capabilityArgs: { deviceID: nic.vfs[index]?.address } };
    await pods.add(pod, options);
    attached.push([pod, options]);
  }
  expect(await nic.vfLine(0)).toMatch(line);
  const [[blue] = [], [green] = []] = attached;
  if (driver === undefined && blue && green) {
    await expectPing(blue, green);
    await expectPing(blue, gateway);
  }
  for (const [pod, options] of attached) await pods.check(pod, options);
  for (const [pod, options] of attached.toReversed()) await pods.del(pod, options);
  await leaveWire(wire, vlan);
}

/** The gateway of the examples is the machine on the wire. */
async function joinWire(wire: Container, vlan: number | undefined): Promise<void> {
  const link = vlan === undefined ? 'eth1' : 'tagged';
  if (vlan !== undefined)
    await wire.sh(`ip link add link eth1 name ${link} type vlan id ${vlan}; ip link set ${link} up`);
  await wire.run('ip', 'address', 'add', `${gateway}/24`, 'dev', link);
}

async function leaveWire(wire: Container, vlan: number | undefined): Promise<void> {
  if (vlan === undefined) await wire.run('ip', 'address', 'del', `${gateway}/24`, 'dev', 'eth1');
  else await wire.run('ip', 'link', 'del', 'tagged');
}
