/**
 * Which attachments a hostAccess interface serves. A folder an interface, and in it each note twice, as an empty file:
 *
 *     <device>/of/<attachment>/<address>@<network>
 *     <device>/at/<address>/<attachment>
 *
 * so that what one attachment has, and who else has its address, is known whatever the number of the others. All that a
 * note says is in its name, so it is there whole or not at all. Changed under the interface's lock only.
 */
import { rmdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Identity } from '../../lib/cni/identity.ts';
import { isErrnoException } from '../../lib/errors.ts';
import { digest } from '../../lib/exec/digest.ts';
import { inRunDir, makeFolder } from '../../lib/exec/folder.ts';
import type { Host } from '../../lib/exec/host.ts';
import { type Cidr, formatAddress } from '../../lib/net/address.ts';

export interface Note {
  readonly address: string;
  /** Of the attachment (identity.ts). */
  readonly key: string;
  /** As {@link networkOfNote} tells it. */
  readonly network: string;
}

export const networkOfNote = (network: string): string => digest(16, network);

const root = (host: Host): string => `${host.runDir}/host-access`;
const folderOf = (host: Host, device: string): string => `${root(host)}/${device}`;
const folderByKey = (host: Host, device: string, key: string): string =>
  `${folderOf(host, device)}/of/${key}`;
const folderByAddress = (host: Host, device: string, address: string): string =>
  `${folderOf(host, device)}/at/${address}`;

/** Interfaces that serve somebody. */
export const notedDevices = (host: Host): readonly string[] => host.kernel.list(root(host));

/** Keys of all attachments that an interface serves, or of some: no more than asked for. */
export const servedBy = (host: Host, device: string, atMost?: number): readonly string[] =>
  host.kernel.list(`${folderOf(host, device)}/of`, atMost);

/** All addresses that an interface leads to. */
export const addressesAt = (host: Host, device: string): readonly string[] =>
  host.kernel.list(`${folderOf(host, device)}/at`);

/** What an interface does for one attachment. */
export function notesOf(host: Host, device: string, key: string): Note[] {
  return host.kernel.list(folderByKey(host, device, key)).map((name) => {
    const [address = '', network = ''] = name.split('@');
    return { address, key, network };
  });
}

/** Keys of the attachments that have an address. */
export const holdersOf = (host: Host, device: string, address: string): readonly string[] =>
  host.kernel.list(folderByAddress(host, device, address));

export function addNotes(
  host: Host,
  device: string,
  { key, network }: Identity,
  addresses: readonly Cidr[],
): void {
  for (const address of addresses.map((cidr) => formatAddress(cidr.address))) {
    // By the attachment first: by that a DEL finds both.
    makeNote(folderByKey(host, device, key), `${address}@${networkOfNote(network)}`);
    makeNote(folderByAddress(host, device, address), key);
  }
}

function makeNote(folder: string, name: string): void {
  inRunDir(folder, () => {
    makeFolder(folder, 0o700);
    writeFileSync(`${folder}/${name}`, '');
  });
}

/** Drops all that an interface has noted of an attachment, and what is empty then. */
export function dropNotes(host: Host, device: string, key: string): void {
  const notes = notesOf(host, device, key);
  for (const { address } of notes) {
    const folder = folderByAddress(host, device, address);
    rmSync(`${folder}/${key}`, { force: true });
    removeEmpty(folder);
  }
  rmSync(folderByKey(host, device, key), { recursive: true, force: true });
  for (const part of ['/of', '/at', '']) removeEmpty(`${folderOf(host, device)}${part}`);
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!isErrnoException(error, 'ENOENT', 'ENOTEMPTY')) throw error;
  }
}
