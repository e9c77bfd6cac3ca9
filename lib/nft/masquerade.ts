/**
 * Masquerading: what leaves a network has the node's address.
 *
 * One lookup a packet, however many containers: a map from source address to a chain of the (network, subnet). That
 * chain returns for its own subnet and for multicast, and masquerades the rest; a map alone cannot compare the
 * destination with "its own" subnet.
 *
 * Who owns an address is a second set, of (address, attachment). An element is made only together with its owner
 * (`create` fails where one is there), and deleted only together with it, in one transaction: so a late DEL or a GC of
 * a container cannot take away the masquerading of the one that has its address now. A comment could not tell: nft
 * ignores it when it deletes.
 */
import { digest } from '../exec/digest.ts';
import { type Cidr, formatAddress, formatCidr, networkOf } from '../net/address.ts';
import { quoted } from './transaction.ts';

/** Who an element belongs to: the key of its identity, the comment that people and GC read. */
export interface Owner {
  readonly network: string;
  readonly key: string;
  readonly comment: string;
}

const table = 'inet plumbline';
export const sources = { 4: 'sources4', 6: 'sources6' } as const;
export const owners = { 4: 'owners4', 6: 'owners6' } as const;
const multicast = { 4: '224.0.0.0/4', 6: 'ff00::/8' } as const;
const protocol = { 4: 'ip', 6: 'ip6' } as const;

/** The subnet of an address, as text. */
export function subnetOf(address: Cidr): string {
  return formatCidr({ address: networkOf(address), prefix: address.prefix });
}

/** What the names of a network's chains begin with. A chain's comment would tell, but nft 1.0 leaves it out of JSON. */
export function chainPrefix(network: string): string {
  return `masq-${digest(8, network)}-`;
}

/** Name of the chain for a network's subnet. */
export function subnetChain(network: string, subnet: string): string {
  return `${chainPrefix(network)}${digest(8, subnet)}`;
}

/** Table, sets, maps and the base chain; sent when they are found missing. */
export const masqueradeBase: readonly string[] = [
  `add table ${table}`,
  `add set ${table} owners4 { type ipv4_addr . ifname ; }`,
  `add set ${table} owners6 { type ipv6_addr . ifname ; }`,
  `add map ${table} sources4 { type ipv4_addr : verdict ; }`,
  `add map ${table} sources6 { type ipv6_addr : verdict ; }`,
  `add chain ${table} postrouting { type nat hook postrouting priority 100 ; policy accept ; }`,
  `flush chain ${table} postrouting`,
  `add rule ${table} postrouting ip saddr vmap @sources4`,
  `add rule ${table} postrouting ip6 saddr vmap @sources6`,
];

/** The chain that the address's element goes to. */
export function masqueradeChain(owner: Owner, address: Cidr): readonly string[] {
  const { family } = address.address;
  const subnet = subnetOf(address);
  const chain = `${table} ${subnetChain(owner.network, subnet)}`;
  return [
    `add chain ${chain} { comment ${quoted(`network ${owner.network} ${subnet}`.slice(0, 128))} ; }`,
    `flush chain ${chain}`,
    `add rule ${chain} ${protocol[family]} daddr { ${subnet}, ${multicast[family]} } return`,
    `add rule ${chain} masquerade`,
  ];
}

export function createMasquerade(owner: Owner, address: Cidr): readonly string[] {
  return createElement(owner, address, subnetChain(owner.network, subnetOf(address)));
}

/** The element of an address, and its owner's part, to a chain that is there. */
export function createElement(
  owner: Pick<Owner, 'key' | 'comment'>,
  address: Cidr,
  chain: string,
): readonly string[] {
  const { family } = address.address;
  const comment = quoted(owner.comment);
  return [
    `create element ${table} ${owners[family]} { ${ownerKey(owner.key, address)} comment ${comment} }`,
    `create element ${table} ${sources[family]} { ${formatAddress(address.address)} comment ${comment} : goto ${chain} }`,
  ];
}

/** Deletes the element only where it is this owner's: the transaction fails at its first line where it is not. */
export function deleteMasquerade(key: string, address: Cidr): readonly string[] {
  return [deleteOwner(key, address), deleteSource(address)];
}

/** The owner's part alone, where the other is gone. */
export function deleteOwner(key: string, address: Cidr): string {
  return `delete element ${table} ${owners[address.address.family]} { ${ownerKey(key, address)} }`;
}

/** The element alone, where its owner's part is gone. */
export function deleteSource({ address }: Cidr): string {
  return `delete element ${table} ${sources[address.family]} { ${formatAddress(address)} }`;
}

function ownerKey(key: string, address: Cidr): string {
  return `${formatAddress(address.address)} . ${quoted(key)}`;
}
