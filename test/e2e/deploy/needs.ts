/** What the tests of this folder need beside the others: a named skip where it is missing, a failure where CI=true. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findProgram } from '../../support/index.ts';

/** A program of a Debian package, or a file; tells what is missing. */
export function missing(nameOrPath: string, origin: string): readonly string[] {
  const isThere = nameOrPath.startsWith('/') ? existsSync(nameOrPath) : findProgram(nameOrPath) !== undefined;
  return isThere ? [] : [`${nameOrPath} (${origin})`];
}

export function describeUnless(absent: readonly string[], name: string, body: () => void): void {
  const title = absent.length === 0 ? name : `${name} [missing ${absent.join(', ')}]`;
  if (absent.length === 0) describe(title, body);
  else if (process.env['CI'] === 'true') test(title, () => expect(absent).toEqual([]));
  else describe.skip(title, body);
}
