import { CommanderError, type Command as Parser } from 'commander';
import { type CliIo, type Command, CommandError, UsageError } from './command.ts';
import { COMMANDS } from './commands.ts';
import { PROGRAM } from './executable.ts';
import { unknownCommand } from './help-command.ts';
import { programParser } from './overview.ts';
import { checkValues, complaintOf, readInput } from './program.ts';
import { visible } from './visible.ts';

export type { CliIo } from './command.ts';

/** The exit status for arguments that make no sense, as most programs have it. */
const EXIT_USAGE = 2;

/**
 * Runs `plumbline <argv...>`.
 * @param argv the arguments after the program's name
 * @returns the exit status: 0, 1 where the command could not do its work, 2 where the arguments make no sense
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let status = 0;
  const program = programParser(COMMANDS, io, (parser, command) => {
    parser
      .exitOverride((error) => {
        if (error.exitCode !== 0) refuse(`${command.name}: ${complaintOf(error, command)}`, io, command.name);
        throw error;
      })
      .action(async () => {
        status = await runCommand(command, parser, argv, io);
      });
  });
  program.exitOverride((error) => {
    const complaint = complaintOfProgram(error, argv);
    if (complaint !== undefined) refuse(complaint, io);
    throw error;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  return status;
}

async function runCommand(
  command: Command,
  parser: Parser,
  argv: readonly string[],
  io: CliIo,
): Promise<number> {
  try {
    checkValues(argv.slice(argv.indexOf(command.name) + 1), command);
    return await command.run(readInput(parser, command), io);
  } catch (error) {
    // What `help` does not know is a matter of the program's help.
    if (error instanceof UsageError && command.name === 'help') return refuse(error.message, io);
    if (error instanceof UsageError) return refuse(`${command.name}: ${error.message}`, io, command.name);
    for (const line of textOf(error).split('\n')) {
      io.stderr.write(`${PROGRAM}: ${command.name}: ${visible(line)}\n`);
    }
    return 1;
  }
}

/** A fault of ours comes with its stack: left to the runtime, it would bring the line of source, which is some 10 KB. */
function textOf(error: unknown): string {
  if (error instanceof CommandError) return error.message;
  return `internal error: ${(error instanceof Error && error.stack) || String(error)}`;
}

/** Undefined where help or the version was shown, be it for want of a command. */
function complaintOfProgram({ code }: CommanderError, [word]: readonly string[]): string | undefined {
  if (word === undefined || !['commander.unknownCommand', 'commander.unknownOption'].includes(code)) {
    return undefined;
  }
  return word.startsWith('-') ? `there is no option ${word}` : unknownCommand(word, COMMANDS);
}

function refuse(message: string, io: CliIo, topic?: string): number {
  io.stderr.write(`${PROGRAM}: ${visible(message)}\n`);
  io.stderr.write(`Try '${[PROGRAM, topic, '--help'].filter((word) => word !== undefined).join(' ')}'.\n`);
  return EXIT_USAGE;
}
