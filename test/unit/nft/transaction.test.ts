import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INPUT } from '../../../lib/exec/runner.ts';
import { deleteAllowed } from '../../../lib/nft/antispoof.ts';
import { list, listElements, quoted, transact } from '../../../lib/nft/transaction.ts';
import { cutQuoted } from '../../support/recording/words.ts';
import { recordingHost } from '../../support/recording-host.ts';
import { exists, missing, nftHost } from './support.ts';

const lines = ['add table inet plumbline', 'flush chain inet plumbline postrouting'];

describe('a transaction', () => {
  test('is one child, under its lock, and no child without lines', async () => {
    using host = nftHost();
    expect(await transact(host, [])).toBe('done');
    expect(host.runs).toEqual([]);
    expect(await transact(host, lines, { lock: `${host.runDir}/locks/ab` })).toBe('done');
    expect(host.typedRuns()).toMatchObject([
      { program: 'nft', lock: `${host.runDir}/locks/ab`, action: { kind: 'nft', check: false } },
    ]);
    expect(host.runs[0]?.options.input).toBe(`${lines.join('\n')}\n`);
  });

  test('can be asked about without a change', async () => {
    using host = nftHost();
    await transact(host, lines, { checkOnly: true });
    expect(host.runs[0]).toMatchObject({ program: 'nft', args: ['-c', '-f', INPUT] });
  });

  test('tells the two failures that can be mended', async () => {
    using host = nftHost([
      exists,
      missing,
      { status: 1, stderr: 'Error: Could not process rule: No such file or directory\n' },
    ]);
    expect(await transact(host, lines)).toBe('exists');
    expect(await transact(host, lines)).toBe('missing');
    expect(await transact(host, lines)).toBe('missing');
  });

  test('tells any other in nft\u2019s words, without the path of our file', async () => {
    const stderr = '/proc/7/fd/9:3:1-20: Error: syntax error, unexpected string\nadd tabel x\n    ^^^^^\n';
    using host = nftHost([{ status: 1, stderr }, { status: 137 }]);
    await expect(transact(host, lines)).rejects.toThrow(
      expect.objectContaining({
        code: 101,
        message: 'nft failed: Error: syntax error, unexpected string',
        details: stderr.trim(),
      }),
    );
    await expect(transact(host, lines)).rejects.toThrow(/^nft failed: exit status 137$/);
  });

  test('whose lock is not to be had is error 11', async () => {
    using host = nftHost([{ status: 73 }]);
    await expect(transact(host, lines, { lock: `${host.runDir}/locks/ab` })).rejects.toThrow(
      expect.objectContaining({ code: 11 }),
    );
  });
});

describe('a listing', () => {
  test('of what is not there is empty; another failure is told', async () => {
    const answers = [missing, { status: 1, stderr: 'Error: Operation not permitted\n' }];
    using host = recordingHost({ answer: () => answers.shift() });
    expect(await list(host, ['table', 'bridge', 'nat'])).toEqual([]);
    await expect(list(host, ['table', 'bridge', 'nat'])).rejects.toThrow(
      expect.objectContaining({
        code: 101,
        message: 'nft list table bridge nat failed: Error: Operation not permitted',
      }),
    );
  });

  test('of a set gives keys and comments; what has another form is passed over', async () => {
    const elem = [
      { elem: { val: 'veth0', comment: 'c' } },
      { elem: { val: { concat: ['10.0.0.1', 'abc'] } } },
      'bare',
      { elem: { val: { prefix: {} } } },
      7,
    ];
    using host = nftHost([], { guarded: elem });
    expect(await listElements(host, 'bridge', 'guarded')).toEqual([
      { key: ['veth0'], comment: 'c' },
      { key: ['10.0.0.1', 'abc'], comment: '' },
    ]);
  });
});

describe('a quoted string', () => {
  test('stays one word, or is refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        let word: string;
        try {
          word = quoted(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 7 });
          // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
          expect(text).toMatch(/["\\\u0000-\u001f\u007f]/);
          return;
        }
        expect(cutQuoted(`add element x { ${word} }`)).toEqual([
          'add',
          'element',
          'x',
          '{',
          `"${text}"`,
          '}',
        ]);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['a"b', 'a\\', 'a\nb', '\0', '"; delete table inet filter; "'])('%j is refused', (text) => {
    expect(() => quoted(text)).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining('cannot be passed to nft') }),
    );
  });

  test.each(['', 'a b', "it's", '$x', '@y', '{;}', '#', 'é'])('%j is taken', (text) =>
    expect(quoted(text)).toBe(`"${text}"`),
  );
});

test.each([
  '',
  'x',
  '02:00:00:00:00:01 }; delete table inet filter #',
  '02:00:00:00:00:01\nflush ruleset',
  '02-00-00-00-00-01',
])('a MAC address that is none never gets into a line: %j', (mac) => {
  expect(() => deleteAllowed('veth0', mac)).toThrow(expect.objectContaining({ code: 7 }));
});
