/**
 * The startup snapshot: the heap after a bundle has run.
 *
 * Node puts a code cache of all its own modules behind the heap, to be copied at each start for modules that are loaded
 * later; plumbline loads none on the path that pods pay. Node's own setting for that (withoutCodeCache) also takes the
 * compiled code out of the heap, which is what the warm-up is for; so the cache is cut off here.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { theOnly } from './bytes.ts';

/**
 * @param node the command line of the Node that makes the snapshot, which must be the one that will read it
 * @returns path of the snapshot, in the folder
 */
export function takeSnapshot(bundle: string, folder: string, node: readonly [string, ...string[]]): string {
  const snapshot = join(folder, 'snapshot.blob');
  const [program, ...args] = node;
  // Its warnings (that all this is experimental) are kept for the case that it fails.
  execFileSync(
    program,
    [...args, '--expose-internals', '--snapshot-blob', snapshot, '--build-snapshot', bundle],
    {
      cwd: folder,
      stdio: 'pipe',
    },
  );
  writeFileSync(snapshot, cutCodeCache(readFileSync(snapshot)));
  return snapshot;
}

/** Node has some 300 modules. */
const moduleCount = { least: 100, most: 2000 };

/**
 * The last part of a snapshot is a vector (src/node_snapshotable.cc, SnapshotData::ToBlob): a count, and as often the
 * name of a module and its code, each with its length before it; numbers have 64 bits, little-endian.
 * @returns the snapshot with an empty vector in its place
 * @throws Error where there is not exactly one place from which such a vector reaches to the end
 */
export function cutCodeCache(snapshot: Buffer): Buffer {
  const places: number[] = [];
  for (let place = 0; place + 8 <= snapshot.length; place += 1) {
    if (isCodeCache(snapshot, place)) places.push(place);
  }
  const place = theOnly(
    places,
    (count) => `${count} code caches found in the snapshot; has Node ${process.version} another format?`,
  );
  return Buffer.concat([snapshot.subarray(0, place), Buffer.alloc(8)]);
}

function isCodeCache(snapshot: Buffer, place: number): boolean {
  const count = snapshot.readUInt32LE(place);
  if (count < moduleCount.least || count > moduleCount.most) return false;
  let at = afterNumber(snapshot, place);
  for (let index = 0; index < count && at !== undefined; index += 1) at = afterModule(snapshot, at);
  return at === snapshot.length;
}

/** Where the next part begins; undefined where what is here is no such part. */
type After = number | undefined;

function afterNumber(snapshot: Buffer, place: number): After {
  const isThere = place + 8 <= snapshot.length && snapshot.readUInt32LE(place + 4) === 0;
  return isThere ? place + 8 : undefined;
}

function afterBytes(snapshot: Buffer, place: number): After {
  const start = afterNumber(snapshot, place);
  return start === undefined ? undefined : start + snapshot.readUInt32LE(place);
}

function afterModule(snapshot: Buffer, place: number): After {
  const name = afterBytes(snapshot, place);
  if (name === undefined || name > snapshot.length) return undefined;
  if (!/^[\w/.-]+$/.test(snapshot.toString('latin1', place + 8, name))) return undefined;
  return afterBytes(snapshot, name);
}
