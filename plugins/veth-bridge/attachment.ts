/** What is made for one attachment, by name: the same for ADD, DEL and CHECK, from the config and the identity alone. */
import {
  aliasOf,
  commentOf,
  hostVethName,
  type Identity,
  identify,
  isMarked,
} from '../../lib/cni/identity.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { ifnameFault } from '../../lib/cni/request.ts';
import type { Result, ResultInterface } from '../../lib/cni/result.ts';
import { lockPath } from '../../lib/exec/lock.ts';
import { type Cidr, parseCidr } from '../../lib/net/address.ts';
import type { Owner } from '../../lib/nft/masquerade.ts';
import type { Config } from './config.ts';

export interface Names {
  readonly identity: Identity;
  /** Name of the host's end of the veth. */
  readonly host: string;
  readonly alias: string;
  /** How the attachment's rules are labelled. */
  readonly owner: Owner;
  /** Lock that every child holds that changes something of this attachment. */
  readonly lock: string;
}

export function namesOf({ attachment, config, host }: AttachmentContext<Config>): Names {
  const identity = identify(attachment);
  const { network, containerId, ifname } = attachment;
  return {
    identity,
    host: config.hostInterfaceName ?? hostVethName(identity),
    alias: aliasOf(identity),
    owner: { network, key: identity.key, comment: commentOf(identity) },
    lock: lockPath(host.runDir, 'attachment', network, containerId, ifname),
  };
}

export const isAliasOf = (names: Names, alias: string | undefined): boolean =>
  isMarked(alias, names.identity);

/** What a result says of this attachment. A chain's later plugins may have added interfaces and addresses of their own. */
export interface Recorded {
  readonly sandbox: ResultInterface | undefined;
  readonly host: ResultInterface | undefined;
  readonly addresses: readonly Cidr[];
}

/** @param name of the host's end; without one, the first veth of the host that the result names */
export function recordedIn(
  result: Result | undefined,
  ifname: string,
  bridge: string,
  name?: string,
): Recorded {
  const interfaces = result?.interfaces ?? [];
  const isHost = ({ name: link, sandbox }: ResultInterface): boolean =>
    !sandbox && (name ? link === name : link !== bridge && ifnameFault(link) === undefined);
  const sandboxIndex = interfaces.findIndex((entry) => entry.name === ifname && entry.sandbox);
  const own = (result?.ips ?? []).filter((ip) => ip.interface === undefined || ip.interface === sandboxIndex);
  return {
    sandbox: interfaces[sandboxIndex],
    host: interfaces.find(isHost),
    addresses: own.flatMap(({ address }) => parseCidr(address) ?? []),
  };
}
