/** The documents: their configs are ones that the plugins take, and their links lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { findFaults } from '../../../cli/netconf/validate.ts';
import type { JsonObject } from '../../../lib/cni/json.ts';
import { repoRoot } from '../../support/paths.ts';

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'deploy/README.md',
  ...readdirSync(join(repoRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const blocksOf = (text: string, kind: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

describe.each(documents)('%s', (name) => {
  const text = readFileSync(join(repoRoot, name), 'utf8');

  test('its configs are ones that the plugins take', () => {
    // A config names its plugins; others are a part of one, or an editor's settings.
    const configs = blocksOf(text, 'json').filter((block) => block.includes('"type"'));
    for (const block of configs) expect(findFaults(JSON.parse(block) as JsonObject)).toEqual([]);
    for (const [, config = ''] of text.matchAll(/conflist <<'EOF'\n(.*?)^EOF$/gms)) {
      expect(findFaults(JSON.parse(config) as JsonObject)).toEqual([]);
    }
  });

  test('its YAML is YAML', () => {
    for (const block of blocksOf(text, 'yaml')) {
      expect(parseAllDocuments(block).flatMap(({ errors }) => errors)).toEqual([]);
    }
  });

  test('its links lead to files and headings that are there', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(repoRoot, name) : join(repoRoot, dirname(name), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});
