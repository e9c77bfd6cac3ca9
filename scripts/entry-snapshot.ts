/**
 * What runs while the executable is built. Everything that this file loads and calls ends up in the V8 heap
 * snapshot inside the executable, which then starts with its modules evaluated and its hot functions compiled.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import v8 from 'node:v8';
import { main } from '../main.ts';
import { writeCodeCaches } from './build/code-cache.ts';
import { forgetCode } from './build/forget.ts';
import { bundleOf, exit, loadAssetsBy, loadCommands, run } from './sea.ts';
import { warmUp } from './warm-up.ts';

/** What the warm-up loads beside this bundle is forgotten after it, and so not kept. A heap can hold no vm.Script. */
async function prepare(): Promise<void> {
  const folder = dirname(process.argv[1] ?? '');
  loadAssetsBy((asset) => {
    const text = readFileSync(join(folder, bundleOf(asset)), 'utf8');
    return run(new Function('require', 'module', 'exports', text) as Parameters<typeof run>[0]);
  });
  // All is loaded by the first round, and what has run in the second is what is kept.
  await warmUp('first');
  forgetCode();
  await warmUp('second');
  await answerVersion();
  loadAssetsBy();
}

/** The edge itself, as far as it can be called here. */
async function answerVersion(): Promise<void> {
  const { argv0, env } = process;
  Object.defineProperty(process, 'argv0', { value: 'veth-bridge' });
  env['CNI_COMMAND'] = 'VERSION';
  await main(loadCommands);
  if (process.exitCode !== 0) throw new Error('warm-up: VERSION failed');
  delete env['CNI_COMMAND'];
  Object.defineProperty(process, 'argv0', { value: argv0 });
  process.exitCode = undefined;
}

// A rejection ends the build: the heap of a program whose warm-up failed is not worth keeping. The snapshot is
// taken when the event loop is empty, hence after the warm-up.
void prepare();

v8.startupSnapshot.setDeserializeMainFunction(() => {
  // In no executable yet: the build asks for the rest of it.
  if (!isSea()) void writeCodeCaches(process.argv[1] ?? '');
  else void main(loadCommands).then(exit);
});
