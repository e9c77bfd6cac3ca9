/**
 * Lines of an `ip -batch` (or `bridge -batch`), as lists of words, and the check that keeps them words.
 *
 * A batch line is cut at white space, and quotes, `#` and `\` are syntax in it (iproute2, lib/utils.c: makeargs and
 * getcmdline). Whatever reaches a batch passes {@link batchText}, so a config, CNI_ARGS or a container's ID cannot add
 * a word to a command, or a command to a batch, whoever supplied it.
 */
import { CniError, ErrorCode, show } from '../errors.ts';

/** One line of a batch: `['link', 'set', 'dev', 'eth0', 'up']`. */
export type Command = readonly string[];

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
const unsafe = /[\s"'#\\\u0000-\u001f\u007f-\u009f]/u;

/**
 * The text of a batch.
 * @throws CniError 7 for a word that would not stay one word
 */
export function batchText(commands: readonly Command[]): string {
  return commands.map((command) => `${command.map(word).join(' ')}\n`).join('');
}

function word(text: string): string {
  if (text === '' || unsafe.test(text)) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${show(text)} cannot be passed on: it is empty, or holds white space, a quote, "#", "\\" or a control character`,
    );
  }
  return text;
}
