/** Tells of faults in JSON's syntax. */
import { type ParseError, printParseErrorCode } from 'jsonc-parser';
import { show } from '../../lib/errors.ts';

const plainMessages: Readonly<Record<string, string>> = {
  InvalidNumberFormat: 'this is no number as JSON has it',
  ColonExpected: 'expected a colon between key and value',
  CloseBraceExpected: 'expected } : an object is not closed',
  CloseBracketExpected: 'expected ] : a list is not closed',
  EndOfFileExpected: 'expected the end of the file: its object is closed already',
  InvalidCommentToken: 'JSON has no comments; remove it, or put it into a key such as "_comment"',
  UnexpectedEndOfComment: 'JSON has no comments, and this one does not end',
  UnexpectedEndOfString: 'the text is not closed by a double quote',
  UnexpectedEndOfNumber: 'the number is cut off',
  InvalidUnicode: 'expected four hexadecimal digits after \\u',
  InvalidEscapeCharacter: 'no character may follow \\ but one of " \\ / b f n r t u',
  InvalidCharacter: 'a text has no control characters; write them as \\n, \\t or \\u001f',
};

/** Where a fault is, and what it is, in words for people. */
export function describeSyntax(
  text: string,
  { error, offset, length }: ParseError,
): { readonly offset: number; readonly message: string } {
  const before = text.slice(0, offset).trimEnd();
  const code = printParseErrorCode(error);
  switch (code) {
    case 'CommaExpected':
      // Where it is missing, and not where that is noticed, often a line later.
      return { offset: before.length, message: 'expected a comma after this value' };
    case 'CloseBraceExpected':
    case 'CloseBracketExpected':
      // Where the text ends, and not on the empty line behind it.
      return { offset: before.length, message: plainMessages[code] ?? '' };
    case 'PropertyNameExpected':
    case 'ValueExpected':
      if (before.endsWith(',') && /^[\]}]/.test(text.slice(offset))) {
        return { offset: before.length - 1, message: `a comma before ${text[offset]}; remove it` };
      }
      return {
        offset,
        message: `expected ${code === 'ValueExpected' ? 'a value' : 'a key in double quotes'}${foundAt(text, offset)}`,
      };
    case 'InvalidSymbol':
      return { offset, message: describeSymbol(text.slice(offset, offset + length)) };
    default:
      return { offset, message: plainMessages[code] ?? 'no valid JSON' };
  }
}

function foundAt(text: string, offset: number): string {
  const [word] = /^(?:[\w.-]+|\S)/.exec(text.slice(offset)) ?? [];
  return word === undefined ? ', and the file ends' : `, not ${word}`;
}

function describeSymbol(symbol: string): string {
  if (symbol.startsWith('\ufeff')) return 'a byte order mark; save the file as UTF-8 without it';
  if (symbol.startsWith("'")) return 'JSON has texts in double quotes, not in single ones';
  const word = ['true', 'false', 'null'].find((known) => known === symbol.toLowerCase());
  if (word !== undefined) return `${symbol} is no JSON; write ${word}`;
  return `${show(symbol)} is no JSON; a text needs double quotes`;
}
