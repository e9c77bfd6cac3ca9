/**
 * A NIC with virtual functions that are real to the kernel, in the virtual machine: its `eth0`. The node is the machine
 * itself, since functions appear in its own network namespace. `eth1`, on the same wire, is a machine outside.
 */
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { addressIn, type CniResult, type Config } from './cni.ts';
import { type Container, type ContainerOptions, createContainer } from './container.ts';
import { describeNeeds } from './needs.ts';
import { type AttachOptions, type Network, network } from './network.ts';
import { createNode, type Node } from './node.ts';
import { eventually } from './place.ts';

export interface Vf {
  /** PCI address. */
  readonly address: string;
  /** Name of its link on the host, as the driver gave it. */
  readonly name: string;
}

/** A container with an interface on a virtual function. */
export interface VfPod extends Container {
  readonly result: CniResult;
  readonly ip4: string;
  readonly mac: string;
  readonly pciId: string;
  readonly network: Network;
  check(): Promise<void>;
  /** DEL, with the result of ADD. */
  del(): Promise<void>;
}

export interface Nic {
  readonly node: Node;
  /** Name and PCI address of the NIC. */
  readonly pf: string;
  readonly address: string;
  readonly vfs: readonly Vf[];
  /** A machine outside: its NIC is `eth1`. */
  readonly wire: Container;
  readonly wireIp4: string;
  readonly nodeIp4: string;
  /** A config of sriov with an address out of this NIC's subnet; a field that is undefined is left out. */
  config(fields?: Config): Config & { readonly name: string };
  /** A new container with an interface `net1`, attached by ADD. */
  start(fields?: Config, options?: ContainerOptions & AttachOptions): Promise<VfPod>;
  /** Makes so many functions, and waits for their links. All that they were is forgotten. */
  makeVfs(count: number): Promise<void>;
  /** How often functions have been made. */
  readonly generation: number;
  /** What the NIC has set for a function, as ip prints it: `vf 2 link/ether ...`. */
  vfLine(index: number): Promise<string>;
  /**
   * All that ip tells of the NIC and its functions on the host, to the letter, and the files of their states. Not the
   * permanent address: igbvf takes it from its NIC each time it goes up, and nobody can set it.
   */
  letters(): Promise<string>;
  dispose(): Promise<void>;
}

export const ifname = 'net1';
const pf = 'eth0';
const [nodeIp4, wireIp4] = ['10.40.0.1', '10.40.0.2'];

export const hostLocal = (node: Node, subnet = '10.40.0'): Config => ({
  type: 'host-local',
  dataDir: node.dataDir,
  ranges: [[{ subnet: `${subnet}.0/24`, rangeStart: `${subnet}.100`, rangeEnd: `${subnet}.199` }]],
});

/** @param count of virtual functions that are made */
export async function createNic(count: number): Promise<Nic> {
  const node = await createNode(undefined, 'machine');
  const device = `/sys/class/net/${pf}/device`;
  const address = basename(readlinkSync(device));
  const wire = await createContainer(node, { name: 'wire' });
  let vfs: readonly Vf[] = [];
  let generation = 0;

  async function makeVfs(wanted: number): Promise<void> {
    generation += 1;
    writeFileSync(`${device}/sriov_numvfs`, '0');
    if (wanted > 0) writeFileSync(`${device}/sriov_numvfs`, `${wanted}`);
    const links = (index: number): readonly string[] => listFolder(`${device}/virtfn${index}/net`);
    const indices = Array.from({ length: wanted }, (_, index) => index);
    if (!(await eventually(async () => indices.every((index) => links(index).length > 0), 10_000)))
      throw new Error(`${pf} has not got its ${wanted} functions`);
    vfs = indices.map((index) => ({
      address: basename(readlinkSync(`${device}/virtfn${index}`)),
      name: links(index)[0] ?? '',
    }));
  }

  await node.sh(`
    ip link set eth1 netns /proc/${node.pid}/root${wire.path}
    ip link set ${pf} up
    ip address replace ${nodeIp4}/24 dev ${pf}
  `);
  await wire.sh(`ip address add ${wireIp4}/24 dev eth1; ip link set eth1 up`);
  await makeVfs(count);
  if (!(await eventually(() => node.ping(wireIp4), 10_000))) throw new Error(`no way from ${pf} to eth1`);

  const config: Nic['config'] = (fields = {}) => ({
    cniVersion: '1.1.0',
    name: 'vfs',
    type: 'sriov',
    master: fields['deviceID'] === undefined ? pf : undefined,
    ipam: hostLocal(node),
    ...fields,
  });

  return {
    node,
    pf,
    address,
    get vfs() {
      return vfs;
    },
    wire,
    wireIp4,
    nodeIp4,
    config,
    async start(fields, options = {}) {
      const container = await createContainer(node, options);
      const own = network(node, config(fields), { ifname, ...options });
      return podOf(container, own, await own.add(container, options));
    },
    makeVfs,
    get generation() {
      return generation;
    },
    async vfLine(index) {
      const lines = (await node.run('ip', 'link', 'show', 'dev', pf)).split('\n');
      return lines.find((line) => line.trim().startsWith(`vf ${index} `))?.trim() ?? '';
    },
    letters: () =>
      node.sh(`
        for link in ${device}/net/* ${device}/virtfn*/net/*; do
          if [ -e "$link" ]; then ip -details link show dev "\${link##*/}"; else echo "$link"; fi
        done | sed 's/ permaddr [^ ]*//'
        find /var/lib/cni/plumbline '${node.dataDir}' -type f ! -path '*/.plumbline/*' ! -name 'last_reserved_ip.*' ! -name lock 2>/dev/null || :
      `),
    async dispose() {
      for (const container of node.containers) if (container !== wire) await container.remove();
      // Before the way back of eth1: a function may have that name meanwhile.
      writeFileSync(`${device}/sriov_numvfs`, '0');
      await wire.run('ip', 'link', 'set', 'eth1', 'netns', '/proc/1/ns/net');
      await node.run('ip', 'address', 'flush', 'dev', pf);
      await node.dispose();
    },
  };
}

function podOf(container: Container, own: Network, result: CniResult): VfPod {
  const [entry] = result.interfaces ?? [];
  // By prototype: `alive` is a getter and must stay one.
  return Object.create(container, {
    result: { value: result },
    mac: { value: entry?.mac ?? '' },
    pciId: { value: entry?.pciID ?? '' },
    ip4: { get: () => addressIn(result, 4) },
    network: { value: own },
    check: { value: () => own.check(container) },
    del: { value: () => own.del(container) },
  }) as VfPod;
}

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Binds a function to a driver of userspace; makeVfs gives it back, made anew. */
export async function bindUserspace({ node, vfs }: Nic, index: number, driver: string): Promise<string> {
  const { address } = vfs[index] ?? { address: '' };
  const device = `/sys/bus/pci/devices/${address}`;
  await node.sh(`
    modprobe vfio enable_unsafe_noiommu_mode=1
    modprobe ${driver}
    echo ${address} >${device}/driver/unbind
    echo ${driver} >${device}/driver_override
    echo ${address} >/sys/bus/pci/drivers_probe
  `);
  return address;
}

/**
 * A group of tests that share one NIC. After each of them it is, to the letter, what it was before.
 * @param count of virtual functions
 */
export function describeNic(name: string, count: number, body: (nic: () => Nic) => void): void {
  describeNeeds(['sriov'], name, () => {
    let nic: Nic | undefined;
    let before = '';
    let generation = 0;
    const given = (): Nic => {
      if (nic === undefined) throw new Error('the NIC is there within tests only');
      return nic;
    };
    beforeAll(async () => {
      nic = await createNic(count);
    });
    beforeEach(async () => {
      before = await given().letters();
      generation = given().generation;
    });
    afterEach(async ({ task }) => {
      // A test that has failed has cleaned up nothing: the next one begins with new functions.
      if (task.result?.state === 'fail') return startOver(given(), count);
      const after = await given().letters();
      // New functions have new addresses.
      if (given().generation !== generation) expect(after).not.toMatch(/^\/.*\d$|\.json$/m);
      else expect(after, 'the NIC and its functions').toBe(before);
    });
    afterAll(async () => {
      await nic?.dispose();
    });
    body(given);
  });
}

async function startOver(nic: Nic, count: number): Promise<void> {
  for (const container of nic.node.containers) if (container !== nic.wire) await container.remove();
  await nic.makeVfs(0);
  await nic.node.sh(`rm -rf /var/lib/cni/plumbline/sriov '${nic.node.dataDir}'`);
  await nic.makeVfs(count);
}
