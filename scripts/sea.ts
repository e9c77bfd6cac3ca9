/** What a single executable application of Node's has: data by name, and an end. */
import { getAsset } from 'node:sea';
import { Script } from 'node:vm';
import type { Commands } from '../main.ts';

/** Name of the bundle among the executable's assets. */
export const COMMANDS_ASSET = 'commands.cjs';

/** What V8 made of that bundle while the executable was built (build/code-cache.ts); empty without a snapshot. */
export const CODE_CACHE_ASSET = 'commands.code';

/** Modules that one command alone needs, and that are larger than all commands together: an asset each. */
export const MODULE_ASSETS: Readonly<Record<string, string>> = { '@viz-js/viz': 'graphviz.cjs' };

/**
 * The commands for people. They are a bundle by themselves: in the snapshot's heap their half a megabyte of sources would
 * be read at every start, also for a runtime's call, which has no use for them.
 */
export async function loadCommands(): Promise<Commands> {
  const code = compile(
    COMMANDS_ASSET,
    getAsset(COMMANDS_ASSET, 'utf8'),
    new Uint8Array(getAsset(CODE_CACHE_ASSET)),
  );
  return evaluate(code) as Commands;
}

/** @param cache of the same source; one of another V8 is not used */
export function compile(name: string, source: string, cache?: Uint8Array): Script {
  return new Script(`(function (require, module, exports) {${source}\n})`, {
    filename: name,
    ...(cache !== undefined && cache.length > 0 && { cachedData: cache }),
  });
}

/** @returns what the module exports */
export function evaluate(code: Script): unknown {
  const loaded: { exports: unknown } = { exports: {} };
  code.runInThisContext()(requireModule, loaded, loaded.exports);
  return loaded.exports;
}

function requireModule(name: string): unknown {
  const asset = MODULE_ASSETS[name];
  return asset === undefined ? require(name) : evaluate(compile(asset, getAsset(asset, 'utf8')));
}

/** Ends the process without taking the heap apart first. All that was to be written has been, synchronously. */
export function exit(): void {
  process.exit();
}
