/** One JSON Schema (draft 7, which editors know best) out of a plugin's zod schema and its table of fields. */
import * as z from 'zod/mini';
import { baseFields, type Field, type Fields } from '../../lib/cni/fields.ts';

export interface Document {
  [keyword: string]: unknown;
  type?: string;
  properties?: Record<string, Document>;
  items?: Document;
  additionalProperties?: boolean | Document;
}

/** Notes, and keys in somebody's own name space: everybody may write them anywhere. */
export const notes: Readonly<Record<string, Document>> = { '^(_|#|//)': {}, '[./]': {} };

/**
 * @throws Error for a field without a text, and for a text without a field
 */
export function documentOf(schema: z.ZodMiniType, own: Fields): Document {
  const document = z.toJSONSchema(schema, {
    target: 'draft-07',
    io: 'input',
    unrepresentable: 'any',
  }) as Document;
  const fields = new Map(Object.entries({ ...baseFields, ...own }));
  const unused = new Set(Object.keys(own));
  const apply = (node: Document, path: string, needed: boolean): void => {
    const field = fields.get(path);
    if (needed && field === undefined)
      throw new Error(`no text for the field ${path}: add it to its table of fields`);
    unused.delete(path);
    annotate(node, field);
    close(node);
    for (const [key, child] of Object.entries(node.properties ?? {}))
      apply(child, path === '' ? key : `${path}.${key}`, true);
    if (node.items) apply(node.items, `${path}[]`, false);
  };
  apply(document, '', false);
  if (unused.size > 0) throw new Error(`no such field: ${[...unused].join(', ')}`);
  return document;
}

function annotate(node: Document, field: string | Field | undefined): void {
  if (field === undefined) return;
  const { about, ...keywords } = typeof field === 'string' ? { about: field } : field;
  Object.assign(node, { description: about, ...keywords });
}

/** An object that takes no other keys says so; where zod lets them pass, they are somebody's. */
function close(node: Document): void {
  if (node.properties === undefined) return;
  if (node.additionalProperties !== undefined) {
    node.additionalProperties = true;
    return;
  }
  Object.assign(node, { patternProperties: notes, additionalProperties: false });
}
