/** What `plumbline --help` says, and the parser of the first word. */
import type { Command as Parser } from 'commander';
import type { CliIo, Command } from './command.ts';
import { PROGRAM } from './executable.ts';
import { helpOf, wrapped } from './help.ts';
import { commandParser, newParser } from './program.ts';
import { VERSION } from './version.ts';

const EXAMPLES = [
  { line: `${PROGRAM} attach web --network storage`, about: 'a further interface' },
  { line: `${PROGRAM} topology`, about: 'what is wired to what' },
  { line: `${PROGRAM} COMMAND --help`, about: 'tell about a command' },
];

const ABOUT = 'CNI plugins in one executable (https://www.cni.dev), with commands for people:';

/**
 * The parser of all arguments.
 * @param prepare adds to the parser of a command what it does
 */
export function programParser(
  commands: readonly Command[],
  io: CliIo,
  prepare: (parser: Parser, command: Command) => void = () => undefined,
): Parser {
  const program = newParser(PROGRAM, io)
    .description(ABOUT)
    .version(`${PROGRAM} ${VERSION}`, '-V, --version')
    .helpOption('-h, --help')
    .configureHelp(helpOf(`${PROGRAM} COMMAND [OPTION]... | --version`, EXAMPLES));
  for (const command of commands) {
    const parser = commandParser(command, io);
    prepare(parser, command);
    program.addCommand(parser, { hidden: command.hidden === true });
  }
  return program;
}

/** All that is to be known about a command. */
export function longHelp(command: Command, io: CliIo): string {
  const details = command.details === undefined ? '' : `\n${wrapped(command.details)}\n`;
  return commandParser(command, io, true).helpInformation() + details;
}
