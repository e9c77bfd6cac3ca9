/** A NIC with virtual functions in switchdev mode, in the made-up sysfs tree of a host. */
import type { Machine } from './machine.ts';

export interface MadeUpNic {
  /** Link of the physical function, which is the uplink. */
  readonly uplink: string;
  /** PCI address of the physical function; the functions follow it. */
  readonly address?: string;
  /** phys_port_name of the uplink; none on older kernels. */
  readonly portName?: string;
  /** phys_switch_id of all; none where the NIC is not in switchdev mode. */
  readonly switchId?: string;
  /** By the function's number: its own link, its representor, and that one's phys_port_name. */
  readonly functions: readonly {
    readonly netdev?: string;
    readonly representor?: string;
    readonly portName?: string;
  }[];
}

const devices = '/sys/bus/pci/devices';

/** Address of a function of a NIC at 0000:03:00.0: 0000:03:00.2 is the first. */
export const functionAddress = (index: number, nic = '0000:03:00.0'): string =>
  `${nic.slice(0, -1)}${index + 2}`;

export function addNic(machine: Machine, nic: MadeUpNic): void {
  const { uplink, address = '0000:03:00.0', portName, switchId, functions } = nic;
  const { files, symlinks } = machine;
  const putLink = (ifname: string, parentdev: string, port: string | undefined, id = switchId): void => {
    machine.put({
      ifname,
      parentdev,
      address: `02:00:00:00:01:${ifname.length.toString(16).padStart(2, '0')}`,
    });
    if (port !== undefined) files.set(`/sys/class/net/${ifname}/phys_port_name`, port);
    if (id !== undefined) files.set(`/sys/class/net/${ifname}/phys_switch_id`, id);
  };
  files.set(`${devices}/${address}/uevent`, `DRIVER=mlx5_core\nPCI_SLOT_NAME=${address}`);
  files.set(`${devices}/${address}/sriov_totalvfs`, '8');
  putLink(uplink, address, portName);
  for (const [index, { netdev, representor, portName: name }] of functions.entries()) {
    const own = functionAddress(index, address);
    files.set(`${devices}/${own}/uevent`, `DRIVER=mlx5_core\nPCI_SLOT_NAME=${own}`);
    symlinks.set(`${devices}/${own}/physfn`, `${devices}/${address}`);
    symlinks.set(`${devices}/${address}/virtfn${index}`, `${devices}/${own}`);
    if (netdev !== undefined)
      machine.put({ ifname: netdev, parentdev: own, address: `02:00:00:00:00:f${index}` });
    // On newer kernels a representor is a link of the physical function, as the uplink is.
    if (representor !== undefined) putLink(representor, address, name);
  }
}
