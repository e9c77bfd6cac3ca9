/** What a machine must have to run the virtual ones. */
import { findProgram } from '../../support/paths.ts';

/** In words; undefined where all is there. */
export function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `a PC's processor: this is ${process.arch}`;
  if (process.getuid?.() !== 0) return 'root';
  const programs = {
    debootstrap: 'debootstrap',
    unshare: 'util-linux',
    setpriv: 'util-linux',
    flock: 'util-linux',
  };
  for (const [program, origin] of Object.entries(programs)) {
    if (findProgram(program) === undefined) return `${program} (apt-get install ${origin})`;
  }
  return undefined;
}
