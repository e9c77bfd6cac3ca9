/**
 * Reads a run of ovs-vsctl back into what it came from: options, and commands whose every word is known.
 *
 * Text from outside may stand in a quoted value, or be a name; it can be neither a command, nor an option, nor a column.
 */
import { ifnameFault } from '../../../lib/cni/request.ts';
import type { Arg } from '../../../lib/exec/runner.ts';

export type Operator = '=' | '!=' | '{>=}';

/** `column:key=value`: what is set, or what find looks for. */
export interface Assignment {
  readonly column: string;
  readonly key?: string;
  readonly operator: Operator;
  /** A text that was quoted, or a word that plumbline itself has chosen. */
  readonly value: { readonly text: string } | { readonly word: string };
}

export interface VsctlCommand {
  readonly verb: Verb;
  readonly options: readonly string[];
  readonly words: readonly string[];
  readonly assignments: readonly Assignment[];
}

export interface VsctlRun {
  readonly remote: string;
  readonly seconds: number;
  /** Whether ovs-vswitchd is waited for. */
  readonly wait: boolean;
  readonly commands: readonly VsctlCommand[];
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const isName = (word: string): boolean => ifnameFault(word) === undefined && !word.startsWith('-');

const kinds = {
  table: (word: string) => /^(?:Open_vSwitch|Bridge|Port|Interface|QoS|Queue)$/.test(word),
  column: (word: string) => /^[a-z_]+$/.test(word),
  name: isName,
  uuid: (word: string) => uuid.test(word),
  /** The one row of its table. */
  only: (word: string) => word === '.',
} as const;

interface Form {
  readonly options: RegExp;
  readonly words: readonly (keyof typeof kinds)[];
  readonly operators?: readonly Operator[];
}

const columns = /^--columns=[a-z_]+(?:,[a-z_]+)*$/;
const ifExists = /^--if-exists$/;
const none = /^$/;

const forms = {
  find: { options: columns, words: ['table'], operators: ['=', '!=', '{>=}'] },
  list: { options: columns, words: ['table'] },
  get: { options: none, words: ['table', 'only', 'column'] },
  'add-br': { options: /^--may-exist$/, words: ['name'] },
  'add-port': { options: none, words: ['name', 'name'], operators: ['='] },
  set: { options: none, words: ['table', 'name'], operators: ['='] },
  create: { options: /^--id=@[a-z]+$/, words: ['table'], operators: ['='] },
  'del-port': { options: ifExists, words: ['name'] },
  clear: { options: ifExists, words: ['table', 'uuid', 'column'] },
  remove: { options: ifExists, words: ['table', 'name', 'column', 'uuid'] },
  destroy: { options: ifExists, words: ['table', 'uuid'] },
} as const satisfies Readonly<Record<string, Form>>;
export type Verb = keyof typeof forms;

/** @throws when any of its words is not one that plumbline sends */
export function parseVsctl(args: readonly Arg[]): VsctlRun {
  const words = args.map((arg) => {
    if (typeof arg !== 'string') throw new Error('expected a text for ovs-vsctl');
    return arg;
  });
  const [flags = [], ...commands] = cutAt(words, '--');
  const [db = '', timeout = '', verbose, ...more] = flags;
  const remote = /^--db=((?:unix|tcp|ssl):\S+)$/.exec(db)?.[1];
  const seconds = /^--timeout=(\d+)$/.exec(timeout)?.[1];
  const isKnown = ['', '--no-wait', '--no-wait --format=json --data=json'].includes(more.join(' '));
  if (remote === undefined || seconds === undefined || verbose !== '--verbose=syslog:off' || !isKnown)
    throw new Error(`expected flags of ovs-vsctl: ${JSON.stringify(flags)}`);
  if (commands.length === 0) throw new Error('expected a command of ovs-vsctl');
  return {
    remote,
    seconds: Number(seconds),
    wait: !more.includes('--no-wait'),
    commands: commands.map(parseCommand),
  };
}

/** As ovs-vsctl does: a word that is `--` ends a command, wherever it comes from. */
function cutAt(words: readonly string[], mark: string): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word === mark) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}

function parseCommand(words: readonly string[]): VsctlCommand {
  const first = words.findIndex((word) => !word.startsWith('-'));
  const options = words.slice(0, first);
  const verb = words[first] ?? '';
  if (!isVerb(verb)) throw new Error(`expected a command of ovs-vsctl: ${JSON.stringify(words)}`);
  const form: Form = forms[verb];
  const named = words.slice(first + 1, first + 1 + form.words.length);
  const assignments = words.slice(first + 1 + form.words.length).map((word) => parseAssignment(word));
  const holds =
    form.options.test(options.join(' ')) &&
    form.words.every((kind, index) => kinds[kind](named[index] ?? '')) &&
    assignments.every(({ operator }) => form.operators?.includes(operator));
  if (!holds) throw new Error(`expected "${verb}" of ovs-vsctl: ${JSON.stringify(words).slice(0, 2000)}`);
  const again = assignments.map(render);
  if (again.join('\n') !== words.slice(first + 1 + form.words.length).join('\n'))
    throw new Error(`expected the same again, not ${JSON.stringify(again)}: ${JSON.stringify(words)}`);
  return { verb, options, words: named, assignments };
}

const isVerb = (word: string): word is Verb => Object.hasOwn(forms, word);

/** Words that stand unquoted: numbers and lists of them, rows, symbols, and the names of modes and types. */
const bare =
  /^(?:\[\]|\d+(?:,\d+)*|@[a-z]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|access|trunk|native-tagged|native-untagged|internal|netdev|linux-htb)$/;
const quoted = /"(?:[^"\\]|\\.)*"/y;

/** A token ends where ovs-vsctl ends it: a quoted one at its closing quote (ovsdb_token_parse). */
function parseAssignment(text: string): Assignment {
  const refuse = (): Error => new Error(`expected column:key=value: ${JSON.stringify(text).slice(0, 500)}`);
  const column = /^[a-z_]+/.exec(text)?.[0];
  if (column === undefined) throw refuse();
  let at = column.length;
  let key: string | undefined;
  if (text[at] === ':') {
    const word = tokenAt(text, at + 1);
    key = word.startsWith('"') ? unquote(word) : word;
    at += 1 + word.length;
  }
  const operator = (['=', '!=', '{>=}'] as const).find((sign) => text.startsWith(sign, at));
  if (operator === undefined) throw refuse();
  const rest = text.slice(at + operator.length);
  const isText = rest.startsWith('"');
  if (isText ? tokenAt(rest, 0) !== rest : !bare.test(rest)) throw refuse();
  const value = isText ? { text: unquote(rest) } : { word: rest };
  return { column, ...(key === undefined ? {} : { key }), operator, value };
}

function tokenAt(text: string, at: number): string {
  quoted.lastIndex = at;
  const [token] = quoted.exec(text) ?? /^[a-z0-9-]+/.exec(text.slice(at)) ?? [];
  if (token === undefined) throw new Error(`expected a token: ${JSON.stringify(text.slice(at, at + 200))}`);
  return token;
}

function render({ column, key, operator, value }: Assignment): string {
  // The keys of the others are plumbline's own words.
  const name = column === 'external_ids' && key !== undefined ? JSON.stringify(key) : key;
  const written = 'text' in value ? JSON.stringify(value.text) : value.word;
  return `${column}${name === undefined ? '' : `:${name}`}${operator}${written}`;
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * A quoted token's text, as ovs-vsctl reads it (json_string_unescape in Open vSwitch's lib/json.c).
 * @throws where it refuses it: NUL, half of a surrogate pair, an unknown escape
 */
export function unquote(token: string): string {
  if (!/^"(?:[^"\\]|\\.)*"$/su.test(token)) throw new Error(`no quoted string: ${token.slice(0, 200)}`);
  const text = token.slice(1, -1).replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gsu, (all, code, letter) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(String(code), 16));
    const known = escapes[String(letter)];
    if (known === undefined) throw new Error(`bad escape ${String(all)}`);
    return known;
  });
  if (text.includes('\0')) throw new Error('null bytes not supported in quoted strings');
  if (!text.isWellFormed()) throw new Error('malformed escaped surrogate pair');
  return text;
}
