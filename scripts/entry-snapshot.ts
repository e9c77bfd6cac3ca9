/**
 * What runs while the executable is built. Everything that this file loads and calls ends up in the V8 heap
 * snapshot inside the executable, which then starts with its modules evaluated and its hot functions compiled.
 */
import { isSea } from 'node:sea';
import v8 from 'node:v8';
import { main } from '../main.ts';
import { writeCodeCache } from './build/code-cache.ts';
import { exit, loadCommands } from './sea.ts';
import { warmUp } from './warm-up.ts';

// A rejection ends the build: the heap of a program whose warm-up failed is not worth keeping. The snapshot is
// taken when the event loop is empty, hence after the warm-up.
void Promise.resolve(warmUp());

v8.startupSnapshot.setDeserializeMainFunction(() => {
  // In no executable yet: the build asks for the rest of it.
  if (!isSea()) void writeCodeCache(process.argv[1] ?? '', process.argv[2] ?? '');
  else void main(loadCommands).then(exit);
});
