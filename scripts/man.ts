/**
 * Writes the manual pages: plumbline(8) out of the commands' definitions and the README, and one page a plugin out of
 * its README.
 *
 * Usage: node scripts/man.ts [--out DIR]
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatPage } from './man/page.ts';
import { pluginPages } from './man/plugins.ts';
import { programPage } from './man/program.ts';

const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist/man') } } });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const folder = join(values.out, 'man8');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const plugins = pluginPages(root);
for (const page of [programPage(root, plugins), ...plugins]) {
  writeFileSync(join(folder, `${page.name}.8`), formatPage(page, version));
}
