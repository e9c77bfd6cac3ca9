/**
 * PCI functions that share one NIC: the physical one (PF) and its virtual ones (VFs), as sysfs has them.
 *
 * Source: the kernel's documentation, PCI/pci-iov-howto and ABI/testing/sysfs-bus-pci: `physfn`, `virtfnN`,
 * `sriov_totalvfs`, `sriov_numvfs`.
 */
import { CniError, ErrorCode, isCniError, show } from '../errors.ts';
import type { Host, Kernel } from '../exec/host.ts';

export interface VirtualFunction {
  /** PCI address: 0000:03:10.2. */
  readonly address: string;
  /** By which its PF knows it: `vf 2`. */
  readonly index: number;
  /** Undefined where none is bound. */
  readonly driver: string | undefined;
  /** Its link, by the name that it has on the host now; undefined while a container or a driver of userspace has it. */
  readonly netdev: string | undefined;
}

export interface PhysicalFunction {
  readonly address: string;
  readonly driver: string | undefined;
  /** Its link on the host. */
  readonly netdev: string | undefined;
  /** How many VFs it can have; 0 where it has no SR-IOV. */
  readonly totalVfs: number;
  /** In the order of their indices. */
  readonly vfs: readonly VirtualFunction[];
}

const devices = '/sys/bus/pci/devices';

const pciAddress = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

/** Whether a text is a PCI address with its domain, in lower case: 0000:03:10.2. */
export function isPciAddress(text: string): boolean {
  return pciAddress.test(text);
}

/** Drivers that hand a device to a program, and make no link of it: vfio-pci and those that vendors made of it, too. */
const userspaceDriver = /^(?:(?:.+[_-])?vfio[_-]pci|uio_pci_generic|igb_uio|pci-stub)$/;

export function hasUserspaceDriver({ driver }: Pick<VirtualFunction, 'driver'>): boolean {
  return driver !== undefined && userspaceDriver.test(driver);
}

/** The PF of a VF, and the VF among its siblings: one reading of one NIC. */
export interface Located {
  readonly pf: PhysicalFunction;
  readonly vf: VirtualFunction;
}

/**
 * @param field of the config that the address comes from, for errors
 * @throws CniError 7 where there is no such device, or it is no VF
 */
export function findVf({ kernel }: Host, address: string, field: string): Located {
  const refuse = (message: string): CniError =>
    new CniError(ErrorCode.invalidConfig, `${field}: ${show(address)} ${message}`);
  if (!kernel.exists(`${devices}/${address}`)) throw refuse('is no PCI device of this node');
  const { PCI_SLOT_NAME: parent } = factsOf(kernel, `${devices}/${address}/physfn`);
  if (parent === undefined) throw refuse('is no virtual function');
  const pf = readPf(kernel, parent);
  const vf = pf.vfs.find((candidate) => candidate.address === address);
  if (vf === undefined) throw refuse(`is not among the virtual functions of ${parent}`);
  return { pf, vf };
}

/** The same, for what must go on where the function is gone. */
export function locateVf(host: Host, address: string): Located | undefined {
  try {
    return findVf(host, address, 'deviceID');
  } catch (error) {
    if (isCniError(error, ErrorCode.invalidConfig)) return undefined;
    throw error;
  }
}

/**
 * @param name of a link on the host, or a PCI address
 * @throws CniError 7 where there is no such device, or it has no SR-IOV
 */
export function findPf({ kernel }: Host, name: string, field: string): PhysicalFunction {
  const refuse = (message: string): CniError =>
    new CniError(ErrorCode.invalidConfig, `${field}: ${show(name)} ${message}`);
  // A path would lead elsewhere in sysfs.
  const ofLink = (): string | undefined =>
    name.includes('/') ? undefined : factsOf(kernel, `/sys/class/net/${name}/device`)['PCI_SLOT_NAME'];
  const address = isPciAddress(name.toLowerCase()) ? name.toLowerCase() : ofLink();
  if (address === undefined || !kernel.exists(`${devices}/${address}`)) {
    throw refuse('is neither a NIC of this node nor the PCI address of one');
  }
  const pf = readPf(kernel, address);
  if (pf.totalVfs === 0) {
    const isVf = kernel.exists(`${devices}/${address}/physfn`);
    throw refuse(isVf ? 'is a virtual function itself; name its NIC, or use deviceID' : 'has no SR-IOV');
  }
  return pf;
}

/** All PFs of this node that can have VFs. */
export function listPfs({ kernel }: Host): readonly PhysicalFunction[] {
  return kernel
    .list(devices)
    .toSorted()
    .filter((address) => kernel.exists(`${devices}/${address}/sriov_totalvfs`))
    .map((address) => readPf(kernel, address))
    .filter(({ totalVfs, netdev, vfs }) => totalVfs > 0 && (netdev !== undefined || vfs.length > 0));
}

function readPf(kernel: Kernel, address: string): PhysicalFunction {
  const folder = `${devices}/${address}`;
  const indices = kernel.list(folder).flatMap((entry) => /^virtfn(\d+)$/.exec(entry)?.[1] ?? []);
  return {
    address,
    driver: factsOf(kernel, folder)['DRIVER'],
    netdev: kernel.list(`${folder}/net`)[0],
    totalVfs: Number(kernel.read(`${folder}/sriov_totalvfs`) ?? 0),
    vfs: indices
      .map(Number)
      .sort((a, b) => a - b)
      .flatMap((index) => readVf(kernel, `${folder}/virtfn${index}`, index)),
  };
}

function readVf(kernel: Kernel, folder: string, index: number): VirtualFunction[] {
  const { PCI_SLOT_NAME: address, DRIVER: driver } = factsOf(kernel, folder);
  return address === undefined ? [] : [{ address, index, driver, netdev: kernel.list(`${folder}/net`)[0] }];
}

/** Lines `KEY=VALUE` of a device's uevent file: unlike the links beside it, it can be read. */
function factsOf(kernel: Kernel, device: string): Readonly<Record<string, string | undefined>> {
  const lines = (kernel.read(`${device}/uevent`) ?? '')
    .split('\n')
    .map((line) => /^([^=]+)=(.*)$/.exec(line));
  return Object.fromEntries(lines.flatMap((match) => (match ? [[match[1], match[2]]] : [])));
}

/** The link of a PCI device on the host, by whatever name it has now. */
export function netdevOf({ kernel }: Host, address: string): string | undefined {
  return kernel.list(`${devices}/${address}/net`)[0];
}

/** File of the alias of a device's link on the host; writing a line's end takes the alias away, which ip cannot say in a batch. */
export const aliasFile = (address: string, netdev: string): string =>
  `${devices}/${address}/net/${netdev}/ifalias`;

/** The alias of a device's link, while it is on the host and has one. */
export function aliasOf(host: Host, address: string): string | undefined {
  const netdev = netdevOf(host, address);
  return netdev === undefined ? undefined : host.kernel.read(aliasFile(address, netdev)) || undefined;
}

/** File that makes VFs where it has 0. */
export const numVfsFile = ({ address }: Pick<PhysicalFunction, 'address'>): string =>
  `${devices}/${address}/sriov_numvfs`;
