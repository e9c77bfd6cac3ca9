import { type CliIo, type Command, CommandError, UsageError } from './command.ts';
import { doctorCommand } from './doctor.ts';
import { PROGRAM } from './executable.ts';
import { installCommand, uninstallCommand } from './install-command.ts';
import { lintCommand } from './lint.ts';
import { netconfCommand } from './netconf.ts';
import { releaseUplinkCommand } from './release-uplink.ts';
import { VERSION } from './version.ts';
import { vfsCommand } from './vfs.ts';

export type { CliIo } from './command.ts';

const COMMANDS: readonly Command[] = [
  lintCommand,
  doctorCommand,
  installCommand,
  uninstallCommand,
  netconfCommand,
  releaseUplinkCommand,
  vfsCommand,
];

/** The exit status for arguments that make no sense, as most programs have it. */
const EXIT_USAGE = 2;

/**
 * Runs `plumbline <argv...>`.
 * @param argv the arguments after the program's name
 * @returns the exit status: 0, 1 where the command could not do its work, 2 where the arguments make no sense
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined) {
    io.stderr.write(help());
    return EXIT_USAGE;
  }
  if (first === '--version' || first === '-V') {
    io.stdout.write(`${PROGRAM} ${VERSION}\n`);
    return 0;
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    return showHelp(first === 'help' ? rest[0] : undefined, io);
  }
  const command = COMMANDS.find(({ name }) => name === first);
  if (command === undefined) return refuse(unknown(first), io);
  return await runCommand(command, rest, io);
}

async function runCommand(command: Command, args: readonly string[], io: CliIo): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout.write(command.usage);
    return 0;
  }
  try {
    return await command.run(args, io);
  } catch (error) {
    if (error instanceof UsageError) return refuse(`${command.name}: ${error.message}`, io, command.name);
    if (!(error instanceof CommandError)) throw error;
    for (const line of error.message.split('\n')) io.stderr.write(`${PROGRAM}: ${command.name}: ${line}\n`);
    return 1;
  }
}

function showHelp(topic: string | undefined, io: CliIo): number {
  if (topic === undefined) {
    io.stdout.write(help());
    return 0;
  }
  const command = COMMANDS.find(({ name }) => name === topic);
  if (command === undefined) return refuse(unknown(topic), io);
  io.stdout.write(command.usage);
  return 0;
}

function unknown(word: string): string {
  return word.startsWith('-') ? `there is no option ${word}` : `there is no command ${JSON.stringify(word)}`;
}

function refuse(message: string, io: CliIo, topic?: string): number {
  io.stderr.write(`${PROGRAM}: ${message}\n`);
  io.stderr.write(`Try '${[PROGRAM, topic, '--help'].filter((word) => word !== undefined).join(' ')}'.\n`);
  return EXIT_USAGE;
}

function help(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length)) + 2;
  const list = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}\n`).join('');
  return `Usage: ${PROGRAM} <command> [options]

${PROGRAM} is a suite of CNI plugins in one executable. A container runtime calls it by a plugin's name, with a
network's configuration on stdin (https://www.cni.dev); under its own name it has commands for people:

${list}
  --version  tell the version
  --help     this text; '${PROGRAM} <command> --help' tells about a command
`;
}
