/** What `ip -json` prints. */

/**
 * Reads one document. ip leaves some control characters in strings as they are, which JSON does not allow; a link's alias
 * may hold any, and in a sandbox it is written by whoever is root there. They become escapes.
 * @throws SyntaxError for what is no JSON
 */
export function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const document = text.trim();
    const safe = Array.from(document, (char) => (char < ' ' ? escaped(char) : char)).join('');
    if (safe === document) throw error;
    return JSON.parse(safe);
  }
}

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
