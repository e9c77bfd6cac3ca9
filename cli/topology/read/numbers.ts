/**
 * Numbers of namespaces, by which links name those of other namespaces. Each namespace has numbers of its own for others.
 *
 * ip tells the number of what has a name in /run/netns alone. So a folder with a name for each that is asked about is laid
 * over /run, in a mount namespace of the child's own. Not by `netns list-id`: the kernel ends that list after some hundred.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as z from '#zod';
import type { Netns } from '../../../lib/exec/host.ts';
import { temporaryFolder } from '../../temporary.ts';

export interface Names extends Disposable {
  /** What is to be mounted over `run`. */
  readonly folder: string;
  readonly run: string;
}

/** Gives namespaces names. */
export function nameNamespaces(namespaces: ReadonlyMap<string, Netns>): Names {
  const folder = mkdtempSync(join(temporaryFolder(), 'plumbline-topology-'));
  mkdirSync(join(folder, 'netns'));
  for (const [name, { ref }] of namespaces) symlinkSync(ref, join(folder, 'netns', name));
  return {
    folder,
    run: realpathSync('/var/run'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const idsSchema = z.array(z.object({ name: z.string(), id: z.optional(z.number()) }));

/**
 * The numbers by the names.
 * @param text what `ip -json netns list` prints
 * @throws SyntaxError for what is no JSON
 */
export function readNumbers(text: string): ReadonlyMap<string, number> {
  const { data = [] } = z.safeParse(idsSchema, JSON.parse(text.trim() || '[]'));
  return new Map(data.flatMap(({ name, id }) => (id === undefined ? [] : [[name, id] as const])));
}
