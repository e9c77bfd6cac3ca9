/**
 * One executable of a Node binary and a bundle: a single executable application whose blob holds, where it can be made, a
 * startup snapshot.
 *
 * A snapshot is made by the Node that will read it, on the processor that it will be read on. For another processor QEMU
 * runs that Node here; without QEMU the executable has the plain bundle, and starts in two to three times as long.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ASSETS, bundleOf, codeOf } from '../sea.ts';
import { type Arch, crossRoot, nativeArch } from './arch.ts';
import { findAll, theOnly } from './bytes.ts';
import { baseNode, nodeFor } from './node.ts';
import { injectByPkg } from './pkg.ts';
import { takeSnapshot } from './snapshot.ts';

type Inject = (
  file: string,
  resource: string,
  data: Buffer,
  options: { readonly sentinelFuse: string; readonly overwrite: boolean },
) => Promise<void>;

/** Who makes the blob, and whether with a snapshot. */
export type BlobMaker =
  | { readonly how: 'natively' }
  | { readonly how: 'emulated'; readonly emulator: string }
  | { readonly how: 'plain'; readonly why: string };

export function chooseBlobMaker(arch: Arch): BlobMaker {
  if (arch === nativeArch) return { how: 'natively' };
  const emulator = `qemu-${arch.machine}`;
  const libraries = `${crossRoot(arch)}/lib/libstdc++.so.6`;
  if (!existsSync(libraries)) {
    return {
      how: 'plain',
      why: `${libraries} is not there (apt-get install libc6-${arch.oci}-cross libstdc++6-${arch.oci}-cross)`,
    };
  }
  try {
    execFileSync(emulator, ['-version'], { stdio: 'ignore' });
    return { how: 'emulated', emulator };
  } catch {
    return { how: 'plain', why: `${emulator} is not installed (apt-get install qemu-user)` };
  }
}

/** One line for whoever builds. */
export function describeBlob(arch: Arch, maker: BlobMaker): string {
  switch (maker.how) {
    case 'natively':
      return `${arch.oci}: with a startup snapshot`;
    case 'emulated':
      return `${arch.oci}: with a startup snapshot, made by the ${arch.oci} Node under ${maker.emulator}`;
    case 'plain':
      return `${arch.oci}: WITHOUT a startup snapshot, so each call starts more slowly: ${maker.why}`;
  }
}

/**
 * execArgv and execArgvExtension keep the environment out of a program that runs as root: without them NODE_OPTIONS could
 * load any script, and OPENSSL_CONF any shared object. --disable-sigusr1: no signal opens a debugger's port.
 *
 * The others are for speed (docs/startup.md): strings of the heap keep the hashes that the build gave them, and no machine
 * code is made for functions that run a few hundred times.
 */
const execArgv = [
  '--openssl-config=/dev/null',
  '--disable-sigusr1',
  '--no-rehash-snapshot',
  '--no-sparkplug',
  '--invocation-count-for-maglev=10000',
];

/** The snapshot is made before, so to the builder it is any main program; {@link declareSnapshot} says what it is. */
const seaConfig = (assets: Assets) => ({
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  useCodeCache: false,
  execArgv,
  execArgvExtension: 'none',
  assets,
});

/** Paths of assets, by name. */
type Assets = Readonly<Record<string, string>>;

/** @param main the bundle that the executable runs, made for its blob maker; the bundles of its assets are beside it */
export async function makeExecutable(
  main: string,
  output: string,
  arch: Arch,
  maker: BlobMaker,
): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'plumbline-sea-'));
  try {
    const isSnapshot = maker.how !== 'plain';
    const node = runnerOf(arch, maker);
    const folder = dirname(main);
    const entry = isSnapshot ? takeSnapshot(main, scratch, node) : main;
    if (isSnapshot) makeCodeCaches(entry, folder, node);
    else for (const asset of ASSETS) writeFileSync(join(folder, codeOf(asset)), '');
    const files = ASSETS.flatMap((asset) => [bundleOf(asset), codeOf(asset)]);
    const assets = Object.fromEntries(files.map((file) => [file, join(folder, file)]));
    if (arch === nativeArch) await injectByPkg(entry, output, seaConfig(assets));
    else await injectForeign({ main: entry, assets }, output, scratch, arch);
    if (isSnapshot) declareSnapshot(output);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param snapshot without an executable around it, it makes the code caches (entry-snapshot.ts) */
function makeCodeCaches(
  snapshot: string,
  folder: string,
  [program, ...args]: readonly [string, ...string[]],
): void {
  execFileSync(program, [...args, ...execArgv, '--snapshot-blob', snapshot, folder], { stdio: 'pipe' });
}

/** How the Node of a processor is called. */
function runnerOf(arch: Arch, maker: BlobMaker): readonly [string, ...string[]] {
  const node = nodeFor(arch);
  return maker.how === 'emulated' ? [maker.emulator, '-L', crossRoot(arch), node] : [node];
}

const sentinelFuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const fromHere = createRequire(import.meta.url);

/** What pkg does, step by step: it would start the other processor's Node to ask for its version. */
async function injectForeign(
  { main, assets }: { readonly main: string; readonly assets: Assets },
  output: string,
  scratch: string,
  arch: Arch,
): Promise<void> {
  copyFileSync(baseNode(arch), output);
  await injectProgram(output, scratch, { main, ...seaConfig(assets) });
}

/**
 * Puts a program into a Node binary.
 * @param executable changed in place
 * @param scratch a folder for what is made on the way
 * @param config as Node documents it for --experimental-sea-config, without `output`
 */
export async function injectProgram(
  executable: string,
  scratch: string,
  config: Readonly<Record<string, unknown>>,
): Promise<void> {
  const fromPkg = createRequire(fromHere.resolve('@yao-pkg/pkg/package.json'));
  const { inject } = fromPkg('postject') as { inject: Inject };
  const blob = join(scratch, 'blob');
  const file = join(scratch, 'sea-config.json');
  writeFileSync(file, JSON.stringify({ ...config, output: blob }));
  execFileSync(process.execPath, ['--experimental-sea-config', file], { cwd: scratch, stdio: 'pipe' });
  await withoutNoise(() =>
    inject(executable, 'NODE_SEA_BLOB', readFileSync(blob), { sentinelFuse, overwrite: true }),
  );
}

/** The start of a blob: magic number and flags, both 32 bits, little-endian (node_sea.cc, SeaSerializer). */
const blobMagic = 0x0143da20;
const flag = { useSnapshot: 1 << 1, includeAssets: 1 << 3, includeExecArgv: 1 << 4 };

/** Sets the flag that what the blob has as its main program is a snapshot. */
function declareSnapshot(executable: string): void {
  const start = Buffer.alloc(8);
  const expected = 1 | flag.includeAssets | flag.includeExecArgv;
  start.writeUInt32LE(blobMagic);
  start.writeUInt32LE(expected, 4);
  const bytes = readFileSync(executable);
  const place = theOnly(
    findAll(bytes, [...start]),
    (count) => `${executable}: ${count} blobs found where one was put in; has Node changed their format?`,
  );
  bytes.writeUInt32LE(expected | flag.useSnapshot, place + 4);
  writeFileSync(executable, bytes);
}

/** postject tells of section names that it does not find in a stripped Node; pkg leaves these lines out, too. */
async function withoutNoise(work: () => Promise<void>): Promise<void> {
  const { stderr } = process;
  const write = stderr.write.bind(stderr);
  stderr.write = (text: string | Uint8Array) =>
    String(text).startsWith("warning: Can't find string offset") || write(text);
  try {
    await work();
  } finally {
    stderr.write = write;
  }
}
