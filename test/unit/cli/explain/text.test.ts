/** Whatever a text holds, it stays a text in the script: a shell says so. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Explained, scriptOf, shellOf } from '../../../../cli/explain/script.ts';
import type { Step } from '../../../../cli/explain/step.ts';
import { inComment, indexOf, plain, printfFormat, quote } from '../../../../cli/explain/text.ts';

function shell(script: string): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-eu'], { input: script, encoding: 'utf8' });
  expect({ status, stderr }, script).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const hostile = [
  ...[
    '',
    ' ',
    "'",
    '"',
    '$(id)',
    '`id`',
    '$HOME',
    '\\',
    '\n',
    'a\nb',
    '-n',
    '--',
    '~',
    '*',
    '!',
    '#',
    ';',
    '&',
    '|',
  ],
  ...[
    'a=b',
    '=',
    '<',
    '>',
    '(',
    ')',
    '{a,b}',
    "it's",
    "''",
    '\r\n',
    '\t',
    'é',
    '日本',
    '\u2028',
    'EOF',
    '%s',
    '\\0',
  ],
];
const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' }), fc.string());
const texts = fc
  .array(text, { maxLength: 30 })
  .map((list) => list.map((one) => one.toWellFormed().replaceAll('\0', '')));

describe('text', () => {
  test('a quoted text is one word, and the same', () => {
    fc.assert(
      fc.property(texts, (list) => {
        const words = ['start', ...list];
        expect(shell(`printf '%s\\0' ${words.map(quote).join(' ')}`)).toBe(
          words.map((word) => `${word}\0`).join(''),
        );
      }),
      { numRuns: 60, examples: [[hostile]] },
    );
  });

  test('what is late is computed by the shell, and all around it stays text', () => {
    const late = ['$(id)-', { shell: '$(echo "a  b")' }, "-'x"];
    expect(shell(`printf %s ${quote(late)}`)).toBe("$(id)-a  b-'x");
    expect(plain(late)).toBe('$(id)-$(echo "a  b")-\'x');
    expect(indexOf('e$(id)').shell).toBe("$(ip -o link show dev 'e$(id)' | cut -d : -f 1)");
    expect(quote([])).toBe("''");
  });

  test('a format of printf prints its text', () => {
    fc.assert(
      fc.property(texts, (list) => {
        const whole = list.join('\n');
        expect(shell(`printf -- ${quote(printfFormat(whole))}`)).toBe(whole);
      }),
      { numRuns: 40, examples: [[hostile]] },
    );
  });

  test('a comment ends with its line', () => {
    fc.assert(
      fc.property(text, (one) => {
        expect(shell(`# ${inComment(one.toWellFormed())}\n`)).toBe('');
      }),
      { numRuns: 40, examples: hostile.map((one): [string] => [one]) },
    );
  });
});

describe('script', () => {
  const step = (fields: object): Step => ({ why: 'a test', ...fields }) as Step;

  test.each(['EOF\n', 'a\nEOF\nEOF_\n', 'a\n\n\nb\n', '$(id) `id` $HOME \\\n', "'\n", 'no end'])(
    'gives a program the input %j',
    (input) => {
      const whole = input.endsWith('\n') ? input : `${input}\n`;
      expect(shell(shellOf(step({ kind: 'command', argv: ['cat'], input })))).toBe(whole);
    },
  );

  test('keeps long commands whole', () => {
    const words = Array.from({ length: 60 }, (_, index) => (index % 9 === 0 ? '--' : `word ${index}`));
    const printed = shell(shellOf(step({ kind: 'command', argv: ['printf', '%s\\0', 'x', ...words] })));
    expect(printed.split('\0')).toEqual(['x', ...words, '']);
  });

  test('goes on where a step may fail, and ends where it may not', () => {
    const failing = (mayFail: boolean) => shellOf(step({ kind: 'command', argv: ['false'], mayFail }));
    expect(shell(`${failing(true)}\necho on\n`)).toBe('on\n');
    expect(spawnSync('sh', ['-eu'], { input: `${failing(false)}\necho on\n`, encoding: 'utf8' }).stdout).toBe(
      '',
    );
  });

  test('sets variables of a call alone', () => {
    const env = { CNI_ARGS: "a=$(id);b='c'" };
    expect(shell(shellOf(step({ kind: 'command', argv: ['sh', '-c', 'printf %s "$CNI_ARGS"'], env })))).toBe(
      env.CNI_ARGS,
    );
  });

  test('says so where there is nothing to do', () => {
    const explained = {
      chain: { name: 'pods', plugins: [{ type: 'ovs' }] },
      call: { command: 'DEL', containerId: 'c1', ifname: 'eth0', netns: '' },
      steps: [],
      result: undefined,
    } as unknown as Explained;
    expect(scriptOf(explained)).toMatch(/^# Nothing: there is nothing to do\.$/m);
    expect(shell(scriptOf(explained))).toBe('');
  });
});
