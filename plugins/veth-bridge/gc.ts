/** GC: removes what belongs to this network and to none of its valid attachments; goes on after errors. */
import { collectVeths } from '../../lib/attach/veth.ts';
import { identify, markedAmong } from '../../lib/cni/identity.ts';
import type { GcContext } from '../../lib/cni/plugin.ts';
import { doAll } from '../../lib/errors.ts';
import { lockPath } from '../../lib/exec/lock.ts';
import type { Config } from './config.ts';
import { collectStaleRules } from './rules.ts';

export async function gc({ request, config, host, ipam, valid }: GcContext<Config>): Promise<void> {
  const { network } = request;
  const identities = valid.map(({ containerID, ifname }) =>
    identify({ network, containerId: containerID, ifname }),
  );
  const isValid = markedAmong(identities);

  await doAll([
    () => collectVeths(host, network, (alias) => !isValid(alias)),
    () => collectStaleRules(host, config, network, identities, lockPath(host.runDir, 'gc', network)),
    async () => ipam?.gc(),
  ]);
}
