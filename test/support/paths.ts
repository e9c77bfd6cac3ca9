/** Where the things under test, and the programs that tests need, are. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { binFolder, findRuntime, nativeArch, type Runtime } from '../../scripts/build/arch.ts';

export const repoRoot = resolve(import.meta.dirname, '../..');

/** What is in the executable under test beside the program; the second build's is tested as project e2e-bun. */
export const runtime: Runtime = findRuntime(process.env['PLUMBLINE_RUNTIME'] ?? 'node');

/** The executables built with this runtime; PLUMBLINE_BIN_DIR names others, such as an installed copy. */
export const binDirOf = (by: Runtime): string =>
  resolve(process.env['PLUMBLINE_BIN_DIR'] ?? join(repoRoot, binFolder(nativeArch, by)));

export const binDir = binDirOf(runtime);

/** The reference plugins, from Debian's containernetworking-plugins. */
export const referenceDir = '/usr/lib/cni';

/** PATH inside a node: tests must not depend on the PATH of whoever runs them. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Path of a system program, or undefined. */
export function findProgram(name: string): string | undefined {
  return systemPath
    .split(':')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Programs that are built for the tests (scripts/setup.sh), since Debian does not package them. */
export type BuiltProgram = 'cnitool' | 'crictl' | 'multus';

/** Path of such a program; undefined where it is not there. */
export function findBuilt(name: BuiltProgram): string | undefined {
  const known = [
    join(repoRoot, '.cache/bin'),
    join(repoRoot, 'node_modules/.cache/bin'),
    ...(process.env['GOPATH'] ?? '')
      .split(':')
      .filter(Boolean)
      .map((root) => join(root, 'bin')),
    join(homedir(), 'go/bin'),
    ...(process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/')),
  ];
  const found = known.map((folder) => join(folder, name)).find(isExecutable);
  if (found !== undefined) return found;
  const { stdout, status } = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' });
  const path = status === 0 ? join(stdout.trim(), 'bin', name) : '';
  return isExecutable(path) ? path : undefined;
}
