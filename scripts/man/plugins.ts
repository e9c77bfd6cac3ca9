/** One page a plugin, out of its README. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RootContent } from 'mdast';
import { PLUGIN_NAMES } from '../../cli/executable.ts';
import { heading } from './nodes.ts';
import { type Page, parseMarkdown, seeAlso } from './page.ts';
import { plainText } from './tables.ts';

/** @param root the project's folder */
export function pluginPages(root: string): readonly Page[] {
  return PLUGIN_NAMES.map((plugin) => pluginPage(root, plugin));
}

function pluginPage(root: string, plugin: string): Page {
  const folder = plugin === 'host-local' ? 'ipam' : 'plugins';
  const { children } = parseMarkdown(readFileSync(join(root, folder, plugin, 'README.md'), 'utf8'));
  const [, ...body] = children;
  const others = PLUGIN_NAMES.filter((name) => name !== plugin).map((name) => `plumbline-${name}`);
  return {
    name: `plumbline-${plugin}`,
    about: summaryOf(body[0], plugin),
    body: [heading(2, 'Description'), ...body, ...seeAlso(['plumbline', ...others])],
  };
}

/** The first sentence, as a page's name has it: without an end, and small. */
function summaryOf(first: RootContent | undefined, plugin: string): string {
  const words = first?.type === 'paragraph' ? plainText(first) : '';
  const [, sentence] = /^(.*?)[.:](?:\s|$)/s.exec(words) ?? [];
  if (sentence === undefined) throw new Error(`${plugin}: its README does not begin with a sentence`);
  return (sentence.charAt(0).toLowerCase() + sentence.slice(1)).replaceAll(/\s+/g, ' ');
}
