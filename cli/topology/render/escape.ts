/** Texts that anybody may have written - aliases, names of containers - as they may stand in each format. */

/**
 * What would steer a terminal, or turn the direction of writing, or is no character: C0, DEL, C1, invisible marks, halves
 * of pairs.
 */
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced here.
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const code = (character: string): string => character.charCodeAt(0).toString(16).padStart(4, '0');

/** With what cannot be seen written out: \u001b. */
export function visible(text: string): string {
  return text.replace(unseen, (character) => `\\u${code(character)}`);
}

/** For a drawing, where a text has little room. */
export function brief(text: string, limit = 40): string {
  const shown = [...visible(text)];
  return shown.length <= limit ? shown.join('') : `${shown.slice(0, limit - 1).join('')}…`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** As XML has it, and labels of Graphviz that are like HTML. */
export function xml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/**
 * As it may stand in a quoted text of Mermaid's: all but plain characters by their numbers (#35;), which no part of Mermaid
 * reads as anything else.
 */
export function mermaid(text: string): string {
  return visible(text).replace(/[^A-Za-z0-9 .,:/+()-]/gu, (character) => `#${character.codePointAt(0)};`);
}

/** JSON that is safe on a terminal, too: JSON.stringify leaves DEL, C1 and marks of direction as they are. */
export function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(unseen, (character) =>
    character === '\n' ? character : `\\u${code(character)}`,
  );
}
