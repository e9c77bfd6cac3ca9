/**
 * Which elements each attachment has: one small file an attachment below /run, in a folder a network. nft itself can
 * tell it only by listing all elements of the node.
 *
 * A note is there before the first element, and goes after the last one. It only says what to look for: whose an element
 * is, and whether a chain is in use, is for the kernel to say. Without notes, GC still finds everything.
 */
import { closeSync, constants, openSync, readFileSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { isErrnoException } from '../errors.ts';
import { digest } from '../exec/digest.ts';
import { inRunDir, makeFolder } from '../exec/folder.ts';
import type { Host } from '../exec/host.ts';
import { type Cidr, formatCidr, parseCidr } from '../net/address.ts';
import type { GuardedPort } from './antispoof.ts';
import type { Owner } from './masquerade.ts';

export interface Noted {
  readonly masquerade: readonly Cidr[];
  /** One, unless an ADD followed another one without a DEL. */
  readonly guards: readonly Omit<GuardedPort, 'comment'>[];
}

type Whose = Pick<Owner, 'network' | 'key'>;

const folderOf = (host: Host, network: string): string => `${host.runDir}/rules/${digest(16, network)}`;
const fileOf = (host: Host, { network, key }: Whose): string => `${folderOf(host, network)}/${key}`;

/** Notes what is about to be made. What stands in the note already stays: it was made by an ADD without a DEL. */
export function noteRules(host: Host, owner: Whose, { masquerade, guards }: Noted): void {
  const lines = [
    ...masquerade.map((address) => `masquerade ${formatCidr(address)}\n`),
    ...guards.map(({ port, mac }) => `guard ${port} ${mac}\n`),
  ];
  const file = fileOf(host, owner);
  inRunDir(file, () => {
    const fd = openNote(host, owner.network, file);
    try {
      writeSync(fd, lines.join(''));
    } finally {
      closeSync(fd);
    }
  });
}

function openNote(host: Host, network: string, file: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  for (;;) {
    try {
      return openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    } catch (error) {
      // Also where the DEL of the network's last attachment has just taken the folder away.
      if (!isErrnoException(error, 'ENOENT')) throw error;
      makeFolder(folderOf(host, network), 0o700);
    }
  }
}

/** What an attachment may have; undefined where nothing is noted. */
export function notedRules(host: Host, owner: Whose): Noted | undefined {
  const text = readNote(fileOf(host, owner));
  if (text === undefined) return undefined;
  const entries = [...new Set(text.split('\n'))].map((line) => line.split(' '));
  return {
    masquerade: entries.flatMap(([kind, value = '']) =>
      kind === 'masquerade' ? (parseCidr(value) ?? []) : [],
    ),
    guards: entries.flatMap(([kind, port, mac]) => (kind === 'guard' && port && mac ? [{ port, mac }] : [])),
  };
}

function readNote(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether an attachment of the network has a note. */
export function hasNotes(host: Host, network: string): boolean {
  return host.kernel.list(folderOf(host, network), 1).length > 0;
}

/** Whether the network has this note, and no other. */
export function isOnlyNote(host: Host, { network, key }: Whose): boolean {
  const [first, second] = host.kernel.list(folderOf(host, network), 2);
  return first === key && second === undefined;
}

/** @returns whether it was the last one of its network, as far as notes can tell */
export function dropNote(host: Host, owner: Whose): boolean {
  rmSync(fileOf(host, owner), { force: true });
  try {
    rmdirSync(folderOf(host, owner.network));
    return true;
  } catch (error) {
    if (isErrnoException(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

/** For GC: drops the notes of all of the network's attachments but those with these keys. */
export function collectNotes(host: Host, network: string, valid: ReadonlySet<string>): void {
  for (const key of host.kernel.list(folderOf(host, network))) {
    if (!valid.has(key)) dropNote(host, { network, key });
  }
}
