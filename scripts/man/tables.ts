/** What Markdown has and a manual page of 80 columns has no room for. */
import type { Heading, Paragraph, PhrasingContent, RootContent, Table, TableCell } from 'mdast';
import { definition, text } from './nodes.ts';

/**
 * A node without tables and links: a table becomes definitions; a link within the project becomes its text, since a page
 * is read as a whole, and any other is followed by its address.
 */
export function flatten(node: RootContent): readonly RootContent[] {
  if (node.type === 'table') return definitions(node).flatMap(flatten);
  if (node.type === 'link') {
    const isOutside = /^https?:/.test(node.url);
    return [...node.children.flatMap(flatten), ...(isOutside ? [text(` <${node.url}>`)] : [])];
  }
  // The library makes capitals of a heading, also of the marks of its code.
  if (node.type === 'heading') return [{ ...node, children: [text(plainText(node))] }];
  if ('children' in node) return [{ ...node, children: node.children.flatMap(flatten) } as RootContent];
  return [node];
}

/** The fields of a config, pairs, or else a table whose rows tell several things of the first cell. */
function definitions({ children: [head, ...rows] }: Table): readonly RootContent[] {
  const titles = head?.children ?? [];
  const isFields = titles.length === 3 && plainText(titles[1]) === 'default';
  return rows.flatMap(({ children: cells }) => {
    const [first, second] = cells;
    if (titles.length === 2) return definition(phrases(first), phrases(second));
    if (isFields) return field(cells);
    const [name = [], ...rest] = cells.map((cell, index) => titled(titles[index], cell));
    const term = name.length > 0 ? name : [text('no '), ...phrases(titles[0])];
    return definition(term, join(rest.filter((cell) => cell.length > 0)));
  });
}

function field([name, standard, meaning]: readonly TableCell[]): readonly RootContent[] {
  return definition(
    [...phrases(name), text(' (default: '), ...phrases(standard), text(')')],
    phrases(meaning),
  );
}

/** `title: cell`; nothing where the cell is empty. */
function titled(title: TableCell | undefined, cell: TableCell): readonly PhrasingContent[] {
  const isEmpty = phrases(cell).length === 0;
  return isEmpty ? [] : [...phrases(title), text(': '), ...phrases(cell)];
}

function join(parts: readonly (readonly PhrasingContent[])[]): readonly PhrasingContent[] {
  return parts.flatMap((part, index) => (index === 0 ? part : [text('; '), ...part]));
}

const phrases = (cell: TableCell | undefined): readonly PhrasingContent[] => cell?.children ?? [];

/** The words of a heading, a cell or a paragraph, without their marks. */
export function plainText(node: Heading | Paragraph | TableCell | undefined): string {
  return (node?.children ?? []).map((part) => ('value' in part ? part.value : '')).join('');
}
