/**
 * Mode and flag belong to the master: the kernel switches all its ipvlan links when one is made with another.
 *
 * The host does not see links in other namespaces, so a small folder a master tells who is there: one file an
 * attachment, named by its key, with mode, flag, sandbox and interface name. One whose link is gone does not count.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IsValid } from '../../lib/attach/child-node.ts';
import type { Identity } from '../../lib/cni/identity.ts';
import { CniError, ErrorCode, isCniError, isErrnoException, show } from '../../lib/errors.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import { type HeldLock, lockPath, lockRunDir } from '../../lib/exec/lock.ts';
import { ipInSandbox } from '../../lib/ip/batch.ts';
import { kindOf, readLinks, showDevice } from '../../lib/ip/read.ts';
import type { Config } from './config.ts';

const rootOf = (host: Host): string => `${host.runDir}/ipvlan`;
const folderOf = (host: Host, master: string): string => `${rootOf(host)}/${master}`;

/** Held from the look at the others until the link is there. */
export function lockMode(host: Host, master: string): Promise<HeldLock> {
  return lockRunDir(host.runner, lockPath(host.runDir, 'ipvlan', master));
}

/**
 * Refuses another mode than the living links of the master have, and notes this one.
 * @returns whether this attachment's link lives already: then the claim is not this call's to take back
 * @throws CniError 7 that names both
 */
export async function claimMode(
  host: Host,
  master: string,
  config: Config,
  identity: Identity,
  sandbox: Netns,
): Promise<boolean> {
  const folder = folderOf(host, master);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const wanted = `${config.mode} ${config.flag}`;
  for (const key of host.kernel.list(folder)) {
    const claim = readClaim(`${folder}/${key}`);
    if (claim === undefined || claim.mode === wanted) continue;
    if (await isAlive(host, claim)) throw conflict(master, wanted, claim.mode);
    rmSync(`${folder}/${key}`, { force: true });
  }
  const own = `${folder}/${identity.key}`;
  const known = readClaim(own);
  if (known !== undefined && (await isAlive(host, known))) return true;
  writeFileSync(own, [wanted, sandbox.path, sandbox.id, identity.network, identity.ifname].join('\n'));
  return false;
}

function conflict(master: string, wanted: string, present: string): CniError {
  const inWords = (claim: string): string => claim.replace(/(.*) (.*)/, 'mode "$1" with flag "$2"');
  return new CniError(
    ErrorCode.invalidConfig,
    `mode: ${inWords(wanted)} cannot be had on the master ${show(master)}, which has living links of ${inWords(present)}: ` +
      'the kernel would switch them too; use the same mode and flag, or another master',
  );
}

interface Claim {
  /** Mode and flag, by a space. */
  readonly mode: string;
  readonly path: string;
  /** Of the sandbox (Netns). */
  readonly id: string;
  readonly network: string;
  readonly ifname: string;
}

function readClaim(file: string): Claim | undefined {
  try {
    const [mode = '', path = '', id = '', network = '', ifname = ''] = readFileSync(file, 'utf8').split('\n');
    return { mode, path, id, network, ifname };
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether the path leads to the same sandbox as then, and the link is in it. A claim that was cut short is no claim. */
async function isAlive(host: Host, { path, id, ifname }: Claim): Promise<boolean> {
  try {
    using sandbox = host.openNetns(path, true);
    if (ifname === '' || sandbox.id !== id) return false;
    const documents = await ipInSandbox(host, sandbox, [showDevice(ifname)], { force: true });
    return documents.flatMap(readLinks).some((link) => kindOf(link) === 'ipvlan');
  } catch (error) {
    if (isCniError(error, ErrorCode.invalidNetns)) return false;
    throw error;
  }
}

/** The master that this attachment has a claim on, or undefined. */
export function claimedMaster(host: Host, { key }: Identity): string | undefined {
  return host.kernel
    .list(rootOf(host))
    .find((master) => host.kernel.exists(`${folderOf(host, master)}/${key}`));
}

export function releaseMode(host: Host, master: string, { key }: Identity): void {
  rmSync(`${folderOf(host, master)}/${key}`, { force: true });
}

/** Forgets this attachment, whatever its master was: the default route may have moved since ADD. */
export function releaseEverywhere(host: Host, identity: Identity): void {
  for (const master of host.kernel.list(rootOf(host))) releaseMode(host, master, identity);
}

/** Forgets all of the network's attachments that are not to stay. */
export function collectModes(host: Host, network: string, isValid: IsValid): void {
  for (const master of host.kernel.list(rootOf(host))) {
    for (const key of host.kernel.list(folderOf(host, master))) {
      const file = `${folderOf(host, master)}/${key}`;
      if (readClaim(file)?.network === network && !isValid(key)) rmSync(file, { force: true });
    }
  }
}
