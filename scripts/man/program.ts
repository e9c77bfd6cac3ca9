/** plumbline(8): what the README says of all plugins, and the commands by their definitions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RootContent } from 'mdast';
import type { Command } from '../../cli/command.ts';
import { COMMANDS } from '../../cli/commands.ts';
import { PROGRAM } from '../../cli/executable.ts';
import { optionTerm, paragraphs, usageOf } from '../../cli/help.ts';
import { code, definition, heading, paragraph, text } from './nodes.ts';
import { type Page, parseMarkdown, seeAlso } from './page.ts';
import { plainText } from './tables.ts';

/** What is left of 80 columns between the margins. */
const SYNOPSIS_WIDTH = 71;

/** Sections of the README that are for whoever has the executable already. */
const SECTIONS = ['What it does otherwise than the reference plugins', 'Requirements', 'Error codes'];

/**
 * @param root the project's folder
 * @param plugins their pages
 */
export function programPage(root: string, plugins: readonly Page[]): Page {
  const readme = parseMarkdown(readFileSync(join(root, 'README.md'), 'utf8')).children;
  const commands = COMMANDS.filter(({ hidden }) => hidden !== true);
  const usages = commands.map((command) => usageOf(command, '', SYNOPSIS_WIDTH));
  return {
    name: PROGRAM,
    about: 'CNI plugins in one executable, and commands for people',
    body: [
      heading(2, 'Synopsis'),
      code([...usages, `${PROGRAM} --help | --version`].join('\n')),
      heading(2, 'Description'),
      ...introduction(readme),
      heading(2, 'Plugins'),
      ...plugins.flatMap(({ name, about }) => definition([strong(name), text('(8)')], [text(about)])),
      heading(2, 'Commands'),
      ...commands.flatMap(commandSection),
      ...SECTIONS.flatMap((title) => section(readme, title)),
      heading(2, 'Exit status'),
      ...definition([text('0')], [text('All is well.')]),
      ...definition([text('1')], [text('The command could not do its work, or has found something wrong.')]),
      ...definition([text('2')], [text('The arguments make no sense.')]),
      ...seeAlso(plugins.map(({ name }) => name)),
    ],
  };
}

const strong = (value: string) => ({ type: 'strong' as const, children: [text(value)] });

/** What stands before the README's first example. */
function introduction(readme: readonly RootContent[]): readonly RootContent[] {
  const end = readme.findIndex(({ type }) => type === 'code');
  return readme.slice(1, end);
}

/** A section with its heading, up to the next; without the links at the README's end. */
function section(readme: readonly RootContent[], title: string): readonly RootContent[] {
  const titleOf = (node: RootContent) =>
    node.type === 'heading' && node.depth === 2 ? plainText(node) : undefined;
  const start = readme.findIndex((node) => titleOf(node) === title);
  if (start < 0) throw new Error(`README.md has no section "${title}"`);
  const length = readme.slice(start + 1).findIndex((node) => titleOf(node) !== undefined);
  const nodes = readme.slice(start, length < 0 ? undefined : start + 1 + length);
  return nodes.filter((node) => node.type !== 'paragraph' || node.children[0]?.type !== 'link');
}

function commandSection(command: Command): readonly RootContent[] {
  const { name, examples, about, details = '' } = command;
  return [
    heading(3, name),
    code(examples.map((example) => `# ${example.about}\n${example.line}`).join('\n')),
    ...prose(about),
    ...Object.entries(command.arguments).flatMap(([term, value]) =>
      definition([strong(term)], [text(value.about + choicesOf(value.choices))]),
    ),
    ...Object.entries(command.options).flatMap(([option, value]) =>
      definition(
        [strong(optionTerm(option, value) ?? '')],
        [
          text(
            value.about +
              choicesOf(value.choices) +
              (value.default === undefined ? '' : ` (default: ${value.default})`),
          ),
        ],
      ),
    ),
    ...prose(details),
  ];
}

const choicesOf = (choices: readonly string[] | undefined): string =>
  choices === undefined ? '' : `: ${choices.join(', ')}`;

function prose(words: string): readonly RootContent[] {
  if (words === '') return [];
  return paragraphs(words).map((part) =>
    part.startsWith(' ') ? code(part.replaceAll(/^ {2}/gm, '')) : paragraph([text(part)]),
  );
}
