/**
 * DEL: link and rules first, the address last, so that nobody gets an address whose rules are still there.
 *
 * Best effort: what is gone is no error, a step that fails does not keep the next ones from their work.
 */

import { recordedIn } from '../../lib/attach/recorded.ts';
import { type Release, releaseBy, withRelease } from '../../lib/attach/release.ts';
import { unplugVeth } from '../../lib/attach/veth.ts';
import { isOurMark } from '../../lib/cni/identity.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { doAll, ErrorCode, isCniError } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { ipBatch, ipInSandbox, isIpError, wasThere } from '../../lib/ip/batch.ts';
import { deleteLink } from '../../lib/ip/link.ts';
import { kindOf, type LinkInfo, readLinks, showDevice } from '../../lib/ip/read.ts';
import { isAliasOf, type Names, namesOf } from './attachment.ts';
import type { Config } from './config.ts';
import { goBesideLink, removeReferenceRules, removeRules } from './rules.ts';

export async function del(context: AttachmentContext<Config>): Promise<void> {
  const { host, config, ipam, attachment, prevResult } = context;
  const names = namesOf(context);
  const recorded = recordedIn(prevResult, attachment.ifname, config.bridge, names.host);
  const guarded = { mac: recorded.sandbox?.mac, addresses: recorded.addresses };
  const releasing = releaseBy(ipam);
  const unplugging = unplug(context, names, releasing);
  const steps = [
    unplugging.begin,
    async () => (await removeRules(host, config, names, guarded))(),
    unplugging.end,
  ];
  await doAll(withRelease(ipam, steps, releasing));
}

/**
 * The link goes in two steps. Where there are rules, the first one ends when the link is down, so that they are removed
 * while the kernel takes it apart: both wait for grace periods of the kernel, some 15 ms each.
 */
function unplug(
  context: AttachmentContext<Config>,
  names: Names,
  releasing: Release,
): Record<'begin' | 'end', () => Promise<void>> {
  const { host, config } = context;
  let rest: Promise<unknown> | undefined;
  return {
    async begin() {
      const silence = Promise.withResolvers<'silent'>();
      const deleted = unplugVeth(host, names, {
        beside: goBesideLink(config) ? { onSilence: () => silence.resolve('silent') } : {},
      });
      // The child has been started; there is time for other things.
      releasing.prepare();
      const first = await Promise.race([silence.promise, deleted]);
      if (first === 'silent') {
        rest = deleted;
        // Waited for at the end; until then nobody listens.
        deleted.catch(() => undefined);
      } else if (!first) {
        // Not made by us, or gone with its sandbox: perhaps the reference bridge made this pod.
        await unplugForeign(context, names);
        await removeReferenceRules(host, config, names);
      }
    },
    async end() {
      await rest;
    },
  };
}

/**
 * Deletes CNI_IFNAME in the sandbox where it is proven to be this attachment's: by our alias, by the MAC address that
 * the runtime's record has, or by its peer being a port of our bridge. The path may be another container's by now.
 */
async function unplugForeign(context: AttachmentContext<Config>, names: Names): Promise<void> {
  const { host, sandbox, attachment, prevResult, config } = context;
  const { ifname } = attachment;
  const recorded = recordedIn(prevResult, ifname, config.bridge);
  if (sandbox) {
    const link = await linkInSandbox(context);
    if (link && kindOf(link) === 'veth') {
      const proven =
        isAliasOf(names, link.ifalias) ||
        (!isOurMark(link.ifalias) &&
          (recorded.sandbox
            ? recorded.sandbox.mac?.toLowerCase() === link.address
            : await isUnmarkedPortOf(host, config.bridge, link)));
      if (proven) {
        await wasThere(ipInSandbox(host, sandbox, [deleteLink(ifname)]));
        return;
      }
    }
  }
  // Something may hold a namespace that no path leads to any more: the host's end is left to go by.
  if (recorded.host === undefined) return;
  const documents = await ipBatch(host, [showDevice(recorded.host.name)], { force: true });
  const [port] = documents.flatMap(readLinks);
  if (
    port &&
    kindOf(port) === 'veth' &&
    port.master === config.bridge &&
    port.address === recorded.host.mac
  ) {
    await wasThere(ipBatch(host, [deleteLink(port.ifname)]));
  }
}

async function linkInSandbox({
  host,
  sandbox,
  attachment,
}: AttachmentContext<Config>): Promise<LinkInfo | undefined> {
  if (sandbox === undefined) return undefined;
  try {
    const documents = await ipInSandbox(host, sandbox, [showDevice(attachment.ifname)]);
    return documents.flatMap(readLinks)[0];
  } catch (error) {
    // No namespace for networks is as good as one that is gone; a bind mount tells its kind only when it is entered.
    if (isIpError(error, 'missing') || isCniError(error, ErrorCode.invalidNetns)) return undefined;
    throw error;
  }
}

/**
 * A pod of the reference, of a specification whose runtimes keep no result: each end of a veth names the other's index.
 * A port with a mark of ours is another attachment's, which has the sandbox's path now.
 */
async function isUnmarkedPortOf(host: Host, bridge: string, link: LinkInfo): Promise<boolean> {
  const documents = await ipBatch(host, [['link', 'show', 'master', bridge]], { force: true });
  return documents
    .flatMap(readLinks)
    .some(
      (port) =>
        kindOf(port) === 'veth' &&
        port.link_index === link.ifindex &&
        port.ifindex === link.link_index &&
        !isOurMark(port.ifalias),
    );
}
