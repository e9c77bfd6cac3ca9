/** Modules that a snapshot's heap leaves out: what is bundled in their place, and when they are loaded. */
import { join } from 'node:path';
import type { BuildOptions } from 'esbuild';
import { describe, expect, test } from 'vitest';
import * as onBun from '../../../lib/runtime/zod.ts';
import * as zod from '../../../lib/zod.ts';
import { standIns } from '../../../scripts/build/later.ts';
import { LATER_MODULES } from '../../../scripts/sea.ts';
import { repoRoot } from '../../support/paths.ts';
import { bundle } from './bundle.ts';

async function bundleOf(source: BuildOptions) {
  const { metafile, outputFiles } = await bundle({ ...source, format: 'cjs', plugins: [standIns(repoRoot)] });
  return { inputs: Object.keys(metafile.inputs), text: outputFiles[0]?.text ?? '' };
}

test.each(['scripts/entry-snapshot.ts', 'scripts/entry-plain.ts'])('%s has none of them', async (entry) => {
  const { inputs } = await bundleOf({ entryPoints: [entry] });
  expect(inputs).toContain('plugins/veth-bridge/plugin.ts');
  expect(inputs.filter((path) => /\/(zod|ip-cidr|ip-address|jsbn)\//.test(path))).toEqual([]);
  for (const module of Object.keys(LATER_MODULES)) expect(inputs).toContain(`stand-in:${module}`);
});

test('on Bun, each function of zod has a stand-in', () => {
  expect(Object.keys(onBun).toSorted()).toEqual(Object.keys(zod).toSorted());
});

describe('a stand-in', () => {
  /** Runs a program in a place where the only asset is what `exported` says. */
  async function run(contents: string, exported: object): Promise<{ exports: unknown; loads: string[] }> {
    const loads: string[] = [];
    const program = `import { loadAssetsBy } from '../../scripts/sea.ts';
      loadAssetsBy((asset) => { loads.push(asset); return exported; });
      ${contents}`;
    const { text } = await bundleOf({
      stdin: { contents: program, resolveDir: join(repoRoot, 'lib/net'), loader: 'ts' },
    });
    const module = { exports: {} };
    new Function('require', 'module', 'loads', 'exported', text)(() => ({}), module, loads, exported);
    return { exports: module.exports, loads };
  }

  test('calls what it stands for, which is loaded once', async () => {
    const { exports, loads } = await run(
      `import * as z from '../zod.ts';
       export const both = [z.string(1, 2), z.enum(3)];`,
      {
        string: (...args: unknown[]) => ['string', ...args],
        enum: (...args: unknown[]) => ['enum', ...args],
      },
    );
    expect(exports).toMatchObject({
      both: [
        ['string', 1, 2],
        ['enum', 3],
      ],
    });
    expect(loads).toEqual(['zod']);
  });

  test('makes an object of what is a class', async () => {
    class Block {
      readonly text: string;
      constructor(text: string) {
        this.text = text;
      }
    }
    const { exports, loads } = await run(
      `import IPCIDR from 'ip-cidr';
       export const block = new IPCIDR('fd00::/64');`,
      { default: Block },
    );
    expect(exports).toMatchObject({ block: new Block('fd00::/64') });
    expect(loads).toEqual(['ip-cidr']);
  });

  test('loads nothing where nothing is called', async () => {
    const { loads } = await run(`import * as z from '../zod.ts'; export const f = () => z.string();`, {});
    expect(loads).toEqual([]);
  });
});
