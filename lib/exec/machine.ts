/** Which machine this is, and which of its boots: what outlives a boot on disk is told from what lives by both. */
import { once } from '../once.ts';
import type { Kernel } from './host.ts';

/** Files with a name of the machine: systemd's, D-Bus's, the firmware's; the host's name where there is none. */
const machineFiles = [
  '/etc/machine-id',
  '/var/lib/dbus/machine-id',
  '/sys/class/dmi/id/product_uuid',
  '/proc/sys/kernel/hostname',
];

const bootFiles = ['/proc/sys/kernel/random/boot_id'];

export interface MachineIdentity {
  machineId(): string;
  bootId(): string;
}

/** Each is read when it is first asked for, and once: the firmware's file takes milliseconds. */
export function identityOf(kernel: Kernel): MachineIdentity {
  return {
    machineId: once(() => nameIn(kernel, machineFiles)),
    bootId: once(() => nameIn(kernel, bootFiles)),
  };
}

function nameIn(kernel: Kernel, files: readonly string[]): string {
  for (const file of files) {
    const name = kernel.read(file)?.trim();
    if (name !== undefined && /^[\w.-]+$/.test(name)) return name;
  }
  return 'unknown';
}
