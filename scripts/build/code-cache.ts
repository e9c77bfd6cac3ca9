/**
 * What V8 makes of the bundle of commands, so that `plumbline` need not parse a megabyte at each start: the outline of it
 * all, and the code of what has run here, the parser and the help. V8 takes none that was made with another heap or other
 * flags; so the snapshot itself makes it, which is run by Node for that once, before it is put into an executable.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Commands } from '../../main.ts';
import { COMMANDS_ASSET, compile, evaluate } from '../sea.ts';

const io = {
  stdout: { write: () => {} },
  stderr: { write: (text: string) => process.stderr.write(text) },
};

/** @throws Error where the commands do not run */
export async function writeCodeCache(bundle: string, output: string): Promise<void> {
  const code = compile(COMMANDS_ASSET, readFileSync(bundle, 'utf8'));
  const { runCli } = evaluate(code) as Commands;
  for (const argv of [['--help'], ['help', 'attach'], ['lint', '--help']]) {
    const status = await runCli(argv, io);
    if (status !== 0) throw new Error(`plumbline ${argv.join(' ')} ends with ${status}`);
  }
  writeFileSync(output, code.createCachedData());
}
