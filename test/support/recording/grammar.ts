/**
 * A small grammar of command lines, so that a test can read a line back into the typed command that it came from.
 *
 * A form is written as manuals write it: `link add name <name> [mtu <number>] type bridge`. A slot is named by its
 * type, or as `<dst:cidr>`; each type has a rule that its words must obey.
 */

/** A line that has been read: which form it has, and what stands in the form's slots. */
export interface Typed {
  readonly form: string;
  /** By slot; an optional part without slots stands under its own text. */
  readonly values: Readonly<Record<string, string>>;
}

export interface Grammar {
  /** @throws when a line has no form, or can be read in two ways */
  parse(words: readonly string[]): Typed;
  render(typed: Typed): readonly string[];
}

export type Rules = Readonly<Record<string, (word: string) => boolean>>;

type Part =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'slot'; readonly name: string; readonly rule: (word: string) => boolean }
  | { readonly kind: 'optional'; readonly key: string; readonly parts: readonly Part[] };

export function createGrammar(forms: readonly string[], rules: Rules): Grammar {
  const compiled = new Map(forms.map((form) => [form, compile(form.split(' '), rules)]));
  return {
    parse(words) {
      const readings = [...compiled].flatMap(([form, parts]) =>
        [...match(parts, words, 0)]
          .filter(({ end }) => end === words.length)
          .map(({ values }): Typed => ({ form, values })),
      );
      const [only] = readings;
      if (only !== undefined && readings.length === 1) return only;
      const found = readings.map(({ form }) => form).join(' | ') || 'no known form';
      throw new Error(`${JSON.stringify(words)}: ${found}`);
    },
    render({ form, values }) {
      return write(compiled.get(form) ?? [], values);
    },
  };
}

function compile(words: readonly string[], rules: Rules): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word.startsWith('[')) {
      const length = words.slice(at).findIndex((other) => other.endsWith(']')) + 1;
      const inside = words
        .slice(at, at + length)
        .join(' ')
        .slice(1, -1);
      parts.push({ kind: 'optional', key: inside, parts: compile(inside.split(' '), rules) });
      at += length - 1;
    } else {
      parts.push(compileWord(word, rules));
    }
  }
  return parts;
}

function compileWord(word: string, rules: Rules): Part {
  const [, name, type = name] = /^<(\w+)(?::(\w+))?>$/.exec(word) ?? [];
  if (name === undefined || type === undefined) return { kind: 'word', text: word };
  const rule = rules[type];
  if (rule === undefined) throw new Error(`no rule for ${word}`);
  return { kind: 'slot', name, rule };
}

interface Reading {
  readonly end: number;
  readonly values: Readonly<Record<string, string>>;
}

/** All ways in which the parts can be read from a place in the words. */
function* match(parts: readonly Part[], words: readonly string[], at: number): Generator<Reading, void> {
  const [part, ...rest] = parts;
  if (part === undefined) {
    yield { end: at, values: {} };
    return;
  }
  if (part.kind === 'optional') {
    for (const inner of match(part.parts, words, at)) {
      const values = { ...inner.values, [part.key]: '' };
      for (const after of match(rest, words, inner.end)) {
        yield { end: after.end, values: { ...values, ...after.values } };
      }
    }
    yield* match(rest, words, at);
    return;
  }
  const word = words[at];
  if (word === undefined) return;
  if (part.kind === 'word' ? word !== part.text : !part.rule(word)) return;
  const own = part.kind === 'slot' ? { [part.name]: word } : {};
  for (const { end, values } of match(rest, words, at + 1)) yield { end, values: { ...own, ...values } };
}

function write(parts: readonly Part[], values: Readonly<Record<string, string>>): readonly string[] {
  return parts.flatMap((part) => {
    if (part.kind === 'word') return [part.text];
    if (part.kind === 'slot') return [values[part.name] ?? ''];
    return Object.hasOwn(values, part.key) ? write(part.parts, values) : [];
  });
}
