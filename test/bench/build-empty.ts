/**
 * Builds the empty programs: for Node a single executable application with a code cache, by pkg's builder, on the Node that
 * our executable is built upon; for Bun, where it is installed, with bytecode.
 *
 * Usage: node test/bench/build-empty.ts
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nativeArch } from '../../scripts/build/arch.ts';
import { baseNode } from '../../scripts/build/node.ts';
import { injectByPkg } from '../../scripts/build/pkg.ts';
import { emptyPrograms, findBun } from './empty.ts';

async function buildForNode(entry: string, output: string): Promise<void> {
  if (isNewer(output, baseNode(nativeArch))) return;
  await injectByPkg(entry, output, {
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: true,
    execArgv: ['--openssl-config=/dev/null'],
    execArgvExtension: 'none',
  });
}

function buildForBun(entry: string, output: string): void {
  const bun = findBun();
  if (bun === undefined) {
    rmSync(output, { force: true });
    return;
  }
  if (isNewer(output, bun)) return;
  const flags = [
    ...['--compile', '--bytecode', '--minify', '--format=cjs', '--compile-jit-policy=100'],
    ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
  ];
  execFileSync(bun, ['build', ...flags, '--outfile', output, entry], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

const isNewer = (file: string, source: string): boolean =>
  existsSync(file) && statSync(file).mtimeMs > statSync(source).mtimeMs;

const scratch = mkdtempSync(join(tmpdir(), 'plumbline-empty-'));
try {
  const entry = join(scratch, 'empty.cjs');
  writeFileSync(entry, '');
  mkdirSync(dirname(emptyPrograms.pkg), { recursive: true });
  await buildForNode(entry, emptyPrograms.pkg);
  buildForBun(entry, emptyPrograms.bun);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
