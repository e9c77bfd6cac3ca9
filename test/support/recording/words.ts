/** How ip and nft themselves cut their input into words, and what each kind of word may hold. */
import { ifnameFault } from '../../../lib/cni/request.ts';
import { parseAddress, parseCidr } from '../../../lib/net/address.ts';
import type { Rules } from './grammar.ts';

/**
 * The commands in the text of a batch, as iproute2 reads it (lib/utils.c: getcmdline and makeargs): `#` begins a
 * comment, `\` at a line's end joins it with the next, quotes hold white space, NUL ends a line.
 * @throws where ip would give up
 */
export function cutAsIpDoes(text: string): readonly (readonly string[])[] {
  const lines: string[] = [];
  let carried: string | undefined;
  for (const line of text.split(/(?<=\n)/)) {
    const [uncommented = ''] = line.split(/[#\0]/);
    const whole: string = (carried ?? '') + uncommented;
    if (whole.endsWith('\\\n')) {
      carried = whole.slice(0, -2);
    } else {
      lines.push(whole);
      carried = undefined;
    }
  }
  return [...lines, carried ?? ''].map(makeArguments).filter((words) => words.length > 0);
}

function makeArguments(line: string): readonly string[] {
  const words: string[] = [];
  for (let at = 0; ; ) {
    while (at < line.length && ' \t\r\n'.includes(line.charAt(at))) at += 1;
    if (at >= line.length) return words;
    const quote = line.charAt(at);
    if (quote === '"' || quote === "'") {
      const end = line.indexOf(quote, at + 1);
      if (end < 0) throw new Error('Unterminated quoted string');
      words.push(line.slice(at + 1, end));
      at = end + 1;
    } else {
      const length = /^[^ \t\r\n]*/.exec(line.slice(at))?.[0].length ?? 0;
      words.push(line.slice(at, at + length));
      at += length + 1;
    }
  }
}

/** The words of a line of nft or iptables-restore: a quoted string is one, and so is each of `{ } ; ,`. */
export function cutQuoted(line: string): readonly string[] {
  const words: string[] = [];
  const pattern = /\s*("[^"]*"|[{};,]|[^\s{};,"]+)/y;
  while (pattern.lastIndex < line.length) {
    const at = pattern.lastIndex;
    const [, word] = pattern.exec(line) ?? [];
    if (word === undefined) throw new Error(`${JSON.stringify(line)} cannot be cut at ${at}`);
    words.push(word);
  }
  return words;
}

/** The line that {@link cutQuoted} has cut. */
export function joinQuoted(words: readonly string[]): string {
  return words.join(' ').replaceAll(' ,', ',');
}

const isNumber = (word: string): boolean => /^(?:0|[1-9]\d{0,9})$/.test(word) && Number(word) <= 0xffffffff;
const isFamily = (family: 4 | 6) => (word: string) => parseAddress(word)?.family === family;
const isNetwork = (family: 4 | 6) => (word: string) => parseCidr(word)?.address.family === family;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const unsafeInQuotes = /["\\\u0000-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const unsafeInLine = /[\s"'#\\\u0000-\u001f\u007f-\u009f]/u;
const isQuoted = (word: string): boolean => /^".*"$/su.test(word) && !unsafeInQuotes.test(word.slice(1, -1));
const quotedName = (word: string): boolean => isQuoted(word) && ifnameFault(word.slice(1, -1)) === undefined;

export const rules: Rules = {
  name: (word) => ifnameFault(word) === undefined,
  quotedname: (word) => quotedName(word) && !/[*{}$;]/.test(word),
  mac: (word) => /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(word),
  number: isNumber,
  vlan: (word) => isNumber(word) && Number(word) >= 1 && Number(word) <= 4094,
  vlans: (word) =>
    word.split('-').length <= 2 && word.split('-').every((id) => Number(id) <= 4094 && isNumber(id)),
  lifetime: (word) => word === 'forever' || isNumber(word),
  word: (word) => /^[a-z]+$/.test(word),
  layer: (word) => /^l[23]s?$/.test(word),
  cidr: (word) => parseCidr(word) !== undefined,
  cidr4: isNetwork(4),
  cidr6: isNetwork(6),
  destination: (word) =>
    word === 'default' || parseCidr(word) !== undefined || parseAddress(word) !== undefined,
  address: (word) => parseAddress(word) !== undefined,
  address4: isFamily(4),
  address6: isFamily(6),
  sandbox: (word) => /^\/proc\/\d+\/fd\/\d+$/.test(word),
  // Labels that plumbline makes; their beginning is its own.
  alias: (word) =>
    /^plumbline:(?:[0-9a-f]{16}-[0-9a-f]{16}|host-access):/.test(word) &&
    !unsafeInLine.test(word) &&
    Buffer.byteLength(word) <= 255,
  label: (word) => isQuoted(word) && word.startsWith('"plumbline:') && Buffer.byteLength(word) <= 130,
  text: (word) => isQuoted(word) && Buffer.byteLength(word) <= 130,
  key: (word) => /^"[0-9a-f]{15}"$/.test(word),
  chain: (word) => /^masq-[0-9a-f-]+$/.test(word),
  declared: (word) => /^:PLUMBLINE-[0-9a-f]+$/.test(word) && word.length <= 29,
  counters: (word) => word === '[0:0]',
  iptchain: (word) => /^(?:PLUMBLINE|CNI)-[0-9a-f]+$/.test(word) && word.length <= 28,
};
