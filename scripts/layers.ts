/**
 * Which folder may import which. Imports go down only, so that each layer can be read, tested and replaced without the
 * ones above it; a plugin that imports another would grow into a second, hidden library.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

interface Layer {
  /** Of paths from the project's root. The first rule that matches a file holds for it. */
  readonly files: RegExp;
  readonly name: string;
  /** Beginnings of the paths that its files may import, besides their own folder where `own` says so. */
  readonly may: readonly string[];
  /** The folder whose files may import each other. */
  readonly own?: (path: string) => string;
}

const firstFolders = (count: number) => (path: string) => `${path.split('/').slice(0, count).join('/')}/`;
const lib = ['lib/'];

/** What every layer may import: lib/errors.ts and whatever else is of no folder's own. */
const COMMON = /^lib\/[^/]+\.ts$/;

const LAYERS: readonly Layer[] = [
  { name: 'main.ts', files: /^main\.ts$/, may: ['cli/', 'plugins/', 'ipam/', ...lib] },
  { name: 'cli', files: /^cli\//, may: ['plugins/', 'ipam/', ...lib], own: firstFolders(1) },
  { name: 'the table of plugins', files: /^plugins\/[^/]+\.ts$/, may: ['plugins/', 'ipam/', ...lib] },
  { name: 'a plugin', files: /^(plugins|ipam)\//, may: lib, own: firstFolders(2) },
  {
    name: 'what interface plugins share',
    files: /^lib\/attach\//,
    may: lib,
  },
  {
    name: 'what drives the kernel and its tools',
    files: /^lib\/(ip|nft|ovs|pci)\//,
    may: ['lib/exec/', 'lib/net/'],
    own: firstFolders(2),
  },
  {
    name: 'the protocol',
    files: /^lib\/cni\//,
    may: ['lib/exec/', 'lib/net/'],
    own: firstFolders(2),
  },
  { name: 'the ground floor', files: /^lib\/(exec|net)\//, may: [], own: firstFolders(2) },
  { name: 'what differs between Node and Bun', files: /^lib\/runtime\//, may: [], own: firstFolders(2) },
  { name: 'what all of lib stands on', files: COMMON, may: [] },
];

/** Where the layers are; tests and scripts may import whatever they need. */
const ROOTS = ['main.ts', 'cli', 'plugins', 'ipam', 'lib'];

export interface Violation {
  /** From the project's root, with its line: `lib/net/address.ts:3`. */
  readonly place: string;
  readonly message: string;
}

/** All imports below `root` that go another way than down. */
export function findViolations(root: string): Violation[] {
  return sources(root).flatMap((path) => {
    const layer = LAYERS.find(({ files }) => files.test(path));
    const imports = findImports(readFileSync(join(root, path), 'utf8'));
    if (layer === undefined) {
      return [{ place: path, message: 'is in no layer: add its folder to scripts/layers.ts' }];
    }
    return imports.flatMap(({ specifier, line }) => {
      const target = relative(root, join(root, dirname(path), specifier));
      const allowed = layer.own === undefined ? layer.may : [...layer.may, layer.own(path)];
      if (COMMON.test(target) || allowed.some((start) => target.startsWith(start))) return [];
      return [{ place: `${path}:${line}`, message: `${layer.name} does not import ${target}` }];
    });
  });
}

function sources(root: string): string[] {
  return ROOTS.flatMap((name) => {
    const path = join(root, name);
    if (!existsSync(path)) return [];
    if (statSync(path).isFile()) return [name];
    return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((below) => join(name, below));
  })
    .filter((path) => path.endsWith('.ts'))
    .sort();
}

/**
 * The relative imports of a source text, types included: a type from above ties a layer to its users as well.
 * A parser is not needed where a formatter decides how imports are written; comments are blanked first.
 */
function findImports(text: string): { specifier: string; line: number }[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));
  const pattern = /(?:\bfrom\s*|^\s*import\s*|\bimport\s*\(\s*|\brequire\s*\(\s*)(['"])(\.{1,2}\/[^'"]*)\1/gm;
  return [...code.matchAll(pattern)].map((match) => ({
    specifier: match[2] ?? '',
    line: code.slice(0, match.index + match[0].length).split('\n').length,
  }));
}
