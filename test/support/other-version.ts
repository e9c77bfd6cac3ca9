/** Another build, as far as installing is concerned. */
import { appendFileSync, constants, copyFileSync, mkdtempSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { formatMark, readMark } from '../../cli/executable.ts';
import { binDir } from './paths.ts';

/** Copies the built executable into a folder, under another version: it runs as well as the real one. */
export function otherVersion(folder: string, version: string): string {
  const program = join(binDir, 'plumbline');
  const path = join(mkdtempSync(join(folder, 'other-')), 'plumbline');
  copyFileSync(program, path, constants.COPYFILE_FICLONE);
  const mark = readMark(path);
  if (mark === undefined) throw new Error(`${program} has no mark`);
  truncateSync(path, statSync(path).size - formatMark(mark).length);
  appendFileSync(path, formatMark({ version, digest: mark.digest }));
  return path;
}
