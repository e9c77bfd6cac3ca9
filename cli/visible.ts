/** Texts that anybody may have written, for a terminal. */

/**
 * What would steer a terminal, or turn the direction of writing, or is no character: C0, DEL, C1, invisible marks, halves
 * of pairs.
 */
export const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced here.
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export const codeOf = (character: string): string => character.charCodeAt(0).toString(16).padStart(4, '0');

/** With what cannot be seen written out: \u001b. */
export function visible(text: string): string {
  return text.replace(unseen, (character) => `\\u${codeOf(character)}`);
}
