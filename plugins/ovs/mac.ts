/** The MAC address of the sandbox's link. */
import { digest } from '../../lib/exec/digest.ts';
import { type Cidr, formatAddress } from '../../lib/net/address.ts';
import type { Link } from './link.ts';
import type { Settings } from './settings.ts';

/**
 * Asked for, or from the address: 0a:58 and the four bytes of an IPv4 address, or of an IPv6 address's hash. So an
 * address has one MAC address as long as it is in use, whoever has it, and no neighbour keeps a wrong one.
 */
export function macOf({ mac, portType }: Settings, link: Link, addresses: readonly Cidr[]): string {
  if (mac !== undefined || portType === 'representor') return mac ?? link.mac;
  const [first] = addresses.toSorted((a, b) => a.address.family - b.address.family);
  if (first === undefined) return link.mac;
  const text = formatAddress(first.address);
  const bytes =
    first.address.family === 4
      ? text.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))
      : digest(8, text).match(/../g);
  return ['0a', '58', ...(bytes ?? [])].join(':');
}
