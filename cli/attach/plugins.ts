/** Where a chain's plugins are: in the folder for them, or else, if they are ours, in this very executable. */
import {
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import type { Host } from '../../lib/exec/host.ts';
import { CommandError } from '../command.ts';
import { BRIDGE_ALIAS, PLUGIN_NAMES, readMark } from '../executable.ts';
import { explaining } from '../explain.ts';
import type { Chain } from '../network/chain.ts';
import { temporaryPath } from '../place.ts';

const ourNames: readonly string[] = [...PLUGIN_NAMES, BRIDGE_ALIAS];

/**
 * The folders for CNI_PATH. Before an installation our plugins are in none: then links to this executable, in a folder
 * below /run/plumbline, stand behind the given ones, for the plugins' own delegates, too.
 * @param binDir folders, separated by `:`
 * @throws CommandError where a plugin is nowhere
 */
export function pluginPath(
  host: Host,
  { plugins, file }: Pick<Chain, 'plugins' | 'file'>,
  binDir: string,
): string {
  const folders = binDir.split(':').filter((folder) => folder.startsWith('/'));
  const types = new Set(plugins.flatMap(({ type, ipamType }) => [type, ipamType ?? type]));
  const missing = [...types].filter((type) => findPlugin(type, folders) === undefined);
  const ours = missing.filter((type) => ourNames.includes(type));
  const [other] = missing.filter((type) => !ours.includes(type));
  if (other !== undefined) {
    throw new CommandError(
      `${file}: the plugin "${other}" is not in ${binDir}; install it there, or name its folder by --bin-dir`,
    );
  }
  return ours.length === 0 ? folders.join(':') : [...folders, linkOurselves(host)].join(':');
}

/** The plugin's executable, as a runtime finds it. */
export function findPlugin(type: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => `${folder}/${type}`).find(isFile);
}

/** Whether an executable is one of ours, of whatever version. */
export function isOurs(path: string): boolean {
  try {
    return readMark(realpathSync(path)) !== undefined;
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}

/** @returns the folder with a link for each of our plugins */
function linkOurselves({ executable, runDir }: Host): string {
  const folder = `${runDir}/bin`;
  const target = realpathSync(executable);
  explaining(`cannot write to ${folder}`, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of ourNames) {
      const path = `${folder}/${name}`;
      if (linkTarget(path) === target) continue;
      const temporary = temporaryPath(folder);
      symlinkSync(target, temporary);
      try {
        renameSync(temporary, path);
      } finally {
        rmSync(temporary, { force: true });
      }
    }
  });
  return folder;
}

function linkTarget(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
}
