/**
 * A virtual function of a NIC in switchdev mode: its netdev, and the links on the host that stand for it (its representor)
 * and for the wire (the uplink). By sysfs alone.
 *
 * Source: the kernel's documentation, networking/switchdev and networking/representors: links of one switch have one
 * phys_switch_id; phys_port_name is `p0` for the uplink of port 0 and `pf0vf3` for the representor of its function 3,
 * after `c1` where it belongs to another host's controller.
 */
import { CniError, ErrorCode, show } from '../errors.ts';
import type { Host } from '../exec/host.ts';

export interface SwitchedFunction {
  /** PCI address: 0000:03:00.2. */
  readonly address: string;
  /** Its own netdev; undefined while a driver of userspace has it, or a container. */
  readonly netdev: string | undefined;
  readonly uplink: string;
  readonly representor: string;
}

const devices = '/sys/bus/pci/devices';
const links = '/sys/class/net';

/**
 * @param address of a virtual function
 * @throws CniError 7 where there is none, or its NIC has no representors
 */
export function findSwitchedFunction({ kernel }: Host, address: string): SwitchedFunction {
  const refuse = (message: string): CniError =>
    new CniError(ErrorCode.invalidConfig, `deviceID: ${show(address)} ${message}`);
  const device = `${devices}/${address}`;
  if (!kernel.exists(device)) throw refuse('is no PCI device of this node');
  if (!kernel.exists(`${device}/physfn`)) throw refuse('is no virtual function');

  const nameOf = (link: string): string | undefined =>
    kernel.read(`${links}/${link}/phys_port_name`) || undefined;
  const switchOf = (link: string): string | undefined =>
    kernel.read(`${links}/${link}/phys_switch_id`) || undefined;
  // Representors are links of the same device on newer kernels.
  const uplink = kernel
    .list(`${device}/physfn/net`)
    .find((link) => switchOf(link) !== undefined && /^p\d+$/.test(nameOf(link) ?? 'p0'));
  if (uplink === undefined) {
    throw refuse(
      'has no representor: its NIC is not in switchdev mode ("devlink dev eswitch set pci/… mode switchdev")',
    );
  }
  const index = indexOf(kernel, device, address);
  if (index === undefined) throw refuse('is not among the virtual functions of its NIC');
  const port = /^p(\d+)$/.exec(nameOf(uplink) ?? '')?.[1];
  const wanted =
    port === undefined
      ? new RegExp(`^(?:pf\\d+vf)?${index}$`)
      : new RegExp(`^(?:c\\d+)?pf${port}vf${index}$`);
  const identity = switchOf(uplink);
  const representor = kernel
    .list(links)
    .find((link) => link !== uplink && wanted.test(nameOf(link) ?? '') && switchOf(link) === identity);
  if (representor === undefined) throw refuse(`has no representor among the links of ${uplink}`);
  return { address, netdev: kernel.list(`${device}/net`)[0], uplink, representor };
}

/** Links that may be the port by which a NIC's uplink is on a bridge: itself, or the bond it is in with its members. */
export function uplinkCandidates({ kernel }: Host, uplink: string): readonly string[] {
  const bond = kernel.list(links).find((link) => membersOf(kernel, link).includes(uplink));
  return bond === undefined ? [uplink] : [bond, ...membersOf(kernel, bond)];
}

/** Members of a bond; none where the link is none. */
function membersOf(kernel: Host['kernel'], link: string): readonly string[] {
  return (kernel.read(`${links}/${link}/bonding/slaves`) ?? '').split(' ').filter(Boolean);
}

/** The netdev of a PCI device, by whatever name it has now. */
export function netdevOf({ kernel }: Host, address: string): string | undefined {
  return kernel.list(`${devices}/${address}/net`)[0];
}

/** The function's number, by the links virtfn0, virtfn1, … of its NIC. */
function indexOf(kernel: Host['kernel'], device: string, address: string): number | undefined {
  const functions = kernel
    .list(`${device}/physfn`)
    .flatMap((entry) => /^virtfn(\d+)$/.exec(entry)?.[1] ?? []);
  const own = functions.find((number) =>
    kernel.read(`${device}/physfn/virtfn${number}/uevent`)?.split('\n').includes(`PCI_SLOT_NAME=${address}`),
  );
  return own === undefined ? undefined : Number(own);
}
