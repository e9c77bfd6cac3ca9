/**
 * Who an attachment is, and how the things made for it are named and labelled.
 *
 * Identity is (network, container ID, interface name), everywhere: one container can have two interfaces in one
 * network. Hashes have a fixed length; readable text follows them and is cut to the limit of its carrier.
 */
import { digest } from '../exec/digest.ts';

export interface Attachment {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}

export interface Identity extends Attachment {
  /** 15 characters, unique to the attachment; fits where the kernel takes an interface's name (nft type ifname). */
  readonly key: string;
  /** What every label of the network begins with: `plumbline:` and 16 hexadecimal digits. */
  readonly networkMark: string;
  /** What every label of the attachment begins with: the network's mark, `-`, and 16 digits. */
  readonly mark: string;
}

/** 255 bytes: IFALIASZ - 1, linux/if.h. */
const aliasLimit = 255;
/** NFTNL_UDATA_COMMENT_MAXLEN, libnftnl. */
const commentLimit = 128;

/** The mark of a network, by which GC tells what belongs to it. */
export function networkMark(network: string): string {
  return `plumbline:${digest(16, network)}`;
}

export function identify({ network, containerId, ifname }: Attachment): Identity {
  const forNetwork = networkMark(network);
  return {
    network,
    containerId,
    ifname,
    key: digest(15, network, containerId, ifname),
    networkMark: forNetwork,
    mark: `${forNetwork}-${digest(16, containerId, ifname)}`,
  };
}

/** The alias of a link: mark, then network/container/interface for people. */
export function aliasOf(identity: Identity): string {
  return cut(readable(identity), aliasLimit);
}

/** The comment of an nft element or rule. */
export function commentOf(identity: Identity): string {
  return cut(readable(identity), commentLimit);
}

function readable({ mark, network, containerId, ifname }: Identity): string {
  return `${mark}:${network}/${containerId}/${ifname}`;
}

/** The beginning of a text that has at most so many bytes; no character is cut in two. */
function cut(text: string, bytes: number): string {
  const room = new Uint8Array(bytes);
  return text.slice(0, new TextEncoder().encodeInto(text, room).read);
}

/** Whether a label was made by plumbline, for whatever attachment. */
export function isOurMark(label: string | undefined): boolean {
  return label?.startsWith('plumbline:') ?? false;
}

/** Whether a label was made for this attachment. */
export function isMarked(label: string | undefined, identity: Identity): boolean {
  return label?.startsWith(`${identity.mark}:`) ?? false;
}

/** Tells whether a label was made for one of these attachments, however many they are. */
export function markedAmong(identities: readonly Identity[]): (label: string | undefined) => boolean {
  const marks = new Set(identities.map(({ mark }) => mark));
  return (label = '') => marks.has(/^(plumbline:[0-9a-f]{16}-[0-9a-f]{16}):/.exec(label)?.[1] ?? '');
}

/** Whether a label was made for any attachment of this network. */
export function isOfNetwork(label: string | undefined, network: string): boolean {
  return label?.startsWith(`${networkMark(network)}-`) ?? false;
}

/** Name of the host end of a veth pair. It begins with `veth`, which NetworkManager and networkd leave alone. */
export function hostVethName(identity: Identity): string {
  return `veth${identity.key.slice(0, 11)}`;
}
