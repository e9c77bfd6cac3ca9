/** The host's end of an attachment's veth pair: found, deleted and collected by its name and alias. */
import { isOfNetwork } from '../cni/identity.ts';
import type { AttachmentContext } from '../cni/plugin.ts';
import { CniError, ErrorCode, show } from '../errors.ts';
import type { Host } from '../exec/host.ts';
import type { HeldLock } from '../exec/lock.ts';
import { type BatchOptions, type IpError, ipBatch, wasThere } from '../ip/batch.ts';
import { deleteLink, setDown } from '../ip/link.ts';
import { readLink, readLinks, showDevice } from '../ip/read.ts';
import { isAliasOf, type Names } from './names.ts';
import { nameTaken } from './taken.ts';

/**
 * Which of the two names of a pair is taken.
 * @param chosenBy field of the config that the host's name comes from, where it is not derived from the attachment
 */
export async function takenName(
  { host, attachment, request }: AttachmentContext<unknown>,
  names: Names,
  { details }: IpError,
  chosenBy?: string,
): Promise<CniError> {
  const { containerId, ifname, network } = attachment;
  const [document] = await ipBatch(host, [showDevice(names.host)], { force: true });
  const link = readLink(document);
  if (link === undefined) {
    return nameTaken('CNI_IFNAME', ifname, request.netns, details);
  }
  if (!isAliasOf(names, link.ifalias)) {
    return new CniError(
      ErrorCode.alreadyExists,
      `${chosenBy ?? 'the name of the host link'}: the link ${show(link.ifname)} is there already, and is not this container's; name another one`,
      details,
    );
  }
  return alreadyAttached(containerId, ifname, network, names.host, details);
}

/** The error of a second ADD. */
export function alreadyAttached(
  containerId: string,
  ifname: string,
  network: string,
  hostLink: string,
  details = '',
): CniError {
  return new CniError(
    ErrorCode.alreadyExists,
    `container ${containerId} has ${ifname} in network ${show(network)} already (host link ${hostLink}); ` +
      'it is left as it is. DEL removes it',
    details,
  );
}

export interface UnplugOptions {
  /** The attachment's lock, where the call has it. */
  readonly holding?: HeldLock;
  /** Where the caller has work to do meanwhile. */
  readonly beside?: {
    /**
     * Told when no frame passes the pair any more, while the kernel still takes it apart: that is most of the time of a
     * deletion. Not told where the pair is not there, or cannot be set down.
     */
    readonly onSilence?: () => void;
  };
}

/**
 * Deletes the pair by the host's end, proven by name and alias.
 * @returns whether it was there
 */
export async function unplugVeth(host: Host, names: Names, options: UnplugOptions = {}): Promise<boolean> {
  // /sys may show another namespace, but no link there can have this alias unless it is this attachment's.
  if (isAliasOf(names, host.kernel.read(`/sys/class/net/${names.host}/ifalias`)))
    return deleteVeth(host, names, options);
  // Under the lock, so that an ADD that was killed, and whose child is still at work, is waited for.
  const documents = await ipBatch(host, [showDevice(names.host)], {
    ...lockOf(names, options.holding),
    force: true,
  });
  const [link] = documents.flatMap(readLinks);
  return isAliasOf(names, link?.ifalias) ? deleteVeth(host, names, options) : false;
}

/** The child takes the attachment's lock itself, unless the call has it. */
const lockOf = (names: Names, holding: HeldLock | undefined): BatchOptions =>
  holding === undefined ? { lock: names.lock } : { holding };

/** @returns whether it was there */
export function deleteVeth(host: Host, names: Names, options: UnplugOptions = {}): Promise<boolean> {
  const { holding, beside } = options;
  const { onSilence } = beside ?? {};
  // Whatever is printed in between is printed when the pair is down.
  const silence = onSilence === undefined ? [] : [setDown(names.host), showDevice(names.host)];
  const deletion = ipBatch(host, [...silence, deleteLink(names.host)], {
    ...lockOf(names, holding),
    ...(beside && { beside: onSilence === undefined ? {} : { onOutput: onSilence } }),
  });
  return wasThere(deletion);
}

/** GC: deletes the host's ends of a network's pairs whose alias is judged to be stale. */
export async function collectVeths(
  host: Host,
  network: string,
  isStale: (alias: string | undefined) => boolean,
): Promise<void> {
  const [document] = await ipBatch(host, [['link', 'show', 'type', 'veth']]);
  const stale = readLinks(document).filter(
    ({ ifalias }) => isOfNetwork(ifalias, network) && isStale(ifalias),
  );
  if (stale.length === 0) return;
  // A link may go by itself meanwhile, with its sandbox.
  await ipBatch(
    host,
    stale.map((link) => deleteLink(link.ifname)),
    { force: true },
  );
}
