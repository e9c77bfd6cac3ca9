/**
 * Which attachments a hostAccess interface serves: one empty file an address and attachment, in a folder an interface.
 * All that a note says is in its name, so it is there whole or not at all. Changed under the interface's lock only.
 */
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Identity } from '../../lib/cni/identity.ts';
import { isErrnoException } from '../../lib/errors.ts';
import { digest } from '../../lib/exec/digest.ts';
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
const fileOf = ({ address, key, network }: Note): string => `${address}@${key}@${network}`;

/** Interfaces that serve somebody. */
export const notedDevices = (host: Host): readonly string[] => host.kernel.list(root(host));

export function readNotes(host: Host, device: string): Note[] {
  return host.kernel.list(folderOf(host, device)).map((name) => {
    const [address = '', key = '', network = ''] = name.split('@');
    return { address, key, network };
  });
}

export function addNotes(
  host: Host,
  device: string,
  { key, network }: Identity,
  addresses: readonly Cidr[],
): void {
  const folder = folderOf(host, device);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const { address } of addresses) {
    const note = { address: formatAddress(address), key, network: networkOfNote(network) };
    writeFileSync(`${folder}/${fileOf(note)}`, '');
  }
}

export function dropNotes(host: Host, device: string, notes: readonly Note[]): void {
  const folder = folderOf(host, device);
  for (const note of notes) rmSync(`${folder}/${fileOf(note)}`, { force: true });
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!isErrnoException(error, 'ENOENT', 'ENOTEMPTY')) throw error;
  }
}
