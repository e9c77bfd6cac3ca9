/** GC: removes what belongs to this network and to none of its valid attachments; goes on after errors. */
import { identify, isMarked, isOfNetwork } from '../../lib/cni/identity.ts';
import type { GcContext } from '../../lib/cni/plugin.ts';
import { doAll } from '../../lib/errors.ts';
import { lockPath } from '../../lib/exec/lock.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import { deleteLink } from '../../lib/ip/link.ts';
import { readLinks } from '../../lib/ip/read.ts';
import type { Config } from './config.ts';
import { collectStaleRules } from './rules.ts';

export async function gc({ request, config, host, ipam, valid }: GcContext<Config>): Promise<void> {
  const { network } = request;
  const identities = valid.map(({ containerID, ifname }) =>
    identify({ network, containerId: containerID, ifname }),
  );
  const isStale = (label: string | undefined): boolean =>
    isOfNetwork(label, network) && !identities.some((identity) => isMarked(label, identity));

  await doAll([
    async () => {
      const [document] = await ipBatch(host, [['link', 'show', 'type', 'veth']]);
      const stale = readLinks(document).filter((link) => isStale(link.ifalias));
      // A link may go by itself meanwhile, with its sandbox.
      if (stale.length > 0)
        await ipBatch(
          host,
          stale.map((link) => deleteLink(link.ifname)),
          { force: true },
        );
    },
    () => collectStaleRules(host, config, network, identities, lockPath(host.runDir, 'gc', network)),
    async () => ipam?.gc(),
  ]);
}
