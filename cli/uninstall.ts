import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BRIDGE_ALIAS, EXECUTABLES } from './executable.ts';
import { explaining } from './explain.ts';
import { lstatIfThere, removeStaleTemporaries, syncFolder } from './place.ts';
import { BACKUP_SUFFIX, type Change, look } from './survey.ts';

/**
 * Removes our executables from `dir`, and puts back what `install --force` had replaced.
 * @returns what became of each name that has something of ours; empty where there is nothing
 * @throws CommandError where the folder cannot be written to
 */
export function uninstall(dir: string): Change[] {
  return explaining(`cannot uninstall from ${dir}`, () => {
    if (lstatIfThere(dir) === undefined) return [];
    removeStaleTemporaries(dir);
    const changes = [...EXECUTABLES, BRIDGE_ALIAS].flatMap((name) => remove(dir, name) ?? []);
    if (changes.length > 0) syncFolder(dir);
    return changes;
  });
}

function remove(dir: string, name: string): Change | undefined {
  const path = join(dir, name);
  const backup = path + BACKUP_SUFFIX;
  const found = look(path);
  const kept = lstatIfThere(backup) !== undefined;
  if (found === 'foreign' || found === 'obstacle') {
    // Somebody has installed another plugin over ours; which of the two is wanted is not ours to say.
    return kept
      ? { path, what: `left alone: not plumbline's; an older one is kept as ${name}${BACKUP_SUFFIX}` }
      : undefined;
  }
  if (kept) {
    renameSync(backup, path);
    return { path, what: 'put back what was there before plumbline' };
  }
  if (found === 'nothing') return undefined;
  rmSync(path);
  return { path, what: 'removed' };
}
