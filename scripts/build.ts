/**
 * Builds dist/bin: esbuild makes one CommonJS file of main.ts, pkg's SEA builder turns it into an executable
 * with a startup snapshot, and each plugin name becomes a hard link of that one file. Or dist/bun/bin, by Bun.
 *
 * Usage: node scripts/build.ts [--runtime node|bun] [--arch amd64|arm64] [--out DIR]
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build } from 'esbuild';
import { EXECUTABLES, formatMark } from '../cli/executable.ts';
import { placeLinks, removeStaleTemporaries, temporaryPath } from '../cli/place.ts';
import { type Arch, binFolder, findArch, findRuntime, nativeArch } from './build/arch.ts';
import { compileByBun } from './build/bun.ts';
import { chooseBlobMaker, describeBlob, makeExecutable } from './build/executable.ts';
import { standIns } from './build/later.ts';
import { bundleOf, COMMAND_MODULES, COMMANDS, LATER_MODULES } from './sea.ts';

const root = dirname(import.meta.dirname);

const constants = (version: string) => ({ PLUMBLINE_VERSION: JSON.stringify(version) });

async function bundle(
  entry: string,
  output: string,
  version: string,
  options: Pick<BuildOptions, 'external' | 'plugins'> = {},
): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    ...options,
    platform: 'node',
    format: 'cjs',
    target: `node${process.versions.node}`,
    // import() does not work in a snapshot; esbuild turns it into require() within the bundle.
    // V8 crashes on `using` in the heap of a snapshot, so it is lowered.
    supported: { 'dynamic-import': false, using: false },
    define: constants(version),
    // Its CommonJS form requires its parts in a way that no bundler can follow.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    // The heap of a snapshot holds the source; names stay, for the stacks that a debug log has.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'eof',
    logLevel: 'warning',
  });
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

/** @returns one line for whoever builds, where there is something to tell */
async function makeByPkg(executable: string, arch: Arch, version: string): Promise<string | undefined> {
  const maker = chooseBlobMaker(arch);
  const scratch = mkdtempSync(join(tmpdir(), 'plumbline-bundles-'));
  const main = join(scratch, 'plumbline.cjs');
  const entry = maker.how === 'plain' ? 'scripts/entry-plain.ts' : 'scripts/entry-snapshot.ts';
  try {
    for (const [module, asset] of Object.entries({ ...LATER_MODULES, ...COMMAND_MODULES }))
      await bundle(module, join(scratch, bundleOf(asset)), version);
    await bundle('cli/index.ts', join(scratch, bundleOf(COMMANDS)), version, {
      external: Object.keys(COMMAND_MODULES),
    });
    await bundle(entry, main, version, { plugins: [standIns(root)] });
    await makeExecutable(main, executable, arch, maker);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return arch === nativeArch ? undefined : describeBlob(arch, maker);
}

async function run(): Promise<void> {
  const started = new Date();
  const { values } = parseArgs({
    options: {
      runtime: { type: 'string', default: 'node' },
      arch: { type: 'string', default: nativeArch.oci },
      out: { type: 'string' },
    },
  });
  const arch = findArch(values.arch);
  const runtime = findRuntime(values.runtime);
  const out = values.out === undefined ? join(root, binFolder(arch, runtime)) : resolve(values.out);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  cleanEnvironment();
  mkdirSync(out, { recursive: true });
  removeStaleTemporaries(out);
  const executable = temporaryPath(out);
  try {
    const note =
      runtime === 'bun'
        ? compileByBun({
            entry: 'scripts/entry-bun.ts',
            output: executable,
            arch,
            define: constants(version),
          })
        : await makeByPkg(executable, arch, version);
    finish(executable, version);
    // A source that was saved while the build ran may not be in it: to make, the result is as old as its sources were.
    utimesSync(executable, started, started);
    placeLinks(
      out,
      executable,
      EXECUTABLES.map((name) => ({ name })),
    );
    if (note !== undefined) console.log(note);
  } finally {
    rmSync(executable, { force: true });
  }
}

await run();
