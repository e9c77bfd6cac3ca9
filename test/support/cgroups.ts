/** cgroups that tests leave: a hierarchy is the machine's, so what is in it does not go with a node. */
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './place.ts';

const root = '/sys/fs/cgroup';

/** One hierarchy (version 2), or one for each controller. */
const hierarchies = (): readonly string[] => [root, ...foldersIn(root)];

/** All below this one, `/name`, in each hierarchy; the innermost first. */
export function cgroupsBelow(cgroup: string): readonly string[] {
  return hierarchies().flatMap((hierarchy) => below(join(hierarchy, cgroup)));
}

/**
 * Removes a cgroup, `/name`, and all below it, in each hierarchy. Its processes must be about to end.
 * @throws when one of them stays for more than five seconds
 */
export async function removeCgroups(cgroup: string): Promise<void> {
  const left = (): readonly string[] =>
    hierarchies()
      .map((one) => join(one, cgroup))
      .filter(existsSync);
  const isGone = async (): Promise<boolean> => {
    for (const top of left()) for (const folder of [...below(top), top]) removeEmpty(folder);
    return left().length === 0;
  };
  if (!(await eventually(isGone, 5_000))) throw new Error(`processes stay in ${left().join(', ')}`);
}

/** Removes cgroups of tests that were killed: their names begin with `plt-` and the test's process, which is gone. */
export function sweepCgroups(isStale: (name: string) => boolean): void {
  const tops = hierarchies()
    .flatMap(foldersIn)
    .filter((folder) => isStale(folder.slice(folder.lastIndexOf('/') + 1)));
  for (const top of tops) for (const folder of [...below(top), top]) removeEmpty(folder);
}

function below(folder: string): readonly string[] {
  return foldersIn(folder).flatMap((path) => [...below(path), path]);
}

function foldersIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}

/** The kernel refuses it as long as there is a process in it. */
function removeEmpty(cgroup: string): void {
  try {
    rmdirSync(cgroup);
  } catch {
    // Told by its being there still.
  }
}
