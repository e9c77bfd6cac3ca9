/**
 * Mode and flag belong to the master: the kernel switches all its ipvlan links when one is made with another.
 *
 * The host does not see links in other namespaces, so a small folder a master tells who is there: one file an
 * attachment, named by its key, with mode, flag and the sandbox. One whose sandbox is gone does not count.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IsValid } from '../../lib/attach/child-node.ts';
import type { Identity } from '../../lib/cni/identity.ts';
import { CniError, ErrorCode, isErrnoException, show } from '../../lib/errors.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import { type HeldLock, lockPath, lockRunDir } from '../../lib/exec/lock.ts';
import type { Config } from './config.ts';

const folderOf = (host: Host, master: string): string => `${host.runDir}/ipvlan/${master}`;

/** Held from the look at the others until the link is there. */
export function lockMode(host: Host, master: string): Promise<HeldLock> {
  return lockRunDir(host.runner, lockPath(host.runDir, 'ipvlan', master));
}

/**
 * Refuses another mode than the living links of the master have, and notes this one.
 * @returns whether this attachment had a claim before: then it is not this call's to take back
 * @throws CniError 7 that names both
 */
export function claimMode(
  host: Host,
  master: string,
  config: Config,
  identity: Identity,
  sandbox: Netns,
): boolean {
  const folder = folderOf(host, master);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const wanted = `${config.mode} ${config.flag}`;
  for (const name of host.kernel.list(folder).filter((entry) => entry !== identity.key)) {
    const claim = readClaim(`${folder}/${name}`);
    if (claim === undefined || claim.mode === wanted) continue;
    if (isAlive(claim)) throw conflict(master, wanted, claim.mode);
    rmSync(`${folder}/${name}`, { force: true });
  }
  const known = readClaim(`${folder}/${identity.key}`) !== undefined;
  if (known) return true;
  const { dev, ino } = statSync(sandbox.ref);
  writeFileSync(
    `${folder}/${identity.key}`,
    [wanted, sandbox.path, `${dev}:${ino}`, identity.network].join('\n'),
  );
  return false;
}

function conflict(master: string, wanted: string, present: string): CniError {
  const [mode, flag] = present.split(' ');
  return new CniError(
    ErrorCode.invalidConfig,
    `mode: ${show(wanted)} cannot be had on the master ${show(master)}, which has living links of mode "${mode}" and flag "${flag}": ` +
      'the kernel would switch them too; use the same mode and flag, or another master',
  );
}

interface Claim {
  /** Mode and flag, by a space. */
  readonly mode: string;
  readonly path: string;
  readonly inode: string;
  readonly network: string;
}

function readClaim(file: string): Claim | undefined {
  try {
    const [mode = '', path = '', inode = '', network = ''] = readFileSync(file, 'utf8').split('\n');
    return { mode, path, inode, network };
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** A sandbox lives as long as its path leads to the same namespace. */
function isAlive({ path, inode }: Claim): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && `${found.dev}:${found.ino}` === inode;
}

export function releaseMode(host: Host, master: string, { key }: Identity): void {
  rmSync(`${folderOf(host, master)}/${key}`, { force: true });
}

/** Forgets this attachment, whatever its master was: the default route may have moved since ADD. */
export function releaseEverywhere(host: Host, identity: Identity): void {
  for (const master of host.kernel.list(`${host.runDir}/ipvlan`)) releaseMode(host, master, identity);
}

/** Forgets all of the network's attachments that are not to stay. */
export function collectModes(host: Host, network: string, isValid: IsValid): void {
  for (const master of host.kernel.list(`${host.runDir}/ipvlan`)) {
    for (const key of host.kernel.list(folderOf(host, master))) {
      const file = `${folderOf(host, master)}/${key}`;
      if (readClaim(file)?.network === network && !isValid(key)) rmSync(file, { force: true });
    }
  }
}
