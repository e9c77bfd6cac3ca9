/**
 * Modules that most calls have no use for. In the heap of a snapshot each object takes its part of every start, used or not
 * (docs/startup.md); so of these modules the bundle has a stand-in for each export alone, and the module is an asset of the
 * executable, loaded when the first of them is called.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { LATER_MODULES } from '../sea.ts';

/**
 * Puts the stand-ins into a bundle.
 * @param root the project's folder, which paths of {@link LATER_MODULES} begin at
 */
export const standIns = (root: string): Plugin => ({
  name: 'stand-ins',
  setup(build) {
    build.onResolve({ filter: /./ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === asked || kind === 'entry-point') return undefined;
      const found = await build.resolve(path, { resolveDir, kind, pluginData: asked });
      const name = Object.keys(LATER_MODULES).find(
        (module) => path === module || found.path === join(root, module),
      );
      return name === undefined ? found : { path: name, namespace };
    });
    build.onLoad({ filter: /./, namespace }, async ({ path }) => ({
      contents: standIn(path, Object.keys(await load(root, path))),
      resolveDir: root,
    }));
  },
});

const namespace = 'stand-in';
/** Marks what this plugin itself asks esbuild to resolve. */
const asked = Symbol('asked');

const load = async (root: string, module: string): Promise<object> =>
  (await import(module.endsWith('.ts') ? pathToFileURL(join(root, module)).href : module)) as object;

/** Functions and classes alone: a value would have to be there before it is called. What nobody imports is left out. */
const standIn = (module: string, names: readonly string[]): string => `
import { standInFor } from './scripts/sea.ts';
${names.map((name) => `const _${name} = /* @__PURE__ */ standInFor('${module}', '${name}');`).join('\n')}
export { ${names.map((name) => `_${name} as ${name}`).join(', ')} };
`;
