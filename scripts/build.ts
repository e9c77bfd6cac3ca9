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
  openSync,
  readFileSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { EXECUTABLES, formatMark } from '../cli/executable.ts';
import { placeLinks, removeStaleTemporaries, temporaryPath } from '../cli/place.ts';
import { binFolder, findArch, nativeArch } from './build/arch.ts';
import { type BlobMaker, chooseBlobMaker, describeBlob, makeExecutable } from './build/executable.ts';

const root = dirname(import.meta.dirname);

async function bundle(output: string, version: string, { how }: BlobMaker): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [how === 'plain' ? 'scripts/entry-plain.ts' : 'scripts/entry-snapshot.ts'],
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
  const entry = join(dirname(out), `.plumbline-${process.pid}.cjs`);
  try {
    await bundle(entry, version, maker);
    await makeExecutable(entry, executable, arch, maker);
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
    rmSync(entry, { force: true });
    rmSync(executable, { force: true });
  }
}

await run();
