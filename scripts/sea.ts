/** What a single executable application of Node's has: data by name, and an end. */
import { getAsset } from 'node:sea';
import { compileFunction } from 'node:vm';
import type { Commands } from '../main.ts';

/** Name of the bundle among the executable's assets. */
export const COMMANDS_ASSET = 'commands.cjs';

/** Modules that one command alone needs, and that are larger than all commands together: an asset each. */
export const MODULE_ASSETS: Readonly<Record<string, string>> = { '@viz-js/viz': 'graphviz.cjs' };

/**
 * The commands for people. They are a bundle by themselves: in the snapshot's heap their half a megabyte of sources would
 * be read at every start, also for a runtime's call, which has no use for them.
 */
export async function loadCommands(): Promise<Commands> {
  return loadAsset(COMMANDS_ASSET) as Commands;
}

function loadAsset(name: string): unknown {
  const loaded: { exports: unknown } = { exports: {} };
  compileFunction(getAsset(name, 'utf8'), ['require', 'module', 'exports'], { filename: name })(
    requireModule,
    loaded,
    loaded.exports,
  );
  return loaded.exports;
}

function requireModule(name: string): unknown {
  const asset = MODULE_ASSETS[name];
  return asset === undefined ? require(name) : loadAsset(asset);
}

/** Ends the process without taking the heap apart first. All that was to be written has been, synchronously. */
export function exit(): void {
  process.exit();
}
