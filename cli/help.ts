/** What `--help` looks like: examples first, on one screen of 24 lines and 80 columns. */
import { Help } from 'commander';
import type { Command, Example, Option } from './command.ts';
import { PROGRAM } from './executable.ts';

/** Columns of all help. */
export const WIDTH = 80;

/** The settings of the parser's help for one command, or for the program. */
export function helpOf(
  usage: string,
  examples: readonly Example[],
  options: Command['options'] = {},
  isLong = false,
): Partial<Help> {
  const plain = new Help();
  return {
    helpWidth: WIDTH,
    commandUsage: () => usage,
    // Not -h and --help, which people have just typed.
    visibleOptions: (parser) =>
      parser.options.filter((option) => {
        const own = options[option.name()];
        return own !== undefined && (isLong || own.hidden !== true);
      }),
    optionTerm: (option) => optionTerm(option.name(), options[option.name()]) ?? plain.optionTerm(option),
    argumentTerm: (argument) => argument.name(),
    subcommandTerm: (parser) => parser.name(),
    subcommandDescription: (parser) => parser.summary(),
    formatHelp: (parser, helper) => `${exampleList(examples)}${plain.formatHelp(parser, helper)}`,
  };
}

/** `-w, --watch` or `--bin-dir DIR`; undefined where there is no such option. */
export function optionTerm(name: string, option: Option | undefined): string | undefined {
  if (option === undefined) return undefined;
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return `${short}--${name}${option.value === undefined ? '' : ` ${option.value}`}`;
}

/**
 * A command with its options and arguments; continued below the first option where it is long.
 * @param before what is to stand before the first line
 */
export function usageOf(command: Command, before = 'Usage: ', width = WIDTH): string {
  const start = `${before}${PROGRAM} ${command.name}`;
  const words = command.usage?.split(' ') ?? [...optionWords(command.options), ...argumentWords(command)];
  const lines = [start];
  for (const word of words) {
    const last = lines.at(-1) ?? '';
    if (last.length + 1 + word.length <= width) lines.splice(-1, 1, `${last} ${word}`);
    else lines.push(`${' '.repeat(start.length)} ${word}`);
  }
  return lines.join('\n').slice(before.length);
}

/** Required ones first. */
function optionWords(options: Command['options']): readonly string[] {
  const all = Object.entries(options).map(([name, option]) => {
    const term = `--${name}${option.value === undefined ? '' : ` ${option.value}`}`;
    const more = option.repeated ? '...' : '';
    return { required: option.required === true, word: option.required ? term + more : `[${term}]${more}` };
  });
  return [...all.filter(({ required }) => required), ...all.filter(({ required }) => !required)].map(
    ({ word }) => word,
  );
}

function argumentWords(command: Command): readonly string[] {
  return Object.entries(command.arguments).map(([name, { optional, repeated }]) => {
    const word = repeated ? `${name}...` : name;
    return optional ? `[${word}]` : word;
  });
}

function exampleList(examples: readonly Example[]): string {
  if (examples.length === 0) return '';
  const width = Math.max(...examples.map(({ line }) => line.length));
  const fit = examples.every(({ about }) => 2 + width + 2 + about.length <= WIDTH);
  const lines = examples.map(({ line, about }) =>
    fit ? `  ${line.padEnd(width)}  ${about}` : `  # ${about}\n  ${line}`,
  );
  return `Examples:\n${lines.join('\n')}\n\n`;
}

/**
 * A definition's text in paragraphs: joined lines, and indented ones as they are.
 * @returns one string a paragraph; with line breaks where its lines are indented
 */
export function paragraphs(text: string): readonly string[] {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => (/^ /m.test(paragraph) ? paragraph : paragraph.replaceAll('\n', ' ')));
}

/** A definition's text at the width of the help. */
export function wrapped(text: string): string {
  const help = new Help();
  return paragraphs(text)
    .map((paragraph) => (paragraph.includes('\n') ? paragraph : help.boxWrap(paragraph, WIDTH)))
    .join('\n\n');
}
