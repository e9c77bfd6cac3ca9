/**
 * What virtual functions were before they were given away, and who has them: one small JSON file each, named by its PCI
 * address, written whole (temporary file and rename) before the first change, and removed once all is as it was.
 *
 * On disk, not below /run: a reboot resets the hardware, and then the file says that its holder is gone.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as z from '#zod';
import { type Attachment, identify, isOurMark, aliasOf as labelOf } from '../../lib/cni/identity.ts';
import { CniError, ErrorCode, isErrnoException } from '../../lib/errors.ts';
import { inRunDir, makeFolder } from '../../lib/exec/folder.ts';
import type { Host } from '../../lib/exec/host.ts';
import { identityOf } from '../../lib/exec/machine.ts';
import { once } from '../../lib/once.ts';
import { aliasOf, isPciAddress, netdevOf } from '../../lib/pci/function.ts';
import { plainState } from './plain.ts';

const vfSettings = once(() =>
  z.object({
    mac: z.optional(z.string()),
    vlan: z.number(),
    qos: z.number(),
    protocol: z.string(),
    spoofchk: z.optional(z.boolean()),
    trust: z.optional(z.boolean()),
    linkState: z.optional(z.string()),
    maxTxRate: z.number(),
    minTxRate: z.number(),
  }),
);

export const stateSchema = once(() =>
  z.object({
    /** Form of the file. */
    version: z.literal(1),
    address: z.string(),
    holder: z.object({
      network: z.string(),
      containerId: z.string(),
      ifname: z.string(),
      netns: z.string(),
      /** Of the namespace (Netns), and the boot that it is of. */
      netnsId: z.string(),
      boot: z.string(),
    }),
    /** The link as it was on the host; none where a driver of userspace had the function. */
    link: z.optional(
      z.object({
        name: z.string(),
        mac: z.string(),
        mtu: z.number(),
        up: z.boolean(),
        alias: z.optional(z.string()),
        /** Those of switchableFlags (lib/ip/link.ts) that were on. */
        flags: z.optional(z.array(z.string())),
      }),
    ),
    /** What the PF had set. */
    vf: vfSettings(),
    /** Whether the PF had set the MAC address: known where the function was denied another one. */
    macByPf: z.optional(z.boolean()),
  }),
);
export type State = z.infer<ReturnType<typeof stateSchema>>;

/** A file that says nothing: cut short, or another program's. */
export const broken = Symbol('broken');

const folderOf = (host: Host): string => `${host.stateDir}/sriov`;
const fileOf = (host: Host, address: string): string => `${folderOf(host)}/${address}.json`;
/** One a function: whoever writes has the NIC's lock. Its name is no PCI address, so nobody takes it for a state. */
const draftOf = (host: Host, address: string): string => `${fileOf(host, address)}.new`;

/** PCI addresses that there is a file of. */
export const recordedAddresses = (host: Host): readonly string[] => addressesWith(host, '.json');

/** PCI addresses that there is a draft of: a call writes it at this moment, or was killed while it did. */
export const draftedAddresses = (host: Host): readonly string[] => addressesWith(host, '.json.new');

function addressesWith(host: Host, suffix: string): readonly string[] {
  return host.kernel.list(folderOf(host)).flatMap((name) => {
    const address = name.slice(0, -suffix.length);
    return name.endsWith(suffix) && isPciAddress(address) ? [address] : [];
  });
}

export function readState(host: Host, address: string): State | typeof broken | undefined {
  const text = textOf(fileOf(host, address));
  if (text === undefined) return undefined;
  try {
    const state = readWhole(JSON.parse(text));
    return state?.address === address ? state : broken;
  } catch {
    return broken;
  }
}

function readWhole(document: unknown): State | undefined {
  return (plainState(document) as State | undefined) ?? z.safeParse(stateSchema(), document).data;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Writes it down, and marks a function without a link as its holder's.
 * @throws CniError 5 that names the file, where it cannot be written; then there is none
 */
export function writeState(host: Host, state: State): void {
  writeRecord(host, state);
  if (state.link === undefined) writeMark(host, state);
}

function writeRecord(host: Host, state: State): void {
  const file = fileOf(host, state.address);
  const draft = draftOf(host, state.address);
  try {
    makeFolder(folderOf(host), 0o700);
    const fd = openSync(draft, 'w', 0o600);
    try {
      writeFileSync(fd, `${JSON.stringify(state, undefined, 2)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, file);
  } catch (error) {
    if (!isErrnoException(error)) throw error;
    rmSync(draft, { force: true });
    throw new CniError(
      ErrorCode.io,
      `${file}: ${error.message}; what a virtual function was must be written down before it is changed`,
    );
  }
}

export function removeState(host: Host, address: string): void {
  // The mark first: one without a record says that the record is lost.
  rmSync(markFileOf(host, address), { force: true });
  rmSync(fileOf(host, address), { force: true });
}

/**
 * The mark of a function that a driver of userspace has, and that has no link to carry one: a file with the same text.
 * It ends with the boot, as the hardware's settings do.
 */
const markFileOf = (host: Host, address: string): string => `${host.runDir}/sriov/${address}`;

function writeMark(host: Host, { address, holder }: State): void {
  const file = markFileOf(host, address);
  inRunDir(file, () => {
    makeFolder(`${host.runDir}/sriov`, 0o700);
    writeFileSync(file, `${labelOf(identify(holder))}\n`, { mode: 0o600 });
  });
}

/** The mark that ADD has left on a function: as the alias of its link, while that is on the host, or in a file. */
export function markOf(host: Host, address: string): string | undefined {
  const label = aliasOf(host, address) ?? textOf(markFileOf(host, address));
  return isOurMark(label) ? label : undefined;
}

/** The NIC's lock is the caller's. */
export function removeDraft(host: Host, address: string): void {
  rmSync(draftOf(host, address), { force: true });
}

/** The function that an attachment holds. */
export function stateOf(host: Host, { network, containerId, ifname }: Attachment): State | undefined {
  return recordedAddresses(host)
    .map((address) => readState(host, address))
    .find(
      (state): state is State =>
        typeof state === 'object' &&
        state.holder.network === network &&
        state.holder.containerId === containerId &&
        state.holder.ifname === ifname,
    );
}

/** Whether a state is of this boot: of another one, it tells nothing of the hardware as it is. */
export function isOfThisBoot(host: Host, { holder }: State): boolean {
  return holder.boot === identityOf(host.kernel).bootId();
}

/**
 * Whether a container has it still: its sandbox is there, and the function's link not back on the host. A namespace that
 * is made anew can have the number of the one before it, so by its number alone a dead one may look alive.
 *
 * Sure under the NIC's lock alone: an ADD writes the state down a moment before it moves the link.
 */
export function isHeld(host: Host, state: State): boolean {
  const { holder, link, address } = state;
  if (!isOfThisBoot(host, state)) return false;
  if (link !== undefined && netdevOf(host, address) !== undefined) return false;
  try {
    using sandbox = host.openNetns(holder.netns, true);
    return sandbox.id === holder.netnsId;
  } catch {
    return false;
  }
}
