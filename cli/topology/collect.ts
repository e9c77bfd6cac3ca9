/** All reads of a node. A part that cannot be read is a note; the rest is shown all the same. */
import { asCniError } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { missingTool } from '../../lib/exec/tools.ts';
import { reportVfs } from '../vfs/report.ts';
import type { Facts, Namespace } from './facts.ts';
import { readNodeLinks, readVlans } from './read/links.ts';
import { readNamespaces } from './read/namespaces.ts';
import { type Configured, readConfigured } from './read/networks.ts';
import { readOvs } from './read/ovs.ts';
import { readPods } from './read/pods.ts';
import { readReservations } from './read/reservations.ts';
import { noRules, readRules } from './read/rules.ts';

export interface CollectOptions {
  /** Folder of the networks. */
  readonly netDir: string;
  readonly isRoot: boolean;
}

/** @throws CniError 100 where there is no ip, 101 with its words */
export async function collectFacts(host: Host, { netDir, isRoot }: CollectOptions): Promise<Facts> {
  const links = await readNodeLinks(host);
  const configured = readConfigured(host, netDir);
  const notes = [...configured.notes];
  const tryRead = async <T>(what: string, otherwise: T, read: () => Promise<T> | T): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      notes.push(`${what}: ${asCniError(error).message}`);
      return otherwise;
    }
  };
  if (!isRoot) notes.push(notRoot);
  const seen = isRoot
    ? await tryRead('containers are not shown', undefined, () => readNamespaces(host))
    : undefined;
  const namespaces = seen ?? [];
  notes.push(...unentered(namespaces));
  return {
    links,
    vlans: await tryRead('VLANs of bridges are not shown', new Map(), () => readVlans(host)),
    namespaces,
    rules: isRoot
      ? await tryRead('masquerading and anti-spoofing are not shown', noRules, () =>
          rulesOf(host, configured, notes),
        )
      : noRules,
    ovs: isRoot ? await ovsOf(host, configured, tryRead) : [],
    pfs: await tryRead('virtual functions are not shown', [], () => reportVfs(host)),
    reservations: (
      await Promise.all(
        configured.stores.map(({ dataDir, network }) =>
          tryRead(`reservations of ${network} are not shown`, [], () =>
            readReservations(host, dataDir, network),
          ),
        ),
      )
    ).flat(),
    pods: readPods(host),
    wanted: configured.wanted,
    isComplete: seen?.every((namespace) => namespace.links !== undefined) ?? false,
    notes,
  };
}

const notRoot =
  'not root: containers, Open vSwitch, masquerading and anti-spoofing cannot be seen; run this as root for the whole';

function unentered(namespaces: readonly Namespace[]): readonly string[] {
  const count = namespaces.filter(({ links }) => links === undefined).length;
  return count === 0
    ? []
    : [`${count} of ${namespaces.length} network namespaces cannot be entered; what is in them is not shown`];
}

async function rulesOf(host: Host, { withIptables }: Configured, notes: string[]): Promise<Facts['rules']> {
  if (host.runner.has('nft')) return readRules(host, withIptables);
  notes.push(`masquerading and anti-spoofing are not shown: ${missingTool('nft')}`);
  return noRules;
}

type TryRead = <T>(what: string, otherwise: T, read: () => Promise<T> | T) => Promise<T>;

/** Nothing is said on a node without Open vSwitch. */
async function ovsOf(host: Host, { remotes, wanted }: Configured, tryRead: TryRead): Promise<Facts['ovs']> {
  const isThere = (remote: string): boolean =>
    !remote.startsWith('unix:') || host.kernel.exists(remote.slice('unix:'.length));
  const asked = remotes.filter((remote) => isThere(remote) || wanted.ovsBridges.length > 0);
  const bridges = await Promise.all(
    asked.map((remote) => tryRead('Open vSwitch is not shown', [], () => readOvs(host, remote))),
  );
  return bridges.flat();
}
