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
import { join } from 'node:path';
import { type Arch, crossRoot, nativeArch } from './arch.ts';
import { baseNode, nodeFor } from './node.ts';

interface SeaTarget {
  readonly nodeRange: string;
  readonly platform: string;
  readonly arch: string;
  readonly output: string;
}
type SeaBuilder = (
  entry: string,
  options: {
    readonly targets: readonly SeaTarget[];
    readonly nodePath: string;
    readonly signature: boolean;
    readonly seaConfig: Readonly<Record<string, unknown>>;
  },
) => Promise<void>;
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
 * load any script, and OPENSSL_CONF any shared object.
 */
const seaConfig = (useSnapshot: boolean) => ({
  disableExperimentalSEAWarning: true,
  useSnapshot,
  useCodeCache: false,
  execArgv: ['--openssl-config=/dev/null'],
  execArgvExtension: 'none',
});

/** @param entry the bundle, made for this blob maker */
export async function makeExecutable(
  entry: string,
  output: string,
  arch: Arch,
  maker: BlobMaker,
): Promise<void> {
  if (maker.how === 'natively') await makeNatively(entry, output, arch);
  else await makeForeign(entry, output, arch, maker);
}

const fromHere = createRequire(import.meta.url);

async function makeNatively(entry: string, output: string, arch: Arch): Promise<void> {
  const { default: sea } = fromHere('@yao-pkg/pkg/lib-es5/sea') as { default: SeaBuilder };
  const major = process.versions.node.split('.')[0];
  const target = { nodeRange: `node${major}`, platform: 'linux', arch: arch.node, output };
  await sea(entry, {
    targets: [target],
    nodePath: baseNode(arch),
    signature: false,
    seaConfig: seaConfig(true),
  });
}

/** What pkg does, step by step: it would start the other processor's Node without an emulator. */
async function makeForeign(entry: string, output: string, arch: Arch, maker: BlobMaker): Promise<void> {
  const fromPkg = createRequire(fromHere.resolve('@yao-pkg/pkg/package.json'));
  const { inject } = fromPkg('postject') as { inject: Inject };
  const scratch = mkdtempSync(join(tmpdir(), 'plumbline-sea-'));
  try {
    const blob = join(scratch, 'blob');
    const config = join(scratch, 'sea-config.json');
    writeFileSync(
      config,
      JSON.stringify({ main: entry, output: blob, ...seaConfig(maker.how === 'emulated') }),
    );
    const [program, ...args] =
      maker.how === 'emulated' ? [maker.emulator, '-L', crossRoot(arch), nodeFor(arch)] : [process.execPath];
    // Its warnings (that all this is experimental) are kept for the case that it fails.
    execFileSync(program, [...args, '--experimental-sea-config', config], { cwd: scratch, stdio: 'pipe' });
    copyFileSync(baseNode(arch), output);
    await withoutNoise(() =>
      inject(output, 'NODE_SEA_BLOB', readFileSync(blob), {
        sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
        overwrite: true,
      }),
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
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
