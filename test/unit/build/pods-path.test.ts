/** What a plugin's call loads: nothing of what people use. */
import { expect, test } from 'vitest';
import { bundle } from './bundle.ts';

/** Node's own that take milliseconds of each start (docs/startup.md). */
const COSTLY = ['node:crypto', 'node:net', 'node:http', 'node:worker_threads'];

/** Where a build may go from the path of a plugin's call to the commands. */
const COMMANDS = 'cli/index.ts';

test.each(['scripts/entry-snapshot.ts', 'scripts/entry-plain.ts', 'scripts/entry-bun.ts'])(
  '%s reaches no costly module, no command and no parser of arguments, but by loading the commands as a whole',
  async (entry) => {
    const { metafile } = await bundle({
      entryPoints: [entry],
      format: 'esm',
      conditions: entry.includes('bun') ? ['bun'] : [],
      external: ['bun', 'bun:*'],
    });
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const { path: next } of metafile.inputs[path]?.imports ?? []) {
        if (next.startsWith('node:')) reached.add(next);
        else if (next !== COMMANDS && next in metafile.inputs) visit(next);
      }
    };
    visit(entry);
    expect([...reached]).toContain('plugins/veth-bridge/plugin.ts');
    // The warm-up takes the names of the plugins from there.
    const others = [...reached].filter((path) => path !== 'cli/executable.ts');
    expect(others.filter((path) => path.startsWith('cli/') || path.includes('commander'))).toEqual([]);
    expect(others).toContain('node:fs');
    expect(others.filter((path) => COSTLY.includes(path))).toEqual([]);
  },
);
