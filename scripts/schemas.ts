/**
 * Writes the JSON Schemas into schemas/, or tells which of them are stale; the latter is part of `make lint`.
 *
 * Usage: node scripts/schemas.ts [--check]
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { allSchemas } from './schemas/schemas.ts';

const folder = join(dirname(import.meta.dirname), 'schemas');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

mkdirSync(folder, { recursive: true });
const schemas = allSchemas();
const there = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
const stale = new Set([
  ...there.filter((name) => !(name in schemas)),
  ...Object.entries(schemas).flatMap(([name, text]) =>
    there.includes(name) && readFileSync(join(folder, name), 'utf8') === text ? [] : [name],
  ),
]);

if (values.check) {
  for (const name of stale) console.error(`schemas/${name}: stale; run "make schemas"`);
  if (stale.size > 0) process.exitCode = 1;
} else {
  for (const name of stale) {
    const text = schemas[name];
    if (text === undefined) rmSync(join(folder, name));
    else writeFileSync(join(folder, name), text);
  }
}
