/**
 * What attach has done, for detach: one small JSON file an attachment, below the folder of state that outlives a boot.
 *
 * The node cannot tell what is in it - which config was used, where its plugins are - and a runtime's own cache
 * (/var/lib/cni/results) is no place for it: what a runtime finds there it takes for its own, and takes down. It outlives
 * a boot since addresses do, which plugins of other projects keep. It is written before the first plugin is called,
 * without a result, so that whatever ends an attach, the next one or detach finds what it has begun.
 */
import { readdirSync, rmSync } from 'node:fs';
import * as z from '#zod';
import type { Attachment } from '../../lib/cni/identity.ts';
import { isErrnoException } from '../../lib/errors.ts';
import { digest } from '../../lib/exec/digest.ts';
import { readPlainFile } from '../../lib/exec/plain-file.ts';
import { explaining } from '../explain.ts';
import { writeFiles } from '../write.ts';

const object = z.record(z.string(), z.unknown());

const recordSchema = z.looseObject({
  network: z.string(),
  containerId: z.string(),
  ifname: z.string(),
  /** What people call the container; its ID where it has no name. */
  container: z.string(),
  /** Who knew it: `docker`, `containerd (k8s.io)`, `netns`. */
  by: z.string(),
  /** Path of the namespace, and what tells it from all others that live. */
  netns: z.string(),
  netnsId: z.string(),
  /** The link in /run/netns that `--expose` makes. */
  exposed: z.optional(z.string()),
  /** Folders of the plugins, as CNI_PATH has them. */
  binDir: z.string(),
  /** The network as it was run: name, cniVersion, plugins. */
  config: object,
  capabilityArgs: z.optional(object),
  cniArgs: z.optional(z.string()),
  /** When it was begun, as ISO 8601. */
  since: z.string(),
  /** What the last plugin of the chain answered; none where attach did not come to its end. */
  result: z.optional(object),
});
export type AttachmentRecord = z.infer<typeof recordSchema>;

export const recordFolder = (stateDir: string): string => `${stateDir}/attachments`;

/** Path of an attachment's record. */
export const recordPath = (stateDir: string, attachment: Attachment): string =>
  `${recordFolder(stateDir)}/${fileOf(attachment)}`;

const fileOf = ({ network, containerId, ifname }: Attachment): string =>
  `${digest(32, network, containerId, ifname)}.json`;

/** @throws CommandError where the folder cannot be written to */
export function writeRecord(stateDir: string, record: AttachmentRecord): void {
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  writeFiles(recordFolder(stateDir), new Map([[fileOf(record), text]]));
}

export function removeRecord(stateDir: string, attachment: Attachment): void {
  const path = recordPath(stateDir, attachment);
  explaining(`cannot remove ${path}`, () => rmSync(path, { force: true }));
}

export interface Records {
  /** The oldest first. */
  readonly records: readonly AttachmentRecord[];
  /** Files that cannot be read, each with the reason. */
  readonly faults: readonly string[];
}

/** All attachments of this node. */
export function readRecords(stateDir: string): Records {
  const folder = recordFolder(stateDir);
  const faults: string[] = [];
  const records = namesIn(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    try {
      return readRecord(path) ?? [];
    } catch (error) {
      faults.push(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  });
  return {
    records: records.sort((a, b) => compare(a.since, b.since) || compare(a.ifname, b.ifname)),
    faults,
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** The one of an attachment, as it is now; undefined where it is gone. */
export function rereadRecord(stateDir: string, attachment: Attachment): AttachmentRecord | undefined {
  return readRecord(recordPath(stateDir, attachment));
}

function readRecord(path: string): AttachmentRecord | undefined {
  try {
    return z.parse(recordSchema, JSON.parse(readPlainFile(path) ?? ''));
  } catch (error) {
    // Somebody has detached it just now.
    if (isErrnoException(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]{32}\.json$/.test(name));
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return [];
    return explaining(`cannot read ${folder}`, () => {
      throw error;
    });
  }
}
