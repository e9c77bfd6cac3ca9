/** Texts of a script, and how they stand in it: a word stays one word to sh(1), whatever it holds. */

/** Known only when the script runs: a shell's expression, which explain itself has written. */
export interface Late {
  readonly shell: string;
}

/** A text, parts of which may be known only when the script runs. */
export type Text = string | readonly (string | Late)[];

/** The number of the script's own shell: by it, a command in a container names the node's namespace. */
export const nodeNamespace: Late = { shell: '/proc/$$/ns/net' };

/** The number that the kernel gives a link when it is made. */
export const indexOf = (device: string): Late => ({
  shell: `$(ip -o link show dev ${quote(device)} | cut -d : -f 1)`,
});

/** A text as one word of sh(1) (POSIX, 2.2 "Quoting"); it stays bare where nothing in it means anything to a shell. */
export function quote(text: Text): string {
  if (typeof text === 'string') return quotePlain(text);
  return (
    text.map((part) => (typeof part === 'string' ? quotePart(part) : `"${part.shell}"`)).join('') || "''"
  );
}

const quotePart = (text: string): string => (text === '' ? '' : quotePlain(text));

function quotePlain(text: string): string {
  if (/^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** For people and --json: what is late stands as its expression. */
export function plain(text: Text): string {
  if (typeof text === 'string') return text;
  return text.map((part) => (typeof part === 'string' ? part : part.shell)).join('');
}

/** One line of a comment: whatever the text holds, it does not end the comment. */
export function inComment(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}

/** A text as a format of printf(1), byte by byte where a terminal or an editor would change it. */
export function printfFormat(text: string): string {
  const named: Readonly<Record<string, string>> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\\': '\\\\',
    '%': '%%',
  };
  return text.replaceAll(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is written otherwise.
    /[\u0000-\u001f\u007f\\%]/g,
    (letter) => named[letter] ?? `\\${letter.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
}
