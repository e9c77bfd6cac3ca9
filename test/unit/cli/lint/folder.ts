/** Folders of configs, as net.d is one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-lint-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Writes files into a folder of their own, which goes after the last test. */
export function write(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(dir, 'net.d-'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(
      join(folder, name),
      typeof content === 'string' ? content : JSON.stringify(content, undefined, 2),
    );
  }
  return folder;
}
