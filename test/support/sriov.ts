/**
 * A NIC with virtual functions that are real to the kernel, in the virtual machine: its `eth0`. The node is the machine
 * itself, since functions appear in its own network namespace. `eth1`, on the same wire, is a machine outside.
 */
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Config } from './cni.ts';
import { addressIn, type CniResult } from './cni-result.ts';
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
   * All that ip tells of the links on the host, to the letter, and the files of their states. Not the permanent address:
   * igbvf takes it from its NIC each time it goes up, and nobody can set it. Nor a link's number, which its driver's
   * binding gives.
   */
  letters(): Promise<string>;
}

export const ifname = 'net1';
const pf = 'eth0';
const [nodeIp4, wireIp4] = ['10.40.0.1', '10.40.0.2'];

export const hostLocal = (node: Node, subnet = '10.40.0'): Config => ({
  type: 'host-local',
  dataDir: node.dataDir,
  ranges: [[{ subnet: `${subnet}.0/24`, rangeStart: `${subnet}.100`, rangeEnd: `${subnet}.199` }]],
});

let shared: Promise<Nic> | undefined;

/**
 * The machine's one NIC, for whoever is next: making it ready takes longer than many a test.
 * @param count of virtual functions that it has; they are made anew where it has another number
 */
export async function useNic(count: number): Promise<Nic> {
  shared ??= createNic();
  const nic = await shared;
  if (nic.vfs.length !== count) await nic.makeVfs(count);
  return nic;
}

async function createNic(): Promise<Nic> {
  const node = await createNode(undefined, { network: 'machine' });
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
    const isReady = async (): Promise<boolean> =>
      indices.every((index) => links(index).length > 0) && (await hasCarrier(node));
    if (!(await eventually(isReady, 10_000)))
      throw new Error(`${pf} has not got its ${wanted} functions, or no carrier`);
    vfs = indices.map((index) => ({
      address: basename(readlinkSync(`${device}/virtfn${index}`)),
      name: links(index)[0] ?? '',
    }));
  }

  // Functions that an earlier run has left may have the name that the other NIC is to get.
  writeFileSync(`${device}/sriov_numvfs`, '0');
  await node.sh(`
    ip link set ${otherNic(address)} netns /proc/${node.pid}/root${wire.path} name eth1
    ip link set ${pf} up
    ip address replace ${nodeIp4}/24 dev ${pf}
  `);
  await wire.sh(`ip address add ${wireIp4}/24 dev eth1; ip link set eth1 up`);
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
        ip -details link show | sed 's/ permaddr [^ ]*//; s/^[0-9]*: //'
        find /var/lib/cni/plumbline /run/plumbline/sriov '${node.dataDir}' -type f ! -path '*/.plumbline/*' ! -name 'last_reserved_ip.*' ! -name lock 2>/dev/null || :
      `),
  };
}

const hasCarrier = async (node: Node): Promise<boolean> =>
  (await node.try('cat', `/sys/class/net/${pf}/carrier`)).stdout === '1';

/** The link of the NIC beside this one, by whatever name: a killed run may have left it another. */
function otherNic(address: string): string {
  const devices = '/sys/bus/pci/devices';
  const [found] = readdirSync(devices)
    .filter((device) => device !== address && existsSync(`${devices}/${device}/sriov_totalvfs`))
    .flatMap((device) => listFolder(`${devices}/${device}/net`));
  if (found === undefined) throw new Error(`there is no NIC beside ${pf}`);
  return found;
}

/** Removes what a test has left of containers. */
export async function removePods({ node, wire }: Nic): Promise<void> {
  for (const container of node.containers) if (container !== wire) await container.remove();
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

/**
 * Gives a function to a driver of userspace for as long as something takes.
 * @param use gets its PCI address
 */
export async function withUserspace(
  { node, vfs }: Nic,
  index: number,
  driver: string,
  use: (address: string) => Promise<void>,
): Promise<void> {
  const { address, name } = vfs[index] ?? { address: '', name: '' };
  const mac = (await node.link(name))?.address ?? '';
  const device = `/sys/bus/pci/devices/${address}`;
  const rebind = (to: string): string => `
    echo ${address} >${device}/driver/unbind
    echo ${to} >${device}/driver_override
    echo ${address} >/sys/bus/pci/drivers_probe
    test -e ${device}/driver
  `;
  await node.sh(`modprobe ${driver}${rebind(driver)}`);
  await use(address);
  await node.sh(`${rebind('')}
    ip link set "$(ls ${device}/net)" name ${name} address ${mac}
  `);
}

/**
 * A group of tests that share one NIC. After each of them it is, to the letter, what it was before.
 * @param count of virtual functions
 */
export function describeNic(name: string, count: number, body: (nic: () => Nic) => void): void {
  describeNeeds(['sriov'], name, () => {
    let nic: Nic | undefined;
    /** Undefined where it has to be looked at anew. */
    let before: string | undefined;
    let generation = 0;
    const given = (): Nic => {
      if (nic === undefined) throw new Error('the NIC is there within tests only');
      return nic;
    };
    beforeAll(async () => {
      nic = await useNic(count);
    });
    beforeEach(async () => {
      before ??= await given().letters();
      generation = given().generation;
    });
    afterEach(async ({ task }) => {
      // A test that has failed has cleaned up nothing: the next one begins with new functions.
      const expected = before;
      before = undefined;
      if (task.result?.state === 'fail') return startOver(given(), count);
      const after = await given().letters();
      await removePods(given());
      // New functions have new addresses.
      if (given().generation !== generation) expect(after).not.toMatch(/^\//m);
      else expect(after, 'the NIC and its functions').toBe(expected);
      before = after;
    });
    body(given);
  });
}

/** After a failure, which has cleaned up nothing. */
export async function startOver(nic: Nic, count: number): Promise<void> {
  await removePods(nic);
  await nic.makeVfs(0);
  await nic.node.sh(`rm -rf /var/lib/cni/plumbline/sriov /run/plumbline/sriov '${nic.node.dataDir}'`);
  await nic.makeVfs(count);
}
