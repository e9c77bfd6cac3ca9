/**
 * Draws the example of docs/topology.md, out of docs/topology.json: the picture, and the blocks of the page.
 *
 * Usage: node scripts/topology.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Topology } from '../cli/topology/model.ts';
import { renderDot } from '../cli/topology/render/dot.ts';
import { renderMermaid } from '../cli/topology/render/mermaid.ts';
import { renderSvg } from '../cli/topology/render/svg.ts';
import { renderTree } from '../cli/topology/render/tree.ts';

const docs = join(dirname(import.meta.dirname), 'docs');
const read = (name: string): string => readFileSync(join(docs, name), 'utf8');

/** Files of docs/ as they are to be, by name. */
export async function drawExample(): Promise<ReadonlyMap<string, string>> {
  const topology = JSON.parse(read('topology.json')) as Topology;
  const blocks = {
    tree: ['text', renderTree(topology, false)],
    mermaid: ['mermaid', renderMermaid(topology)],
    dot: ['dot', beginning(renderDot(topology))],
    json: ['json', `${JSON.stringify(topology.hubs[0]?.ports[0], undefined, 2)}\n`],
  } as const;
  const page = Object.entries(blocks).reduce(
    (text, [name, [language, block]]) => replaceBlock(text, name, `\`\`\`${language}\n${block}\`\`\``),
    read('topology.md'),
  );
  return new Map([
    ['topology.md', page],
    ['topology.svg', await renderSvg(topology)],
  ]);
}

/** Lines of labels are long. */
function beginning(dot: string): string {
  const lines = dot.split('\n').slice(0, 5);
  return `${lines.map((line) => (line.length > 100 ? `${line.slice(0, 100)}…` : line)).join('\n')}\n…\n`;
}

/** The block that follows a comment with its name. */
function replaceBlock(page: string, name: string, block: string): string {
  const mark = `<!-- make topology: ${name} -->\n`;
  const start = page.indexOf(mark) + mark.length;
  const end = page.indexOf('\n```\n', start);
  if (start < mark.length || end < 0) throw new Error(`docs/topology.md has no block ${mark}`);
  return `${page.slice(0, start)}${block}${page.slice(end + '\n```'.length)}`;
}

/** Names of files that are not as they are to be. */
export async function staleFiles(): Promise<readonly string[]> {
  return [...(await drawExample())].filter(([name, text]) => read(name) !== text).map(([name]) => name);
}

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  if (!values.check) {
    for (const [name, text] of await drawExample()) writeFileSync(join(docs, name), text);
    return;
  }
  const stale = await staleFiles();
  if (stale.length === 0) return;
  console.error(`${stale.map((name) => `docs/${name}`).join(', ')}: not as drawn now; run make topology`);
  process.exitCode = 1;
}

if (import.meta.main) await run();
