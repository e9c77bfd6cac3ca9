/** Where a command writes; one line a call, with its end. */
export interface CliIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** What a value names: by that, completion knows what to offer. */
export type ValueKind =
  | 'file'
  | 'folder'
  /** A network of net.d, by its name. */
  | 'network'
  /** A link of the host. */
  | 'interface'
  /** A bridge of the kernel or of Open vSwitch. */
  | 'bridge'
  /** A network namespace, by its name in /run/netns or by a path. */
  | 'namespace'
  /** A container: a namespace's name, a path, a process ID, or a runtime's name or ID. */
  | 'container'
  /** A container that attachments were made for. */
  | 'attached'
  /** A plugin's name: veth-bridge. */
  | 'plugin'
  /** A command of plumbline. */
  | 'command';

interface Value {
  /** What it is for: a few words, in the list of `--help`. */
  readonly about: string;
  readonly kind?: ValueKind;
  /** The only values that there are. */
  readonly choices?: readonly string[];
}

/** One option, which definitions keep by its long name without the dashes: `'bin-dir'`. */
export interface Option extends Value {
  /** What stands for the value in the help: `DIR`. Without it, the option is a switch. */
  readonly value?: string;
  /** One letter: `w` for -w. */
  readonly short?: string;
  /** Of a value only. */
  readonly default?: string;
  readonly required?: true;
  /** May be given more than once; all values are kept, in order. */
  readonly repeated?: true;
  /** Other options that make no sense beside it. */
  readonly excludes?: readonly string[];
  /** Left out of --help, for want of room on the screen; `plumbline help COMMAND` and the manual page have it. */
  readonly hidden?: true;
}

/** One argument, which definitions keep by its name in the help: `FILE`. They are taken in the order of the definition. */
export interface Argument extends Value {
  readonly optional?: true;
  /** Takes all that follow, so it is the last one; at least one unless it is optional, too. */
  readonly repeated?: true;
}

/** A line of a shell, and what it is good for in a few words. */
export interface Example {
  readonly line: string;
  readonly about: string;
}

type Options = Readonly<Record<string, Option>>;
type Arguments = Readonly<Record<string, Argument>>;

type Text<V extends Value> = V extends { choices: readonly (infer Choice)[] } ? Choice : string;

type OptionValue<O extends Option> = O extends { value: string }
  ? O extends { repeated: true }
    ? readonly Text<O>[]
    : O extends { default: string } | { required: true }
      ? Text<O>
      : Text<O> | undefined
  : boolean;

type ArgumentValue<A extends Argument> = A extends { repeated: true }
  ? readonly Text<A>[]
  : A extends { optional: true }
    ? Text<A> | undefined
    : Text<A>;

/** What a command was given, by the names of its definition. */
export interface Input<O extends Options = Options, A extends Arguments = Arguments> {
  readonly options: { readonly [K in keyof O]: OptionValue<O[K]> };
  readonly args: { readonly [K in keyof A]: ArgumentValue<A[K]> };
}

interface About {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The first thing that people see of a command. */
  readonly examples: readonly Example[];
  /**
   * What it does, in the few lines that leave `--help` on one screen. Lines of a paragraph are joined, an empty line parts
   * paragraphs, and indented lines stay as they are. So it is with `details`.
   */
  readonly about: string;
  /** All else that is to be known, for `plumbline help COMMAND` and the manual page. */
  readonly details?: string;
  /** What follows the command's name in the help's first line, where what is made from the definition is not enough. */
  readonly usage?: string;
  /** Not for people: in no list. */
  readonly hidden?: true;
}

/** A command as it is written down; the types of what `run` gets follow from its options and arguments. */
export interface Definition<O extends Options, A extends Arguments> extends About {
  readonly options?: O;
  readonly arguments?: A;
  /**
   * Loads the command's work by `await import()`: nobody pays for a command that was not called.
   * @returns the exit status
   * @throws UsageError for arguments that make no sense, CommandError for what could not be done
   */
  run(input: Input<O, A>, io: CliIo): number | Promise<number>;
}

/** One command of `plumbline <command>`. */
export interface Command extends About {
  readonly options: Options;
  readonly arguments: Arguments;
  run(input: unknown, io: CliIo): number | Promise<number>;
}

/** A command out of its definition: parser, help, completion and manual page are made from it. */
export function defineCommand<
  const O extends Options = Record<never, never>,
  const A extends Arguments = Record<never, never>,
>(definition: Definition<O, A>): Command {
  return {
    options: {},
    arguments: {},
    ...definition,
    // cli/program.ts makes the input from this very definition.
    run: (input, io) => definition.run(input as Input<O, A>, io),
  };
}

/** Arguments that make no sense: exit status 2, and a hint at the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that could not do what it was asked to: exit status 1. The message says what to do about it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
