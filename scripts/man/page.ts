/** A manual page: a Markdown tree, made fit for man, and written as roff. */
import type { Root, RootContent } from 'mdast';
import remarkGfm from 'remark-gfm';
import remarkMan from 'remark-man';
import remarkParse from 'remark-parse';
import { unified } from 'unified';
import { heading, paragraph, text } from './nodes.ts';
import { flatten } from './tables.ts';

export interface Page {
  /** Without the section: plumbline-ovs. */
  readonly name: string;
  /** What it is, in a line. */
  readonly about: string;
  readonly body: readonly RootContent[];
}

/** Markdown as a tree. */
export function parseMarkdown(markdown: string): Root {
  return unified().use(remarkParse).use(remarkGfm).parse(markdown);
}

/** The page of section 8 as roff. Its date is SOURCE_DATE_EPOCH's where that is set, so that a build can be repeated. */
export function formatPage({ name, about, body }: Page, version: string): string {
  const epoch = Number(process.env['SOURCE_DATE_EPOCH']);
  const options = {
    name,
    section: 8,
    description: about,
    manual: "System Manager's Manual",
    version: `plumbline ${version}`,
    date: epoch > 0 ? new Date(epoch * 1000) : new Date(),
  };
  const tree: Root = { type: 'root', children: body.flatMap(flatten) };
  const roff = unified().use(remarkMan, options).stringify(tree);
  return `${tidy(roff)}\n`;
}

/** The library has no definitions: a paragraph with an indented block below it is one. What is not ASCII gets its name. */
function tidy(roff: string): string {
  return (
    roff
      .replaceAll(/^\.P\n(.+)\n\.RS 0\n\.P\n(.+(?:\n[^.].*)*)\n\.RE 0\n/gm, '.TP\n$1\n$2\n')
      .replaceAll(/^\.RE 0$/gm, '.RE')
      .replaceAll(/^(\.RE|\.TP\n.+\n.+)\n{2,}/gm, '$1\n')
      // Names of fields are not to be torn apart: they are looked for.
      .replace(/^\.TH .*\n/, '$&.nh\n.ad l\n')
      .replaceAll('…', '...')
      .replaceAll(/[^\t\n -~]/gu, (character) => {
        const code = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
        return `\\[u${code}]`;
      })
      .trimEnd()
  );
}

/** A section's end: other pages. */
export function seeAlso(names: readonly string[]): readonly RootContent[] {
  return [
    heading(2, 'See also'),
    paragraph(
      names.flatMap((name, index) => [
        ...(index === 0 ? [] : [text(', ')]),
        { type: 'strong' as const, children: [text(name)] },
        text('(8)'),
      ]),
    ),
  ];
}
