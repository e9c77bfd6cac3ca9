/**
 * What virtual functions were before they were given away, and who has them: one small JSON file each, named by its PCI
 * address, written whole (temporary file and rename) before the first change, and removed once all is as it was.
 *
 * On disk, not below /run: a reboot resets the hardware, and then the file says that its holder is gone.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as z from 'zod/mini';
import type { Attachment } from '../../lib/cni/identity.ts';
import { CniError, ErrorCode, isErrnoException } from '../../lib/errors.ts';
import { makeFolder } from '../../lib/exec/folder.ts';
import type { Host } from '../../lib/exec/host.ts';
import { identityOf } from '../../lib/exec/machine.ts';
import { isPciAddress } from '../../lib/pci/function.ts';

const vfSettings = z.object({
  mac: z.optional(z.string()),
  vlan: z.number(),
  qos: z.number(),
  protocol: z.string(),
  spoofchk: z.optional(z.boolean()),
  trust: z.optional(z.boolean()),
  linkState: z.optional(z.string()),
  maxTxRate: z.number(),
  minTxRate: z.number(),
});

const stateSchema = z.object({
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
  link: z.optional(z.object({ name: z.string(), mac: z.string(), mtu: z.number(), up: z.boolean() })),
  /** What the PF had set. */
  vf: vfSettings,
});
export type State = z.infer<typeof stateSchema>;

/** A file that says nothing: cut short, or another program's. */
export const broken = Symbol('broken');

const folderOf = (host: Host): string => `${host.stateDir}/sriov`;
const fileOf = (host: Host, address: string): string => `${folderOf(host)}/${address}.json`;

/** PCI addresses that there is a file of. */
export function recordedAddresses(host: Host): readonly string[] {
  return host.kernel.list(folderOf(host)).flatMap((name) => {
    const address = name.replace(/\.json$/, '');
    return name.endsWith('.json') && isPciAddress(address) ? [address] : [];
  });
}

export function readState(host: Host, address: string): State | typeof broken | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(host, address), 'utf8');
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const parsed = z.safeParse(stateSchema, JSON.parse(text));
    return parsed.success && parsed.data.address === address ? parsed.data : broken;
  } catch {
    return broken;
  }
}

/** @throws CniError 5 that names the file, where it cannot be written; then there is none */
export function writeState(host: Host, state: State): void {
  const file = fileOf(host, state.address);
  // Its name is no PCI address, so nobody takes what a crash leaves for a state.
  const draft = `${file}.${process.pid}.new`;
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
  rmSync(fileOf(host, address), { force: true });
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

/** Whether the sandbox that a function was given to is still there. */
export function isHolderAlive(host: Host, { holder }: State): boolean {
  if (holder.boot !== identityOf(host.kernel).bootId()) return false;
  try {
    using sandbox = host.openNetns(holder.netns, true);
    return sandbox.id === holder.netnsId;
  } catch {
    return false;
  }
}
