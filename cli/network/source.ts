/** A file's JSON with the position of each of its parts. */
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { foldKey } from '../../lib/plain.ts';
import { describeSyntax } from './syntax.ts';

export type Path = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A fault of the syntax. */
export interface SyntaxFault extends Position {
  readonly message: string;
}

export interface Source {
  readonly file: string;
  /** What the file says, as a plugin reads it. */
  readonly value: unknown;
  readonly root: Node;
  position(offset: number): Position;
}

/** Reads a file's text; where it is no JSON, all that is wrong with it, one fault a line. */
export function parseSource(file: string, text: string): Source | readonly SyntaxFault[] {
  const position = positionIn(text);
  const errors: ParseError[] = [];
  try {
    const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
    // What plugins and runtimes read it by has the last word.
    const value: unknown = JSON.parse(text);
    if (root !== undefined) return { file, value, root, position };
  } catch (error) {
    if (errors.length === 0) return [{ line: 1, column: 1, message: unreadable(error) }];
  }
  const faults = withoutEchoes(text, errors).map((error) => {
    const { offset, message } = describeSyntax(text, error);
    return { ...position(offset), message };
  });
  return faults.filter(({ line }, index) => faults.findIndex((fault) => fault.line === line) === index);
}

/** Behind a word that is no JSON, nothing is as expected until the next member or item begins. */
function withoutEchoes(text: string, errors: readonly ParseError[]): readonly ParseError[] {
  return errors.filter(
    ({ offset }) =>
      !errors.some(
        (other) =>
          printParseErrorCode(other.error) === 'InvalidSymbol' &&
          other.offset < offset &&
          !/[,{}[\]]/.test(text.slice(other.offset + other.length, offset)),
      ),
  );
}

function unreadable(error: unknown): string {
  if (error instanceof RangeError) return 'nested too deeply';
  return `no valid JSON: ${error instanceof Error ? error.message : String(error)}`;
}

function positionIn(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    const line = Math.max(
      starts.findLastIndex((start) => start <= offset),
      0,
    );
    return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
  };
}

/** The key and the value of an object's member. */
interface Member {
  readonly key: Node;
  readonly value: Node;
}

/** An object's members, in order; none where it is none. */
export function membersOf(node: Node | undefined): readonly Member[] {
  if (node?.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children: [key, value] = [] }) =>
    key && value ? [{ key, value }] : [],
  );
}

export function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.type === 'array' ? (node.children ?? []) : [];
}

/** The member of a key as a plugin finds it: exact, the last of several, or else in any case. */
export function memberOf(node: Node | undefined, name: string): Member | undefined {
  const members = membersOf(node);
  return (
    members.findLast(({ key }) => key.value === name) ??
    members.find(({ key }) => foldKey(String(key.value)) === foldKey(name))
  );
}

/** What a path leads to, or the last part of it that is there. */
export function reach(node: Node, path: Path): { readonly node: Node; readonly isWhole: boolean } {
  let at = node;
  for (const step of path) {
    const next = typeof step === 'number' ? itemsOf(at)[step] : memberOf(at, step)?.value;
    if (next === undefined) return { node: at, isWhole: false };
    at = next;
  }
  return { node: at, isWhole: true };
}

/** The first member of that name, however deep below a node. */
export function searchMember(node: Node, name: string): Node | undefined {
  const own = memberOf(node, name)?.value;
  if (own !== undefined) return own;
  const below = [...membersOf(node).map(({ value }) => value), ...itemsOf(node)];
  return below
    .values()
    .map((child) => searchMember(child, name))
    .find((found) => found !== undefined);
}
