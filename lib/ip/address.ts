/** Commands about addresses, as lines of a batch (ip-address(8)). */
import { type Cidr, formatCidr } from '../net/address.ts';
import type { Command } from './command.ts';

/**
 * An address on a device, with the IPv4 broadcast address that its subnet has.
 * @param detectDuplicates for IPv6: leave duplicate address detection on; without it the address is usable at once
 */
export function addAddress(device: string, address: Cidr, detectDuplicates: boolean): Command {
  const subnetBroadcast = address.address.family === 4 && address.prefix < 31 ? ['broadcast', '+'] : [];
  const nodad = address.address.family === 6 && !detectDuplicates ? ['nodad'] : [];
  return ['address', 'add', formatCidr(address), ...subnetBroadcast, 'dev', device, ...nodad];
}

/** The same where the address may be there already: then that is no error. */
export function replaceAddress(device: string, address: Cidr, detectDuplicates: boolean): Command {
  const [object = '', , ...rest] = addAddress(device, address, detectDuplicates);
  return [object, 'replace', ...rest];
}

export function deleteAddress(device: string, address: Cidr): Command {
  return ['address', 'delete', formatCidr(address), 'dev', device];
}
