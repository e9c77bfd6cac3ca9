/** Where a chain's plugins are: in the folder for them, or else, if they are ours, in this very executable. */
import { lstatSync, mkdirSync, readlinkSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { findInFolders } from '../../lib/exec/folder.ts';
import type { Host } from '../../lib/exec/host.ts';
import { CommandError } from '../command.ts';
import { BRIDGE_ALIAS, PLUGIN_NAMES, readMark } from '../executable.ts';
import { explaining } from '../explain.ts';
import type { Chain } from '../network/chain.ts';
import { temporaryPath } from '../place.ts';

const ourNames: readonly string[] = [...PLUGIN_NAMES, BRIDGE_ALIAS];

type Needed = Pick<Chain, 'plugins' | 'file'>;

/**
 * The folders for CNI_PATH, in which all plugins of a chain and their IPAM plugins are.
 * @param binDir folders, separated by `:`
 * @throws CommandError where a plugin is nowhere
 */
export function pluginPath(host: Host, chain: Needed, binDir: string): string {
  const path = withOurs(host, chain, binDir);
  const [missing] = missingIn(path, chain);
  if (missing === undefined) return path;
  throw new CommandError(
    `${chain.file}: the plugin "${missing}" is not in ${binDir}; install it there, or name its folder by --bin-dir`,
  );
}

/**
 * The same where some may be missing. Before an installation our plugins are in none of the folders: then links to this
 * executable, in a folder below /run/plumbline, stand behind the given ones, for the plugins' own delegates, too.
 */
export function withOurs(host: Host, chain: Needed, binDir: string): string {
  const folders = foldersOf(binDir);
  const areOurs = missingIn(binDir, chain).some((type) => ourNames.includes(type));
  return (areOurs ? [...folders, linkOurselves(host)] : folders).join(':');
}

function missingIn(path: string, { plugins }: Needed): readonly string[] {
  const types = new Set(plugins.flatMap(({ type, ipamType }) => [type, ipamType ?? type]));
  return [...types].filter((type) => findInFolders(type, foldersOf(path)) === undefined);
}

const foldersOf = (path: string): readonly string[] =>
  path
    .split(':')
    .filter(Boolean)
    .map((folder) => resolve(folder));

/** Whether an executable is one of ours, of whatever version. */
export function isOurs(path: string): boolean {
  try {
    return readMark(realpathSync(path)) !== undefined;
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
