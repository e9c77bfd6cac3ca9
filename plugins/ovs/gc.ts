/** GC: removes what belongs to this network and to none of its valid attachments; goes on after errors. */
import { collectVeths } from '../../lib/attach/veth.ts';
import { identify, isMarked } from '../../lib/cni/identity.ts';
import type { GcContext } from '../../lib/cni/plugin.ts';
import { doAll } from '../../lib/errors.ts';
import { identityOf } from '../../lib/exec/machine.ts';
import { removeRows } from '../../lib/ovs/port.ts';
import { commitRemoval } from '../../lib/ovs/vsctl.ts';
import type { Config } from './config.ts';
import { ofNetwork } from './marks.ts';
import { takeBack } from './representor.ts';
import { findRows, type MarkedRow, removalOf } from './rows.ts';
import { databaseOf } from './settings.ts';

export async function gc(context: GcContext<Config>): Promise<void> {
  const { request, host, ipam, valid } = context;
  const { network } = request;
  const identities = valid.map(({ containerID, ifname }) =>
    identify({ network, containerId: containerID, ifname }),
  );
  const marks = new Set(identities.map(({ mark }) => mark));
  const machine = identityOf(host.kernel).machineId();
  const isStale = (row: MarkedRow): boolean =>
    row.marks['machine'] === machine && !marks.has(row.marks['attachment'] ?? '');

  await doAll([
    async () => {
      const database = databaseOf(context);
      const { rows } = await findRows(host, database, [[ofNetwork(network)]]);
      const stale = rows.filter(isStale);
      // A function whose sandbox has died is on the host again, by whatever name; its rows tell which.
      for (const { marks: ids, table } of stale) {
        if (table === 'Port') await takeBack(host, undefined, '', ids);
      }
      await commitRemoval(host, database, removeRows(removalOf(stale)));
    },
    () => collectVeths(host, network, (alias) => !identities.some((identity) => isMarked(alias, identity))),
    async () => ipam?.gc(),
  ]);
}
