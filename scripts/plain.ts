/**
 * Writes the readers that are made of the schemas of configs and of what ip prints (docs/startup.md), or tells which of
 * them are stale; the latter is part of `make lint`.
 *
 * Usage: node scripts/plain.ts [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { allReaders } from './plain/sources.ts';

const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

for (const [file, text] of Object.entries(allReaders())) {
  const path = join(root, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (values.check) {
    console.error(`${file}: stale; run "make schemas"`);
    process.exitCode = 1;
  } else writeFileSync(path, text);
}
