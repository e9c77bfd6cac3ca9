import { readMark } from './executable.ts';
import { lstatIfThere } from './place.ts';

/** What follows the name of a file that `install --force` moved aside. */
export const BACKUP_SUFFIX = '.plumbline-backup';

/** What became of one file: a line of the report. */
export interface Change {
  readonly path: string;
  readonly what: string;
}

/** What is at a name: nothing, ours, somebody's file, or something that cannot be replaced at all (a folder). */
export type Found = 'nothing' | 'ours' | 'foreign' | 'obstacle';

/** What is at `path`; a symbolic link is never ours, wherever it points to: we do not make any. */
export function look(path: string): Found {
  const stat = lstatIfThere(path);
  if (stat === undefined) return 'nothing';
  if (stat.isFile()) return readMark(path) === undefined ? 'foreign' : 'ours';
  return stat.isSymbolicLink() ? 'foreign' : 'obstacle';
}
