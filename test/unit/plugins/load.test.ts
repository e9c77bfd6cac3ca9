import { expect, test } from 'vitest';
import { BRIDGE_ALIAS, PLUGIN_NAMES } from '../../../cli/executable.ts';
import { findPlugin } from '../../../plugins/index.ts';
import { isPluginName, loadPlugin } from '../../../plugins/load.ts';

test.each([...PLUGIN_NAMES, BRIDGE_ALIAS])('%s is the same plugin, loaded or found', async (name) => {
  expect(isPluginName(name)).toBe(true);
  expect(await loadPlugin(name)).toBe(findPlugin(name));
});

test.each(['plumbline', '', 'toString', '__proto__'])('%j is no plugin', async (name) => {
  expect(isPluginName(name)).toBe(false);
  expect(await loadPlugin(name)).toBeUndefined();
  expect(findPlugin(name)).toBeUndefined();
});
