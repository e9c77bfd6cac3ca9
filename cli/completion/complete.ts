/** What may follow the words of a command line, by the definitions of the commands. */
import type { Argument, Command, Option, ValueKind } from '../command.ts';

/** One word that may stand there. */
export interface Offer {
  readonly word: string;
  readonly about?: string;
}

export interface Completion {
  /** Which paths may stand there, too: shells find these best by themselves. */
  readonly paths: 'files' | 'folders' | 'none';
  readonly offers: readonly Offer[];
}

/**
 * The values of a kind that this node has.
 * @param netDir the folder of the networks
 */
export type Values = (kind: ValueKind, netDir: string) => Promise<readonly Offer[]>;

const NET_DIR = '/etc/cni/net.d';

/** Kinds of which a path is one, too. */
const PATHS: Partial<Record<ValueKind, Completion['paths']>> = {
  file: 'files',
  folder: 'folders',
  network: 'files',
  namespace: 'files',
  container: 'files',
};

const NOTHING: Completion = { paths: 'none', offers: [] };

/**
 * @param words what follows the program's name; the last one is to be completed, and may be empty
 */
export async function complete(
  commands: readonly Command[],
  words: readonly string[],
  values: Values,
): Promise<Completion> {
  const shown = commands.filter(({ hidden }) => hidden !== true);
  const [name = '', ...rest] = words;
  if (words.length <= 1) return beginningWith(name, { paths: 'none', offers: firstWords(shown, name) });
  const command = shown.find((one) => one.name === name);
  return command === undefined ? NOTHING : await completeCommand(shown, command, rest, values);
}

function firstWords(commands: readonly Command[], word: string): readonly Offer[] {
  return word.startsWith('-')
    ? [{ word: '--help' }, { word: '--version' }]
    : commands.map(({ name, summary }) => ({ word: name, about: summary }));
}

async function completeCommand(
  commands: readonly Command[],
  command: Command,
  words: readonly string[],
  values: Values,
): Promise<Completion> {
  const current = words.at(-1) ?? '';
  const before = readBefore(command, words.slice(0, -1));
  const find = (value: Option | Argument) =>
    valuesOf(value, commands, (kind) => values(kind, before.given.get('net-d') || NET_DIR));
  if (before.pending !== undefined) return beginningWith(current, await find(before.pending));
  const [, start = '', name = ''] = /^(--([^=]+)=)/.exec(current) ?? [];
  if (start !== '' && !before.isOver) {
    const option = command.options[name];
    if (option?.value === undefined) return NOTHING;
    const found = await find(option);
    const offers = found.offers.map((offer) => ({ ...offer, word: start + offer.word }));
    return beginningWith(current, { ...found, offers });
  }
  const options = before.isOver ? [] : optionsLeft(command, before.given);
  if (current.startsWith('-')) return beginningWith(current, { paths: 'none', offers: options });
  const argument = argumentAt(command, before.count);
  // Where no argument may follow, the options are what is left.
  return beginningWith(current, argument ? await find(argument) : { paths: 'none', offers: options });
}

interface Before {
  /** Values of options by their long name; of a switch the empty one. */
  readonly given: ReadonlyMap<string, string>;
  /** The option whose value is to come next. */
  readonly pending: Option | undefined;
  /** How many arguments there are. */
  readonly count: number;
  /** Whether `--` has ended the options. */
  readonly isOver: boolean;
}

function readBefore({ options }: Command, words: readonly string[]): Before {
  const given = new Map<string, string>();
  const byShort = new Map(Object.entries(options).map(([name, { short }]) => [`-${short}`, name]));
  let pending: string | undefined;
  let count = 0;
  for (const [at, word] of words.entries()) {
    if (pending !== undefined) {
      given.set(pending, word);
      pending = undefined;
    } else if (word === '--') {
      return { given, pending: undefined, count: count + words.length - at - 1, isOver: true };
    } else if (word.startsWith('-')) {
      const [start = '', value] = word.split(/=(.*)/s);
      const name = byShort.get(start) ?? start.replace(/^--/, '');
      given.set(name, value ?? '');
      if (value === undefined && options[name]?.value !== undefined) pending = name;
    } else {
      count += 1;
    }
  }
  return { given, pending: pending === undefined ? undefined : options[pending], count, isOver: false };
}

function optionsLeft({ options }: Command, given: ReadonlyMap<string, string>): readonly Offer[] {
  const isOut = (name: string, { repeated, excludes = [] }: Option) =>
    (given.has(name) && !repeated) ||
    excludes.some((other) => given.has(other)) ||
    [...given.keys()].some((other) => options[other]?.excludes?.includes(name));
  const left = Object.entries(options).filter(([name, option]) => !isOut(name, option));
  return [
    ...left.map(([name, { about }]) => ({ word: `--${name}`, about })),
    { word: '--help', about: 'tell about the command' },
  ];
}

function argumentAt({ arguments: all }: Command, index: number): Argument | undefined {
  const list = Object.values(all);
  const last = list.at(-1);
  return list[index] ?? (last?.repeated ? last : undefined);
}

async function valuesOf(
  { choices, kind }: Option | Argument,
  commands: readonly Command[],
  values: (kind: ValueKind) => Promise<readonly Offer[]>,
): Promise<Completion> {
  if (choices !== undefined) return { paths: 'none', offers: choices.map((word) => ({ word })) };
  if (kind === undefined) return NOTHING;
  if (kind === 'command') return { paths: 'none', offers: firstWords(commands, '') };
  return { paths: PATHS[kind] ?? 'none', offers: await values(kind) };
}

function beginningWith(start: string, { paths, offers }: Completion): Completion {
  return { paths, offers: offers.filter(({ word }) => word.startsWith(start)) };
}
