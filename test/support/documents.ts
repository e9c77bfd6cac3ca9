/** What is in a document: blocks of code, and what their kind says of them. */

export interface Block {
  /** `sh`, `console`, `json`, ...; empty where none is named. */
  readonly kind: string;
  /** With its last end of line. */
  readonly text: string;
  /** Of its first line in the document, from 1. */
  readonly line: number;
}

/** All blocks of a Markdown document that begin at the margin, in their order. */
export function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 1: kind = '', 2: text = '', index }) => ({
    kind,
    text,
    line: markdown.slice(0, index).split('\n').length + 1,
  }));
}
