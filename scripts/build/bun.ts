/**
 * The second executable of the same sources, by Bun: it starts faster and takes less memory than Node's, and has less
 * history behind it. Bun bundles, compiles to JavaScriptCore's bytecode, and puts both into a section of a copy of itself.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Arch, nativeArch } from './arch.ts';
import { fetchProgram } from './package.ts';
import { sealBun } from './seal.ts';
import { trimBun } from './trim-bun.ts';

/** x64: the one that asks for no AVX2, which virtual machines and older servers lack. */
const packages = { x64: '@oven/bun-linux-x64-baseline', arm64: '@oven/bun-linux-aarch64' } as const;

const root = dirname(dirname(import.meta.dirname));

/** Bun for a processor, as its makers made it. */
export function bunFor(arch: Arch): string {
  const name = packages[arch.node];
  return arch === nativeArch
    ? join(root, 'node_modules', name, 'bin', 'bun')
    : fetchProgram(name, 'bin/bun', 'bun');
}

interface Options {
  /** From the project's root. */
  readonly entry: string;
  readonly output: string;
  readonly arch: Arch;
  /** Constants of the program, as JavaScript writes them. */
  readonly define: Readonly<Record<string, string>>;
}

export function compileByBun({ entry, output, arch, define }: Options): void {
  const scratch = mkdtempSync(join(tmpdir(), 'plumbline-bun-'));
  try {
    const base = join(scratch, 'bun');
    const binary = readFileSync(bunFor(arch));
    trimBun(binary, arch);
    sealBun(binary, arch);
    writeFileSync(base, binary, { mode: 0o755 });
    const constants = Object.entries(define).map(([name, value]) => `--define=${name}=${value}`);
    const args = [
      'build',
      entry,
      '--compile',
      `--compile-executable-path=${base}`,
      '--bytecode',
      // Modules that are imported when they are needed stay apart: a call reads only its own plugin.
      '--format=esm',
      '--splitting',
      '--minify',
      // A call is over before compiled machine code would pay for itself.
      '--compile-jit-policy=100',
      // Files of the folder that a runtime happens to be in must not steer a program that runs as root.
      '--no-compile-autoload-dotenv',
      '--no-compile-autoload-bunfig',
      '--no-compile-autoload-tsconfig',
      '--no-compile-autoload-package-json',
      ...constants,
      `--outfile=${output}`,
    ];
    // A home of its own: ~/.bunfig.toml is read while it builds.
    execFileSync(bunFor(nativeArch), args, {
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: scratch, TMPDIR: scratch },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
