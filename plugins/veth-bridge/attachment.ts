/** What is made for one attachment, by name: the same for ADD, DEL and CHECK, from the config and the identity alone. */
import { type Names as CommonNames, namesOf as commonNamesOf } from '../../lib/attach/names.ts';
import { commentOf } from '../../lib/cni/identity.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { lockPath } from '../../lib/exec/lock.ts';
import type { Owner } from '../../lib/nft/masquerade.ts';
import type { Config } from './config.ts';

export { isAliasOf } from '../../lib/attach/names.ts';

/** `host` is the host's end of the veth. */
export interface Names extends CommonNames {
  /** How the attachment's rules are labelled. */
  readonly owner: Owner;
  /** Lock that every child holds that changes nft's rules: a lock of their own, since they go while the link does. */
  readonly rulesLock: string;
}

export function namesOf(context: AttachmentContext<Config>): Names {
  const common = commonNamesOf(context);
  const { identity } = common;
  const { network, containerId, ifname } = context.attachment;
  return {
    ...common,
    host: context.config.hostInterfaceName ?? common.host,
    owner: { network: identity.network, key: identity.key, comment: commentOf(identity) },
    rulesLock: lockPath(context.host.runDir, 'rules', network, containerId, ifname),
  };
}
