/** Nodes of a Markdown tree, in few words. */
import type { Blockquote, Code, Heading, Paragraph, PhrasingContent, RootContent, Text } from 'mdast';

export const text = (value: string): Text => ({ type: 'text', value });

export const paragraph = (children: readonly PhrasingContent[]): Paragraph => ({
  type: 'paragraph',
  children: [...children],
});

export const heading = (depth: Heading['depth'], title: string): Heading => ({
  type: 'heading',
  depth,
  children: [text(title)],
});

export const code = (value: string): Code => ({ type: 'code', value });

/** A term, and its meaning below it, indented. */
export function definition(
  term: readonly PhrasingContent[],
  meaning: readonly PhrasingContent[],
): readonly RootContent[] {
  const below: Blockquote = { type: 'blockquote', children: [paragraph(meaning)] };
  return [paragraph(term), below];
}
