/** What a machine must have to run the virtual ones. */
import { findProgram } from '../../support/paths.ts';

/** In words; undefined where all is there. */
export function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `a PC's processor: this is ${process.arch}`;
  if (process.getuid?.() !== 0) return 'root';
  const absent = ['unshare', 'setpriv', 'flock'].filter((program) => findProgram(program) === undefined);
  if (absent.length > 0) return `${absent.join(', ')} (apt-get install util-linux)`;
  return undefined;
}
