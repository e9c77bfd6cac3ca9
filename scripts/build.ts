/**
 * Builds dist/bin: esbuild makes one CommonJS file of main.ts, pkg's SEA builder turns it into an executable
 * with a startup snapshot, and each plugin name becomes a hard link of that one file.
 *
 * Usage: node scripts/build.ts [--out DIR]
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { EXECUTABLES, formatMark } from '../cli/executable.ts';
import { placeLinks, removeStaleTemporaries, temporaryPath } from '../cli/place.ts';

const root = dirname(import.meta.dirname);
const cache = join(root, 'node_modules', '.cache', 'plumbline');

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

/** The Node binary to build upon, without its symbols: 20 MB less, and less to map at each start. */
function strippedNode(): string {
  const source = process.execPath;
  const { size, mtimeMs } = statSync(source);
  const target = join(cache, `node-${process.version}-${process.arch}-${size}-${Math.trunc(mtimeMs)}`);
  if (existsSync(target)) return target;
  mkdirSync(cache, { recursive: true });
  const temporary = `${target}.${process.pid}`;
  try {
    copyFileSync(source, temporary);
    // Before the blob is injected: strip rewrites the segments, and an executable stripped afterwards crashes.
    execFileSync('strip', ['--strip-all', temporary], { stdio: ['ignore', 'inherit', 'inherit'] });
    renameSync(temporary, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Error('strip is not installed: it is in the Debian package binutils', { cause: error });
    }
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return target;
}

async function bundle(output: string, version: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['scripts/entry-snapshot.ts'],
    outfile: output,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: `node${process.versions.node}`,
    // import() does not work in a snapshot; esbuild turns it into require() within the bundle.
    // V8 crashes on `using` in the heap of a snapshot, so it is lowered.
    supported: { 'dynamic-import': false, using: false },
    define: { PLUMBLINE_VERSION: JSON.stringify(version) },
    // Its CommonJS form requires its parts in a way that no bundler can follow.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    legalComments: 'eof',
    logLevel: 'warning',
  });
}

/**
 * execArgv and execArgvExtension keep the environment out of a program that runs as root: without them NODE_OPTIONS could
 * load any script, and OPENSSL_CONF any shared object.
 */
const seaConfig = {
  disableExperimentalSEAWarning: true,
  useSnapshot: true,
  useCodeCache: false,
  execArgv: ['--openssl-config=/dev/null'],
  execArgvExtension: 'none',
};

async function makeExecutable(entry: string, output: string): Promise<void> {
  const { default: sea } = createRequire(import.meta.url)('@yao-pkg/pkg/lib-es5/sea') as {
    default: SeaBuilder;
  };
  const major = process.versions.node.split('.')[0];
  const target = { nodeRange: `node${major}`, platform: 'linux', arch: process.arch, output };
  await sea(entry, { targets: [target], nodePath: strippedNode(), signature: false, seaConfig });
}

function finish(file: string, version: string): void {
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  appendFileSync(file, formatMark({ version, digest }), 'latin1');
  chmodSync(file, 0o755);
  const fd = openSync(file, 'r+');
  fsyncSync(fd);
  closeSync(fd);
}

/** The build's own environment must not leave its mark on the heap that is kept, nor on how Node runs while it is made. */
function cleanEnvironment(): void {
  for (const name of Object.keys(process.env)) {
    if (!['PATH', 'HOME', 'TMPDIR', 'LANG'].includes(name)) delete process.env[name];
  }
}

async function run(): Promise<void> {
  const started = new Date();
  const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist', 'bin') } } });
  const out = resolve(values.out);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  cleanEnvironment();
  mkdirSync(out, { recursive: true });
  removeStaleTemporaries(out);
  const executable = temporaryPath(out);
  const entry = join(dirname(out), `.plumbline-${process.pid}.cjs`);
  try {
    await bundle(entry, version);
    await makeExecutable(entry, executable);
    finish(executable, version);
    // A source that was saved while the build ran may not be in it: to make, the result is as old as its sources were.
    utimesSync(executable, started, started);
    placeLinks(
      out,
      executable,
      EXECUTABLES.map((name) => ({ name })),
    );
  } finally {
    rmSync(entry, { force: true });
    rmSync(executable, { force: true });
  }
}

await run();
