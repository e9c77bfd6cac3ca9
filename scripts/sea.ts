/** What a single executable application of Node's has: data by name, and an end. */
import { getAsset } from 'node:sea';
import { Script } from 'node:vm';
import type { Commands } from '../main.ts';

/**
 * The commands for people. They are a bundle by themselves: in the snapshot's heap their half a megabyte of sources would
 * be read at every start, also for a runtime's call, which has no use for them.
 */
export const COMMANDS = 'commands';

/**
 * Modules that few calls need (build/later.ts), by the name that sources give them or the path from the project's root, each
 * with the name of its asset.
 */
export const LATER_MODULES: Readonly<Record<string, string>> = { 'lib/zod.ts': 'zod', 'ip-cidr': 'ip-cidr' };

/** Modules that one command alone needs, and that are larger than all commands together. */
export const COMMAND_MODULES: Readonly<Record<string, string>> = { '@viz-js/viz': 'graphviz' };

/** Names of all assets; of each the executable has a bundle, and what V8 made of that. */
export const ASSETS: readonly string[] = [
  COMMANDS,
  ...Object.values(LATER_MODULES),
  ...Object.values(COMMAND_MODULES),
];
export const bundleOf = (asset: string): string => `${asset}.cjs`;
/** Empty without a snapshot, and where nothing has run while the executable was built (build/code-cache.ts). */
export const codeOf = (asset: string): string => `${asset}.code`;

/** How an asset is loaded. @returns what it exports */
type Load = (asset: string) => unknown;

const fromExecutable: Load = (asset) =>
  evaluate(compile(asset, getAsset(bundleOf(asset), 'utf8'), new Uint8Array(getAsset(codeOf(asset)))));

let load = fromExecutable;
const loaded = new Map<string, unknown>();

/** For the time before there is an executable. Forgets what has been loaded by then. */
export function loadAssetsBy(other: Load = fromExecutable): void {
  load = other;
  loaded.clear();
}

function loadAsset(asset: string): unknown {
  if (!loaded.has(asset)) loaded.set(asset, load(asset));
  return loaded.get(asset);
}

export const loadCommands = async (): Promise<Commands> => loadAsset(COMMANDS) as Commands;

/** @param cache of the same source; one of another V8 is not used */
export function compile(asset: string, source: string, cache?: Uint8Array): Script {
  return new Script(`(function (require, module, exports) {${source}\n})`, {
    filename: bundleOf(asset),
    ...(cache !== undefined && cache.length > 0 && { cachedData: cache }),
  });
}

type Module = (require: Load, module: { exports: unknown }, exports: unknown) => void;

/** @returns what the module exports */
export function evaluate(code: Script): unknown {
  return run(code.runInThisContext() as Module);
}

/** The same for a module that is a function by now. */
export function run(module: Module): unknown {
  const made: { exports: unknown } = { exports: {} };
  module(requireModule, made, made.exports);
  return made.exports;
}

function requireModule(name: string): unknown {
  const asset = LATER_MODULES[name] ?? COMMAND_MODULES[name];
  return asset === undefined ? require(name) : loadAsset(asset);
}

type Export = ((...args: unknown[]) => unknown) & (new (...args: unknown[]) => object);

/** A function or a class that stands for one of a module, which is loaded when it is called first. */
export function standInFor(module: string, name: string): unknown {
  return function (...args: unknown[]) {
    const exports = requireModule(module) as Readonly<Record<string, Export>>;
    const real = exports[name] as Export;
    return new.target === undefined ? real(...args) : new real(...args);
  };
}

/** Ends the process without taking the heap apart first. All that was to be written has been, synchronously. */
export function exit(): void {
  process.exit();
}
