/** What is in the image: the executable, the libraries that it names, their licenses. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Arch, crossRoot, nativeArch } from '../build/arch.ts';
import type { Entry } from './archive.ts';

/** @param program the built executable */
export function filesOf(arch: Arch, program: string, root: string): readonly Entry[] {
  if (!existsSync(program)) {
    throw new Error(`there is no ${program}: make build${arch === nativeArch ? '' : ` ARCH=${arch.oci}`}`);
  }
  const libraries = [...librariesOf(arch, program)].sort(([a], [b]) => (a < b ? -1 : 1));
  const files: readonly Entry[] = [
    { path: 'plumbline', mode: 0o755, content: readFileSync(program) },
    ...libraries.map(([path, source]) => ({ path, mode: 0o755, content: readFileSync(source) })),
    ...licensesOf(
      arch,
      libraries.map(([path]) => basename(path)),
      root,
    ),
  ];
  const folders = new Set(files.flatMap(({ path }) => parentsOf(path)));
  return [...[...folders].sort().map((path) => ({ path, mode: 0o755 })), ...files];
}

function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === '.' ? [] : [...parentsOf(parent), parent];
}

/**
 * The libraries that a program and its libraries name (DT_NEEDED), and the loader: place in the image by file here. Read
 * from the files, not by running them, so that another processor's are found as well.
 */
function librariesOf(arch: Arch, program: string): ReadonlyMap<string, string> {
  const loader = arch.loader.slice(1);
  const found = new Map([[loader, findLibrary(arch, basename(loader))]]);
  const open = [program];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const name of neededBy(file)) {
      // The loader stands where executables name it, and answers to its plain name, too.
      const place = name === basename(loader) ? loader : `lib/${arch.machine}-linux-gnu/${name}`;
      if (found.has(place)) continue;
      const source = findLibrary(arch, name);
      found.set(place, source);
      open.push(source);
    }
  }
  return found;
}

function neededBy(file: string): readonly string[] {
  // readelf reads executables of every processor.
  const text = execFileSync('readelf', ['--dynamic', '--wide', file], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', PATH: process.env['PATH'] },
  });
  return [...text.matchAll(/\(NEEDED\)\s+Shared library: \[([^\]]+)\]/g)].map(([, name = '']) => name);
}

/** Debian's places: of this processor, or of the packages for cross-building. */
function findLibrary(arch: Arch, name: string): string {
  const folders =
    arch === nativeArch
      ? [`/lib/${arch.machine}-linux-gnu`, `/usr/lib/${arch.machine}-linux-gnu`, '/lib64', '/lib']
      : [join(crossRoot(arch), 'lib')];
  const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`${name} is in none of ${folders.join(', ')}`);
  return realpathSync(path);
}

/** The Debian package that a library is out of: the C library's, unless it is GCC's. */
function packageOf(library: string): string {
  if (library.startsWith('libstdc++.')) return 'libstdc++6';
  return library.startsWith('libgcc_s.') ? 'libgcc-s1' : 'libc6';
}

/** Of plumbline itself, which has its runtime's and the npm packages' in its own file, and of the libraries. */
function licensesOf(arch: Arch, libraries: readonly string[], root: string): readonly Entry[] {
  const suffix = arch === nativeArch ? '' : `-${arch.oci}-cross`;
  const packages = [...new Set(libraries.map(packageOf))].sort().map((name) => `${name}${suffix}`);
  const sources = [
    ['plumbline', join(root, 'LICENSE')] as const,
    ...packages.map((name) => [name, `/usr/share/doc/${name}/copyright`] as const),
  ];
  return sources
    .filter(([, path]) => existsSync(path))
    .map(([name, path]) => ({
      path: `usr/share/doc/${name}/copyright`,
      mode: 0o644,
      content: readFileSync(path),
    }));
}
