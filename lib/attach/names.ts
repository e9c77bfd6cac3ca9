/** How the things made for an attachment are named, from its identity alone. */
import { aliasOf, hostVethName, type Identity, identify, isMarked } from '../cni/identity.ts';
import type { AttachmentContext } from '../cni/plugin.ts';
import { lockPath } from '../exec/lock.ts';

export interface Names {
  readonly identity: Identity;
  /** Name of the attachment's link on the host: for good (a veth's end), or until it is moved into the sandbox. */
  readonly host: string;
  readonly alias: string;
  /** Lock that every child holds that changes something of this attachment. */
  readonly lock: string;
}

export function namesOf({ attachment, host }: AttachmentContext<unknown>): Names {
  const identity = identify(attachment);
  const { network, containerId, ifname } = attachment;
  return {
    identity,
    host: hostVethName(identity),
    alias: aliasOf(identity),
    lock: lockPath(host.runDir, 'attachment', network, containerId, ifname),
  };
}

export const isAliasOf = (names: Names, alias: string | undefined): boolean =>
  isMarked(alias, names.identity);
