/** The parser of the commands for people, made from their definitions. */
import {
  type CommanderError,
  Command as Parser,
  Argument as ParserArgument,
  Option as ParserOption,
} from 'commander';
import { type Argument, type CliIo, type Command, type Input, type Option, UsageError } from './command.ts';
import { helpOf, optionTerm, usageOf, WIDTH, wrapped } from './help.ts';
import { nearest } from './lint/nearest.ts';

/** A parser that writes to `io`, and throws its library's error instead of ending the process. */
export function newParser(name: string, io: CliIo): Parser {
  return new Parser(name)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // What is wrong is told by the caller, in the program's own words.
      outputError: () => undefined,
      getOutHelpWidth: () => WIDTH,
      getErrHelpWidth: () => WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/**
 * The parser of one command: takes anything that its definition knows; {@link readInput} tells what is missing.
 * @param isLong whether its help has all options
 */
export function commandParser(command: Command, io: CliIo, isLong = false): Parser {
  const parser = newParser(command.name, io)
    .summary(command.summary)
    .description(wrapped(command.about))
    .helpOption('-h, --help')
    .allowExcessArguments()
    .configureHelp(helpOf(usageOf(command), command.examples, command.options, isLong));
  for (const [name, option] of Object.entries(command.options)) parser.addOption(parserOption(name, option));
  for (const [name, argument] of Object.entries(command.arguments)) {
    parser.addArgument(parserArgument(name, argument));
  }
  return parser;
}

function parserOption(name: string, { value, short, about, choices, default: or, repeated }: Option) {
  const flags = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
  const option = new ParserOption(flags, about);
  if (or !== undefined) option.default(or);
  if (choices !== undefined) option.choices(choices);
  if (repeated) {
    const check = option.parseArg ?? ((text: string): unknown => text);
    option.argParser((text, before: readonly unknown[] = []) => [...before, check(text, undefined)]);
  }
  return option;
}

function parserArgument(name: string, { about, choices, repeated }: Argument): ParserArgument {
  const argument = new ParserArgument(repeated ? `[${name}...]` : `[${name}]`, about);
  return choices === undefined ? argument : argument.choices(choices);
}

/**
 * What a command was given.
 * @param parser has parsed
 * @throws UsageError for what is missing, too much, or does not go together
 */
export function readInput(parser: Parser, command: Command): Input {
  const { args: words } = parser;
  const given: Record<string, string | readonly string[] | undefined> = {};
  const rest = [...words];
  for (const [name, { optional, repeated }] of Object.entries(command.arguments)) {
    const taken = rest.splice(0, repeated ? rest.length : 1);
    if (!optional && (taken[0] ?? '') === '') throw new UsageError(`${name} is missing`);
    given[name] = repeated ? taken : taken[0];
  }
  if (rest[0] !== undefined) throw new UsageError(`Unexpected argument '${rest[0]}'`);
  const options: Record<string, string | boolean | readonly string[] | undefined> = {};
  for (const [name, option] of Object.entries(command.options))
    options[name] = optionValue(parser, name, option);
  checkTogether(parser, command);
  return { options, args: given } as Input;
}

function optionValue(
  parser: Parser,
  name: string,
  option: Option,
): string | boolean | readonly string[] | undefined {
  const value: unknown = parser.getOptionValue(attributeOf(parser, name));
  if (option.value === undefined) return value === true;
  if (option.repeated) return (value ?? []) as readonly string[];
  if (option.required && (value ?? '') === '') throw new UsageError(`${optionTerm(name, option)} is missing`);
  return value as string | undefined;
}

function checkTogether(parser: Parser, { options }: Command): void {
  const isGiven = (name: string) => parser.getOptionValueSource(attributeOf(parser, name)) === 'cli';
  for (const [name, { excludes = [] }] of Object.entries(options)) {
    const other = isGiven(name) ? excludes.find(isGiven) : undefined;
    if (other !== undefined) throw new UsageError(`--${name} and --${other} exclude each other`);
  }
}

/** The library's name for an option's value. */
function attributeOf(parser: Parser, name: string): string {
  return parser.options.find((option) => option.long === `--${name}`)?.attributeName() ?? name;
}

/**
 * The library takes whatever follows an option for its value, also the next option.
 * @throws UsageError where a value is missing
 */
export function checkValues(args: readonly string[], command: Command): void {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  for (const [name, option] of Object.entries(command.options)) {
    const forms =
      option.value === undefined ? [] : [`--${name}`, ...(option.short ? [`-${option.short}`] : [])];
    const isBare = args.some(
      (word, at) => at < end && forms.includes(word) && args[at + 1]?.startsWith('--') !== false,
    );
    if (isBare) throw new UsageError(`Option '${optionTerm(name, option)}' argument missing`);
  }
}

/** What the library has against arguments, in our words. */
export function complaintOf({ code, message }: CommanderError, { options }: Command): string {
  const text = message.replace(/^error: /, '').replace(/<(.*?)>/, '$1');
  const [, word = ''] = /'(.*?)'/s.exec(text) ?? [];
  if (code !== 'commander.unknownOption') return text.charAt(0).toUpperCase() + text.slice(1);
  return `Unknown option '${word}'${meant(
    word,
    Object.keys(options).map((name) => `--${name}`),
  )}`;
}

/** A question after a message: what a misspelled word was meant to be. */
export function meant(word: string, known: readonly string[]): string {
  const name = nearest(word.replace(/=.*/s, ''), known);
  return name === undefined ? '' : ` (did you mean ${name}?)`;
}
