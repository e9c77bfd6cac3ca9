/**
 * The commands for people, out of the executable's own data. They are a bundle by themselves: in the snapshot's heap
 * their megabyte of sources would be read at every start, also for a runtime's call, which has no use for them.
 */
import { getAsset } from 'node:sea';
import { compileFunction } from 'node:vm';
import type { Commands } from '../main.ts';

/** Name of the bundle among the executable's assets. */
export const COMMANDS_ASSET = 'commands.cjs';

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
