/**
 * DEL: rows and link first, the address last. Best effort: what is gone is no error, a step that fails does not keep the
 * next ones from their work.
 */
import { isAliasOf, type Names, namesOf } from '../../lib/attach/names.ts';
import { recordedIn } from '../../lib/attach/recorded.ts';
import { withRelease } from '../../lib/attach/release.ts';
import { unplugVeth } from '../../lib/attach/veth.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { doAll } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { type HeldLock, lockRunDir } from '../../lib/exec/lock.ts';
import { ipBatch, ipInSandbox } from '../../lib/ip/batch.ts';
import { deleteLink, setDown } from '../../lib/ip/link.ts';
import { kindOf, readLinks, showDevice } from '../../lib/ip/read.ts';
import type { Database } from '../../lib/ovs/client.ts';
import { commit, commitRemoval } from '../../lib/ovs/commit.ts';
import type { Select } from '../../lib/ovs/operation.ts';
import { removeRows } from '../../lib/ovs/port.ts';
import { mapOf, type Row, textOf } from '../../lib/ovs/row.ts';
import type { Config } from './config.ts';
import { findPeersPort, findPeersPortByName, ofAttachment } from './marks.ts';
import { takeBack } from './representor.ts';
import { findRows, removalOf } from './rows.ts';
import { databaseOf } from './settings.ts';

export async function del(context: AttachmentContext<Config>): Promise<void> {
  const { host, ipam } = context;
  const names = namesOf(context);
  // For all steps, so that the children of an ADD that was killed are waited for once.
  using holding = await lockRunDir(host.runner, names.lock);
  const steps = [
    () => removeAll(context, names, holding),
    async () => {
      if (!(await unplugVeth(host, names, { holding }))) await silence(context, names);
    },
  ];
  await doAll(withRelease(ipam, steps));
}

/** Takes away what one attachment has in the database, for an ADD that fails: perhaps as the database was started anew. */
export async function removeAttachment(
  host: Host,
  database: Database,
  { identity }: Names,
  holding: HeldLock,
): Promise<void> {
  const options = { holding, again: true };
  const { rows } = await findRows(host, database, [ofAttachment(identity.mark)], options);
  await commit(host, database, removeRows(removalOf(rows)), options);
}

/** The same for DEL, in whose hands a pod of ovs-cni may be, too. */
async function removeAll(context: AttachmentContext<Config>, names: Names, holding: HeldLock): Promise<void> {
  const { host } = context;
  const database = databaseOf(context);
  const { rows, more } = await findRows(host, database, [ofAttachment(names.identity.mark)], {
    holding,
    more: peersPorts(context),
  });
  const foreign = rows.length > 0 ? [] : more.flat().filter((row) => isOfPod(context, row));
  // It may have been found in both ways. The limits of ovs-cni's are of other rows, and not its own.
  const peers = new Map(foreign.map((row) => [textOf(row, '_uuid') ?? '', textOf(row, 'name') ?? '']));
  // A function goes home before its rows, which alone tell how it is found, and what its name was.
  const device = rows.find(({ marks }) => marks['device-id'] !== undefined);
  if (device) await takeBack(host, context.sandbox, context.attachment.ifname, device.marks);
  const { ports, qos, queues } = removalOf(rows);
  const peersRows = [...peers.keys()].map((uuid) => ({ uuid, hasQos: false }));
  await commitRemoval(host, database, removeRows({ ports: [...ports, ...peersRows], qos, queues }), {
    holding,
  });
  if (peers.size > 0) await deletePeersVeths(host, [...peers.values()]);
}

/** PATH_MAX (limits.h): a longer one is the path of nothing, and more than a transaction may hold. */
const longestPath = 4095;

/** Ports that ovs-cni may have made for this pod: by what it noted, and by the result that the runtime has kept. */
function peersPorts({ request, attachment, prevResult }: AttachmentContext<Config>): Select[] {
  const recorded = recordedIn(prevResult, attachment.ifname, undefined).host;
  const { netns } = request;
  const isPath = netns !== '' && Buffer.byteLength(netns) <= longestPath;
  return [
    ...(isPath ? [findPeersPort(netns, attachment.ifname)] : []),
    ...(recorded === undefined ? [] : [findPeersPortByName(recorded.name, attachment.ifname)]),
  ];
}

/** A path is another pod's by and by, and a result may be anybody's: what both sides know must be the same. */
function isOfPod({ request }: AttachmentContext<Config>, row: Row): boolean {
  const { contPodUid, contNetns } = mapOf(row, 'external_ids');
  const isSame = (ours: string | undefined, theirs: string | undefined): boolean =>
    !ours || !theirs || ours === theirs;
  return isSame(request.args.get('K8S_POD_UID'), contPodUid) && isSame(request.netns, contNetns);
}

/** ovs-cni's links have random names and no label: proven by the port that was theirs. */
async function deletePeersVeths(host: Host, ports: readonly string[]): Promise<void> {
  const documents = await ipBatch(host, ports.map(showDevice), { force: true });
  const veths = documents.flatMap(readLinks).filter((link) => kindOf(link) === 'veth');
  if (veths.length > 0)
    await ipBatch(
      host,
      veths.map(({ ifname }) => deleteLink(ifname)),
      { force: true },
    );
}

/** An internal port goes when ovs-vswitchd takes it: until then it must not answer for an address that others may get. */
async function silence(
  { host, sandbox, attachment }: AttachmentContext<Config>,
  names: Names,
): Promise<void> {
  if (sandbox === undefined) return;
  const candidates = [attachment.ifname, names.host];
  const documents = await ipInSandbox(host, sandbox, candidates.map(showDevice), { force: true });
  const own = documents.flatMap(readLinks).filter(({ ifalias }) => isAliasOf(names, ifalias));
  if (own.length > 0) {
    await ipInSandbox(
      host,
      sandbox,
      own.flatMap(({ ifname }) => [setDown(ifname), deleteLink(ifname)]),
      { force: true },
    );
  }
}
