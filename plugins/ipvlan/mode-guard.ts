/**
 * Mode and flag belong to the master: the kernel switches all its ipvlan links when one is made with another.
 *
 * The host does not see links in other namespaces, so a small folder a master tells who is there, with one a mode and
 * flag in it: one file an attachment, named by its key, with sandbox and interface name. One whose link is gone does not
 * count. Those of the mode that is asked for are not looked at, however many they are.
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
/** A folder's name: mode and flag. */
const modeOf = ({ mode, flag }: Config): string => `${mode}-${flag}`;

/** The claims' files: by mode, where an attachment has one. */
const claimsOf = (host: Host, master: string, key: string): readonly string[] =>
  host.kernel.list(folderOf(host, master)).map((mode) => `${folderOf(host, master)}/${mode}/${key}`);

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
  const wanted = modeOf(config);
  for (const mode of host.kernel.list(folder)) {
    if (mode !== wanted && (await isInUse(host, `${folder}/${mode}`))) throw conflict(master, wanted, mode);
  }
  mkdirSync(`${folder}/${wanted}`, { recursive: true, mode: 0o700 });
  const own = `${folder}/${wanted}/${identity.key}`;
  const known = readClaim(own);
  if (known !== undefined && (await isAlive(host, known))) return true;
  writeFileSync(own, [sandbox.path, sandbox.id, identity.network, identity.ifname].join('\n'));
  return false;
}

/** Whether one of a mode's claims is alive; those before it, which are not, are forgotten. */
async function isInUse(host: Host, folder: string): Promise<boolean> {
  for (const key of host.kernel.list(folder)) {
    const claim = readClaim(`${folder}/${key}`);
    if (claim !== undefined && (await isAlive(host, claim))) return true;
    rmSync(`${folder}/${key}`, { force: true });
  }
  return false;
}

function conflict(master: string, wanted: string, present: string): CniError {
  const inWords = (claim: string): string => claim.replace(/(.*)-(.*)/, 'mode "$1" with flag "$2"');
  return new CniError(
    ErrorCode.invalidConfig,
    `mode: ${inWords(wanted)} cannot be had on the master ${show(master)}, which has living links of ${inWords(present)}: ` +
      'the kernel would switch them too; use the same mode and flag, or another master',
  );
}

interface Claim {
  readonly path: string;
  /** Of the sandbox (Netns). */
  readonly id: string;
  readonly network: string;
  readonly ifname: string;
}

function readClaim(file: string): Claim | undefined {
  try {
    const [path = '', id = '', network = '', ifname = ''] = readFileSync(file, 'utf8').split('\n');
    return { path, id, network, ifname };
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
    .find((master) => claimsOf(host, master, key).some((file) => host.kernel.exists(file)));
}

export function releaseMode(host: Host, master: string, { key }: Identity): void {
  for (const file of claimsOf(host, master, key)) rmSync(file, { force: true });
}

/** Forgets this attachment, whatever its master was: the default route may have moved since ADD. */
export function releaseEverywhere(host: Host, identity: Identity): void {
  for (const master of host.kernel.list(rootOf(host))) releaseMode(host, master, identity);
}

/** Forgets all of the network's attachments that are not to stay. */
export function collectModes(host: Host, network: string, isValid: IsValid): void {
  const masters = host.kernel.list(rootOf(host)).map((master) => folderOf(host, master));
  const modes = masters.flatMap((master) => host.kernel.list(master).map((mode) => `${master}/${mode}`));
  for (const folder of modes) {
    for (const key of host.kernel.list(folder).filter((name) => !isValid(name))) {
      if (readClaim(`${folder}/${key}`)?.network === network) rmSync(`${folder}/${key}`, { force: true });
    }
  }
}
