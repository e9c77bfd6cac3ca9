/** The manual pages, as man shows them, and what make installs for people. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../cli/commands.ts';
import { PLUGIN_NAMES } from '../../../cli/executable.ts';
import { repoRoot } from '../../support/paths.ts';
import { describeUnless, missing } from '../deploy/needs.ts';

const root = mkdtempSync(join(tmpdir(), 'plumbline-man-'));
afterAll(() => rmSync(root, { recursive: true }));
const share = join(root, 'usr/local/share');
const pages = ['plumbline', ...PLUGIN_NAMES.map((name) => `plumbline-${name}`)];

const make = (...args: readonly string[]) =>
  execFileSync('make', [...args, `DESTDIR=${root}`], { cwd: repoRoot, encoding: 'utf8' });
beforeAll(() => {
  make('install-man', 'install-completion');
}, 120_000);

/** A page as 80 columns show it; text without the marks of bold and italic. */
function shown(page: string): string {
  const file = join(share, 'man/man8', `${page}.8`);
  return execFileSync('groff', ['-man', '-Tascii', '-P-c', '-P-bou', '-rLL=78n', file], {
    encoding: 'utf8',
  });
}

/** Terms of definitions begin a line, below the margin. */
const terms = (text: string): string =>
  text
    .split('\n')
    .filter((line) => /^ {7}\S/.test(line))
    .join('\n');

describeUnless([...missing('groff', 'groff-base'), ...missing('man', 'man-db')], 'manual pages', () => {
  test.each(pages)('%s: man and groff have nothing against it', (page) => {
    const file = join(share, 'man/man8', `${page}.8`);
    const check = 'groff -man -t -Tutf8 -ww "$1" 2>&1 >/dev/null; man --warnings=w -l "$1" 2>&1 >/dev/null';
    expect(execFileSync('sh', ['-c', check, 'sh', file], { encoding: 'utf8' })).toBe('');
    // Read by whatis and apropos: one line, with a hyphen.
    expect(shown(page)).toMatch(new RegExp(`^NAME\n {7}${page} - \\S`, 'm'));
  });

  test.each(pages)('%s: no text is wider than a screen of 80 columns', (page) => {
    const source = readFileSync(join(share, 'man/man8', `${page}.8`), 'utf8');
    const code = [...source.matchAll(/^\.nf\n(.*?)^\.fi$/gms)].flatMap(([, block = '']) => block.split('\n'));
    const plain = (line: string) => line.replaceAll(/\\\[[^\]]*\]|\\.|[^A-Za-z0-9]/g, '').trim();
    // An example's line is shown as it is.
    const examples = new Set(code.map(plain));
    const wide = shown(page)
      .split('\n')
      .filter((line) => line.length > 80 && !examples.has(plain(line)));
    expect(wide).toEqual([]);
  });

  test.each(PLUGIN_NAMES)('%s: every field of the README is a term, with its meaning', (plugin) => {
    const folder = plugin === 'host-local' ? 'ipam' : 'plugins';
    const readme = readFileSync(join(repoRoot, folder, plugin, 'README.md'), 'utf8');
    const [, ...tables] = readme.split(/^\| field +\| default .*\n.*\n/m);
    const rows = tables.flatMap((text) => /^(?:\|.*\n)+/.exec(text)?.[0].trimEnd().split('\n') ?? []);
    const names = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(.*?)`/g)]);
    expect(names.length).toBeGreaterThan(5);
    const fields = terms(shown(`plumbline-${plugin}`));
    for (const [, name = ''] of names) expect(fields).toMatch(new RegExp(`${RegExp.escape(name)}\\b`));
  });

  test('plumbline: every command with its options and arguments', () => {
    const text = shown('plumbline');
    for (const { name, options, arguments: args, hidden } of COMMANDS) {
      const section = new RegExp(`^ {3}${name}\n((?: {4,}.*\n|\n)*)`, 'm').exec(text)?.[1];
      expect(section === undefined, name).toBe(hidden === true);
      for (const option of hidden ? [] : Object.keys(options)) {
        expect(section).toMatch(new RegExp(`^ {7}(?:-., )?--${option}\\b`, 'm'));
      }
      for (const arg of hidden ? [] : Object.keys(args))
        expect(section).toMatch(new RegExp(`^ {7}${arg}\\b`, 'm'));
    }
    for (const page of pages.slice(1)) expect(text).toContain(`${page}(8)`);
  });
});

describe('completion for all users', () => {
  const files = [
    'bash-completion/completions/plumbline',
    'zsh/site-functions/_plumbline',
    'fish/vendor_completions.d/plumbline.fish',
  ];

  test('is where the shells look for it, and uninstall takes it away with the pages', () => {
    for (const file of files) expect(readFileSync(join(share, file), 'utf8')).toContain('plumbline');
    expect(readFileSync(join(share, files[1] ?? ''), 'utf8')).toMatch(/^#compdef plumbline\n/);
    expect(readdirSync(join(share, 'man/man8')).sort()).toEqual(pages.map((page) => `${page}.8`).sort());
    make('uninstall-man', 'uninstall-completion');
    expect(readdirSync(join(share, 'man/man8'))).toEqual([]);
    for (const file of files) expect(existsSync(join(share, file))).toBe(false);
  });
});
