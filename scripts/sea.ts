/** What a single executable application of Node's has: data by name, and an end. */
import { getAsset } from 'node:sea';
import { compileFunction } from 'node:vm';
import type { Commands } from '../main.ts';

/** Name of the bundle among the executable's assets. */
export const COMMANDS_ASSET = 'commands.cjs';

/**
 * The commands for people. They are a bundle by themselves: in the snapshot's heap their half a megabyte of sources would
 * be read at every start, also for a runtime's call, which has no use for them.
 */
export async function loadCommands(): Promise<Commands> {
  const source = getAsset(COMMANDS_ASSET, 'utf8');
  const commands: { exports: Partial<Commands> } = { exports: {} };
  compileFunction(source, ['require', 'module', 'exports'], { filename: COMMANDS_ASSET })(
    require,
    commands,
    commands.exports,
  );
  return commands.exports as Commands;
}

/** Ends the process without taking the heap apart first. All that was to be written has been, synchronously. */
export function exit(): void {
  process.exit();
}
