/** Where a command writes; one line a call, with its end. */
export interface CliIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** One command of `plumbline <command>`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** All that `plumbline <command> --help` says. */
  readonly usage: string;
  /**
   * @param args what follows the command's name
   * @returns the exit status
   * @throws UsageError for arguments that make no sense, CommandError for what could not be done
   */
  run(args: readonly string[], io: CliIo): number | Promise<number>;
}

/** Arguments that make no sense: exit status 2, and a hint at the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that could not do what it was asked to: exit status 1. The message says what to do about it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
