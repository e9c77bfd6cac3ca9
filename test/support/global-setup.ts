/** What must be there before any end-to-end test runs. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findRuntime } from '../../scripts/build/arch.ts';
import { sweepCgroups } from './cgroups.ts';
import { binDirOf, isExecutable, runtime } from './paths.ts';

export function setup({ config }: TestProject): void {
  if (process.getuid?.() !== 0) {
    throw new Error('The end-to-end tests make network namespaces: run them as root.');
  }
  // A project's variables are set in its workers, and this is not one of them.
  const binDir = binDirOf(findRuntime(config.env?.['PLUMBLINE_RUNTIME'] ?? runtime));
  if (!isExecutable(join(binDir, 'host-local'))) {
    throw new Error(`There is no ${binDir}/host-local: run "make build" first, or "make test", which does.`);
  }
  sweep();
}

/** Removes temporary folders and cgroups of tests that were killed; their namespaces went with them. */
function sweep(): void {
  const isStale = (name: string): boolean => {
    const [, pid] = /^plt-(\d+)-/.exec(name) ?? [];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  };
  for (const name of readdirSync(tmpdir()).filter(isStale))
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  sweepCgroups(isStale);
}
