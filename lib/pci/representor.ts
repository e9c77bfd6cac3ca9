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
import { findVf } from './function.ts';

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
export function findSwitchedFunction(host: Host, address: string): SwitchedFunction {
  const { kernel } = host;
  const refuse = (message: string): CniError =>
    new CniError(ErrorCode.invalidConfig, `deviceID: ${show(address)} ${message}`);
  const { vf } = findVf(host, address, 'deviceID');
  const device = `${devices}/${address}`;

  const nameOf = (link: string): string | undefined =>
    kernel.read(`${links}/${link}/phys_port_name`) || undefined;
  const switchOf = (link: string): string | undefined =>
    kernel.read(`${links}/${link}/phys_switch_id`) || undefined;
  // Representors are links of the same device on newer kernels.
  const beside = kernel.list(`${device}/physfn/net`);
  const uplink = beside.find((link) => switchOf(link) !== undefined && /^p\d+$/.test(nameOf(link) ?? 'p0'));
  if (uplink === undefined) {
    throw refuse(
      'has no representor: its NIC is not in switchdev mode ("devlink dev eswitch set pci/… mode switchdev")',
    );
  }
  const { index, netdev } = vf;
  const port = /^p(\d+)$/.exec(nameOf(uplink) ?? '')?.[1];
  const wanted =
    port === undefined
      ? new RegExp(`^(?:pf\\d+vf)?${index}$`)
      : new RegExp(`^(?:c\\d+)?pf${port}vf${index}$`);
  const identity = switchOf(uplink);
  const isIt = (link: string): boolean =>
    link !== uplink && wanted.test(nameOf(link) ?? '') && switchOf(link) === identity;
  // Only on older kernels it is looked for among all links of the node.
  const representor = beside.find(isIt) ?? kernel.list(links).find(isIt);
  if (representor === undefined) throw refuse(`has no representor among the links of ${uplink}`);
  return { address, netdev, uplink, representor };
}

/** Links that may be the port by which a NIC's uplink is on a bridge: itself, or the bond it is in with its members. */
export function uplinkCandidates({ kernel }: Host, uplink: string): readonly string[] {
  // A link's folder names those above it: upper_bond0 (the kernel's ABI/testing/sysfs-class-net).
  const above = kernel.list(`${links}/${uplink}`).flatMap((entry) => /^upper_(.+)$/.exec(entry)?.[1] ?? []);
  const bond = above.find((link) => membersOf(kernel, link).includes(uplink));
  return bond === undefined ? [uplink] : [bond, ...membersOf(kernel, bond)];
}

/** Members of a bond; none where the link is none. */
function membersOf(kernel: Host['kernel'], link: string): readonly string[] {
  return (kernel.read(`${links}/${link}/bonding/slaves`) ?? '').split(' ').filter(Boolean);
}
