/** What somebody asks for an interface, beside its network: addresses, a default route, MAC address, VLAN. */
import { normalMac } from '../../lib/cni/mac.ts';
import { asCniError } from '../../lib/errors.ts';
import {
  type Address,
  boundsOf,
  type Cidr,
  formatAddress,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseAddress,
  parseCidr,
  sameAddress,
} from '../../lib/net/address.ts';
import { UsageError } from '../command.ts';

export interface WantedAddress {
  /** As it was written, with or without a prefix. */
  readonly text: string;
  readonly address: Address;
  /** With the prefix, where one was given. */
  readonly cidr: Cidr | undefined;
  /** Of a default route; none is wanted without it. */
  readonly gateway: Address | undefined;
}

export interface Wishes {
  /** One of a family. */
  readonly addresses: readonly WantedAddress[];
  readonly mac: string | undefined;
  readonly vlan: number | undefined;
}

export interface WishOptions {
  readonly ip: readonly string[];
  readonly mac: string | undefined;
  readonly vlan: string | undefined;
}

/** @throws UsageError for what is no address, MAC address or VLAN */
export function readWishes({ ip, mac, vlan }: WishOptions): Wishes {
  const addresses = ip.map(readAddress);
  const families = new Set(addresses.map(({ address }) => address.family));
  if (families.size < addresses.length) throw new UsageError('--ip: give one address of a family');
  return {
    addresses,
    mac: mac === undefined ? undefined : readMac(mac),
    vlan: vlan === undefined ? undefined : readVlan(vlan),
  };
}

function readAddress(text: string): WantedAddress {
  if (text === 'dhcp') {
    throw new UsageError(
      '--ip: "dhcp" is not among the forms; name a network whose ipam.type is dhcp, and run the daemon of that plugin',
    );
  }
  const [own = '', gatewayText, more] = text.split('@');
  const cidr = own.includes('/') ? parseCidr(own) : undefined;
  const address = cidr?.address ?? parseAddress(own);
  const gateway = gatewayText === undefined ? undefined : parseAddress(gatewayText);
  const isBad =
    address === undefined || more !== undefined || (gatewayText !== undefined && gateway === undefined);
  if (isBad)
    throw new UsageError(
      `--ip: "${text}", expected an address such as 192.168.1.3/24 or 192.168.1.3/24@192.168.1.1`,
    );
  if (gateway !== undefined && gateway.family !== address.family) {
    throw new UsageError(`--ip: "${text}": the address is of one family, and the gateway of the other`);
  }
  const fault = addressFault({ address, cidr, gateway });
  if (fault !== undefined) throw new UsageError(`--ip: "${text}": ${fault}`);
  return { text: own, address, cidr, gateway };
}

/** What the kernel would take, and no interface can use; of a whole network, 0.0.0.0/0 would be a second way out. */
function addressFault({ address, cidr, gateway }: Omit<WantedAddress, 'text'>): string | undefined {
  const given = [address, ...(gateway === undefined ? [] : [gateway])];
  const bad = given.find((one) => isUnspecified(one) || isMulticast(one) || isLoopback(one));
  if (bad !== undefined) return `${formatAddress(bad)} is no address that another one can send to`;
  if (gateway !== undefined && sameAddress(gateway, address)) return 'the gateway is the address itself';
  if (cidr === undefined || address.family === 6 || cidr.prefix > 30) return undefined;
  const { first, last } = boundsOf(cidr);
  if (given.some((one) => sameAddress(one, first)))
    return `${formatAddress(first)} is the network's own address`;
  if (given.some((one) => sameAddress(one, last))) return `${formatAddress(last)} is the broadcast address`;
  return undefined;
}

function readMac(text: string): string {
  try {
    return normalMac(text, '--mac');
  } catch (error) {
    throw new UsageError(asCniError(error).message, { cause: error });
  }
}

function readVlan(text: string): number {
  const vlan = Number(text);
  if (/^\d+$/.test(text) && vlan >= 1 && vlan <= 4094) return vlan;
  throw new UsageError(`--vlan: "${text}", expected a number from 1 to 4094`);
}
