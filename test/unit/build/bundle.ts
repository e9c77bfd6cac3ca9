/** Bundles of our sources, to be looked at and not written. */
import { type BuildOptions, build } from 'esbuild';
import { repoRoot } from '../../support/paths.ts';

const common = {
  absWorkingDir: repoRoot,
  bundle: true,
  write: false,
  metafile: true,
  outdir: 'nowhere',
  platform: 'node',
  logLevel: 'silent',
} as const;

export const bundle = (options: BuildOptions) => build({ ...options, ...common });
