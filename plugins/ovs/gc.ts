/** GC: removes what belongs to this network and to none of its valid attachments; goes on after errors. */
import { collectVeths } from '../../lib/attach/veth.ts';
import { identify, markedAmong } from '../../lib/cni/identity.ts';
import type { GcContext } from '../../lib/cni/plugin.ts';
import { doAll } from '../../lib/errors.ts';
import { identityOf } from '../../lib/exec/machine.ts';
import { commit, commitRemoval } from '../../lib/ovs/commit.ts';
import { removeRows } from '../../lib/ovs/port.ts';
import type { Config } from './config.ts';
import { ofNetwork } from './marks.ts';
import { takeBack } from './representor.ts';
import { findRows, type MarkedRow, removalOf } from './rows.ts';
import { databaseOf } from './settings.ts';

/** Of one transaction, which has to fit into one argument: some 150 bytes a row. */
const rowsAtOnce = 500;

export async function gc(context: GcContext<Config>): Promise<void> {
  const { request, host, ipam, valid } = context;
  const { network } = request;
  const identities = valid.map(({ containerID, ifname }) =>
    identify({ network, containerId: containerID, ifname }),
  );
  const marks = new Set(identities.map(({ mark }) => mark));
  const isValid = markedAmong(identities);
  const machine = identityOf(host.kernel).machineId();
  const isStale = (row: MarkedRow): boolean =>
    row.marks['machine'] === machine && !marks.has(row.marks['attachment'] ?? '');

  await doAll([
    async () => {
      const database = databaseOf(context);
      const { rows } = await findRows(host, database, [ofNetwork(network)]);
      const stale = rows.filter(isStale);
      // A function whose sandbox has died is on the host again, by whatever name; its rows tell which.
      for (const { marks: ids, table } of stale) {
        if (table === 'Port') await takeBack(host, undefined, '', ids);
      }
      // Ports come before their limits, so that nothing is taken away which another row still refers to.
      for (let at = 0; at < stale.length; at += rowsAtOnce) {
        const removal = removeRows(removalOf(stale.slice(at, at + rowsAtOnce)));
        const isLast = at + rowsAtOnce >= stale.length;
        await (isLast ? commitRemoval : commit)(host, database, removal);
      }
    },
    () => collectVeths(host, network, (alias) => !isValid(alias)),
    async () => ipam?.gc(),
  ]);
}
