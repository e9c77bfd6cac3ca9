/**
 * What V8 makes of the bundles that are assets, so that `plumbline` need not parse a megabyte at each start: the outline of it
 * all, and the code of what has run here, the parser and the help, and a few calls that schemas read. V8 takes none that was
 * made with another heap or other flags; so the snapshot itself makes it, which is run by Node for that once, before it is
 * put into an executable.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from 'node:vm';
import { ASSETS, bundleOf, codeOf, compile, evaluate, loadAssetsBy, loadCommands } from '../sea.ts';
import { callWithSchemas } from '../warm-up.ts';

const io = {
  stdout: { write: () => {} },
  stderr: { write: (text: string) => process.stderr.write(text) },
};

/**
 * @param folder of the bundles; the caches are put beside them
 * @throws Error where the commands do not run
 */
export async function writeCodeCaches(folder: string): Promise<void> {
  const codes = new Map<string, Script>();
  loadAssetsBy((asset) => {
    const code = compile(asset, readFileSync(join(folder, bundleOf(asset)), 'utf8'));
    codes.set(asset, code);
    return evaluate(code);
  });
  const { runCli } = await loadCommands();
  for (const argv of [['--help'], ['help', 'attach'], ['lint', '--help']]) {
    const status = await runCli(argv, io);
    if (status !== 0) throw new Error(`plumbline ${argv.join(' ')} ends with ${status}`);
  }
  await callWithSchemas();
  for (const asset of ASSETS)
    writeFileSync(join(folder, codeOf(asset)), codes.get(asset)?.createCachedData() ?? '');
}
