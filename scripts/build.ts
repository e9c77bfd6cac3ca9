/**
 * Builds dist/bin: esbuild makes one CommonJS file of main.ts, pkg's SEA builder turns it into an executable
 * with a startup snapshot, and each plugin name becomes a hard link of that one file.
 *
 * Usage: node scripts/build.ts [--arch amd64|arm64] [--out DIR]
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
import { build } from 'esbuild';
import { EXECUTABLES, formatMark } from '../cli/executable.ts';
import { placeLinks, removeStaleTemporaries, temporaryPath } from '../cli/place.ts';
import { binFolder, findArch, nativeArch } from './build/arch.ts';
import { chooseBlobMaker, describeBlob, makeExecutable } from './build/executable.ts';
import { COMMANDS_ASSET } from './sea.ts';

const root = dirname(import.meta.dirname);

async function bundle(entry: string, output: string, version: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
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

async function run(): Promise<void> {
  const started = new Date();
  const { values } = parseArgs({
    options: { arch: { type: 'string', default: nativeArch.oci }, out: { type: 'string' } },
  });
  const arch = findArch(values.arch);
  const out = values.out === undefined ? join(root, binFolder(arch)) : resolve(values.out);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const maker = chooseBlobMaker(arch);
  cleanEnvironment();
  mkdirSync(out, { recursive: true });
  removeStaleTemporaries(out);
  const executable = temporaryPath(out);
  const scratch = mkdtempSync(join(tmpdir(), 'plumbline-bundles-'));
  const main = join(scratch, 'plumbline.cjs');
  const commands = join(scratch, COMMANDS_ASSET);
  try {
    await bundle(
      maker.how === 'plain' ? 'scripts/entry-plain.ts' : 'scripts/entry-snapshot.ts',
      main,
      version,
    );
    await bundle('cli/index.ts', commands, version);
    await makeExecutable({ main, assets: { [COMMANDS_ASSET]: commands } }, executable, arch, maker);
    finish(executable, version);
    // A source that was saved while the build ran may not be in it: to make, the result is as old as its sources were.
    utimesSync(executable, started, started);
    placeLinks(
      out,
      executable,
      EXECUTABLES.map((name) => ({ name })),
    );
    if (arch !== nativeArch) console.log(describeBlob(arch, maker));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    rmSync(executable, { force: true });
  }
}

await run();
