/** Texts that anybody may have written - aliases, names of containers - as they may stand in each format. */
import { codeOf, unseen, visible } from '../../visible.ts';

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
    character === '\n' ? character : `\\u${codeOf(character)}`,
  );
}
