/** Texts that mean something to a shell, to ip, to nft, to a path, to JSON or to a terminal. */
import * as fc from 'fast-check';

const word = fc.stringMatching(/^[a-z0-9]{0,6}$/);
export const megabyte = 'x'.repeat(1_000_000);

/** Each of these is wrong in a name, an address, a number and a MAC address alike. */
const stings = [
  '"',
  "'",
  '`',
  '\\',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '\u00a0',
  '\u2028',
  '\0',
  '\u001b[2J',
  '\u007f',
  '#',
  '/../',
  '../',
  '%s%n',
  '"; flush ruleset; "',
  '\nlink delete dev lo\n',
  ' } ; delete table inet filter ; {',
  ' dev lo ',
  '/etc/passwd',
  '$(touch ../pwned) ',
  '`touch pwned` ',
  '; touch pwned #',
  '| cat /etc/shadow',
  '\r\nerr: ',
];

/** Text with at least one sting, at any place. */
export const evilText: fc.Arbitrary<string> = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(word, fc.constantFrom(...stings), word).map((parts) => parts.join('')) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.string({ unit: 'binary' }), fc.constantFrom(...stings), fc.string({ unit: 'grapheme' }))
      .map((parts) => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(megabyte, `${'../'.repeat(1000)}etc/passwd`, '\u{1F4A9}'.repeat(5000)),
  },
);

/** The same where NUL cannot be: in an environment, in a path. */
export const evilButNul = evilText.map((text) => text.replaceAll('\0', '"'));

/** Text that is odd, and yet a name of an interface. */
export const oddName = fc.constantFrom(
  '$(id)',
  ';reboot',
  '`id`',
  '-x',
  '--',
  'x=y',
  '{a}',
  '*',
  'dev',
  'up',
  'é',
  '💩',
  '~',
  '&&',
  '<x>',
  '@y',
  '!',
  'eth0.5',
  'a,b',
);

/** Text that is no name of an interface. */
export const badName = fc.oneof(
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what makes it bad.
  evilText.filter((text) => /[\s/%"'#\\\u0000-\u001f\u007f]/.test(text) || Buffer.byteLength(text) > 15),
  fc.constantFrom(
    '.',
    '..',
    'all',
    'default',
    'a'.repeat(16),
    'é'.repeat(8),
    'à',
    'a:b',
    'a/b',
    'a\u0085b',
    '\ufffd',
    '\ud800',
  ),
);

/** Deep nesting: JSON.parse takes it, and whoever walks it recursively does not survive. */
export function nested(open: string, close: string, depth = 100_000): string {
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

export const deepList = nested('[', ']');
export const deepObject = nested('{"a":', '}');
export const deepMixture = nested('[{"":', '}]', 50_000);
