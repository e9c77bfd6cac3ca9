/** `plumbline lint` on whatever a file says: examples that are edited at random. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lintText } from '../../../../cli/lint/file.ts';
import { readConfig } from '../../../../lib/cni/config.ts';
import { findPlugin } from '../../../../plugins/index.ts';
import { repoRoot } from '../../../support/paths.ts';

describe('whatever a file says', () => {
  const folder = join(repoRoot, 'conf-examples');
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.conf(list)?$/.test(name))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
  const anyFile = fc.constantFrom(...texts);

  test('lint tells of it, and each finding is at a place of the file', () => {
    const edit = fc.record({ at: fc.nat(2000), remove: fc.nat(20), insert: fc.string({ maxLength: 8 }) });
    fc.assert(
      fc.property(anyFile, fc.array(edit, { minLength: 1, maxLength: 4 }), ({ name, text }, edits) => {
        const edited = edits.reduce((whole, { at, remove, insert }) => {
          const start = at % whole.length;
          return whole.slice(0, start) + insert + whole.slice(start + remove) || ' ';
        }, text);
        const lines = edited.split('\n');
        const { findings } = lintText(name, edited);
        for (const { line, column, message } of findings) {
          expect(message).not.toMatch(/internal error|undefined|\[object/);
          expect(lines.length).toBeGreaterThanOrEqual(line);
          expect((lines[line - 1] ?? '').length + 1).toBeGreaterThanOrEqual(column);
        }
        if (!isJson(edited)) expect(findings).not.toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });

  test('what a plugin refuses, lint finds', () => {
    const lists = texts.filter(({ name }) => name.endsWith('.conflist'));
    const value = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(fc.constantFrom(...lists), fc.nat(), value, ({ name, text }, which, value) => {
        const whole = JSON.parse(text) as { name: string; plugins: Record<string, unknown>[] };
        const [first = {}] = whole.plugins;
        const keys = Object.keys(first).filter((key) => key !== 'type');
        const key = keys[which % keys.length] ?? 'mtu';
        first[key] = value;
        const plugin = findPlugin(String(first['type']));
        const refused =
          plugin !== undefined &&
          readConfig(plugin.config.schema(), { ...first, name: whole.name }).faults !== undefined;
        if (refused) expect(lintText(name, JSON.stringify(whole)).findings).not.toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });

  function isJson(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }
});
