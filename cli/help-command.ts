import { type Command, defineCommand, UsageError } from './command.ts';
import { longHelp, programParser } from './overview.ts';
import { meant } from './program.ts';

/** @param all the commands, this one among them */
export function helpCommand(all: () => readonly Command[]): Command {
  return defineCommand({
    name: 'help',
    summary: 'tell all about a command',
    examples: [{ line: 'plumbline help netconf', about: 'more than plumbline netconf --help' }],
    about: `Tells all that is to be known about a command: what --help says, which fits a screen, and its details.
Without COMMAND, it lists the commands.`,
    arguments: { COMMAND: { about: 'its name', kind: 'command', optional: true } },
    run({ args }, io) {
      const topic = args.COMMAND;
      if (topic === undefined) {
        io.stdout.write(programParser(all(), io).helpInformation());
        return 0;
      }
      const command = all().find(({ name }) => name === topic);
      if (command === undefined) throw new UsageError(unknownCommand(topic, all()));
      io.stdout.write(longHelp(command, io));
      return 0;
    },
  });
}

/** What is wrong with a word that is no command. */
export function unknownCommand(word: string, commands: readonly Command[]): string {
  const names = commands.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
  return `there is no command ${JSON.stringify(word)}${meant(word, names)}`;
}
