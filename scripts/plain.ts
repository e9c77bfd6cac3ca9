/**
 * Writes the readers that are made of the schemas of configs and of what ip prints (docs/startup.md), or tells which of
 * them are stale; the latter is part of `make lint`.
 *
 * Usage: node scripts/plain.ts [--check]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { allReaders } from './plain/sources.ts';

const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

for (const [file, made] of Object.entries(allReaders())) {
  const path = join(root, file);
  const text = formatted(file, made);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (values.check) {
    console.error(`${file}: stale; run "make schemas"`);
    process.exitCode = 1;
  } else writeFileSync(path, text);
}

function formatted(file: string, text: string): string {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'format', `--stdin-file-path=${file}`];
  return execFileSync(process.execPath, args, { cwd: root, input: text, encoding: 'utf8' });
}
