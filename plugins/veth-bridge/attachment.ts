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
import { lockPath } from '../../lib/exec/lock.ts';
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
