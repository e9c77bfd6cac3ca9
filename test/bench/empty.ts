/** Empty programs on the runtimes of our builds, by the same tools: what is left of a start when nothing is done. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { isExecutable, repoRoot } from '../support/paths.ts';
import type { Build } from './contenders.ts';

/** Where build-empty.ts puts them. */
export const emptyPrograms: Readonly<Record<Build, string>> = {
  pkg: join(repoRoot, '.cache/bench/empty-pkg'),
  bun: join(repoRoot, '.cache/bench/empty-bun'),
};

export const emptyIsThere = (build: Build): boolean => isExecutable(emptyPrograms[build]);

/** Bun's executable among the npm packages; undefined where it is none of them. */
export function findBun(): string | undefined {
  return globSync(join(repoRoot, 'node_modules/@oven/bun-*/bin/bun')).find(isExecutable);
}
