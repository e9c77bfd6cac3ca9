/** A name for a container's namespace in /run/netns, so that `ip netns exec` finds it. */
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from '../command.ts';
import { canBeContainer } from '../container/match.ts';
import { netnsFolder } from '../container/namespace.ts';
import { explaining } from '../explain.ts';

/**
 * The path that the link will have; undefined where the namespace has a name in /run/netns already.
 * @throws CommandError where something else has the name
 */
export function placeForLink({ id, name }: { id: string; name: string }, netns: string): string | undefined {
  if (dirname(netns) === netnsFolder) return undefined;
  const path = `${netnsFolder}/${shortName(canBeContainer(name) ? name : id)}`;
  const found = look(path);
  if (found === undefined || found === netns) return path;
  throw new CommandError(
    `--expose: ${path} is there already${found === '' ? '' : `, and leads to ${found}`}; remove it first: ip netns delete ${path.slice(netnsFolder.length + 1)}`,
  );
}

/** IDs of 64 digits as runtimes cut them. */
const shortName = (name: string): string => (/^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name);

/**
 * A symbolic link, which holds no namespace back that its container has left, as a mount would.
 * @throws CommandError where it cannot be made
 */
export function expose(path: string, netns: string): void {
  explaining(`--expose: cannot make ${path}`, () => {
    mkdirSync(netnsFolder, { recursive: true });
    if (look(path) !== netns) symlinkSync(netns, path);
  });
}

/** Removes the link, if it is the one that was made. */
export function unexpose(path: string, netns: string): void {
  if (look(path) === netns) explaining(`cannot remove ${path}`, () => rmSync(path, { force: true }));
}

/** Where a link leads; an empty text for what is no link, undefined for what is not there. */
function look(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return stat.isSymbolicLink() ? readlinkSync(path) : '';
}
