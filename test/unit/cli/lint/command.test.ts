/** `plumbline lint` as it is typed: what it reads, prints and ends with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../../../cli/index.ts';
import { lintText } from '../../../../cli/lint/file.ts';
import { write } from './folder.ts';

async function lint(...args: readonly string[]) {
  let [stdout, stderr] = ['', ''];
  const code = await runCli(['lint', ...args], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

describe('the command', () => {
  const good = { name: 'good', plugins: [{ type: 'bridge' }] };
  const bad = { name: 'bad', plugins: [{ type: 'bridge', mtuu: 5 }] };

  test('is content: exit status 0', async () => {
    const folder = write({ '10-good.conflist': good });
    expect(await lint(folder)).toEqual({ code: 0, stdout: '1 file: nothing wrong\n', stderr: '' });
  });

  test('finds something: exit status 1', async () => {
    const folder = write({ '10-bad.conflist': bad, '20-good.conflist': good });
    expect(await lint(folder)).toEqual({
      code: 1,
      stdout: `${folder}/10-bad.conflist:6:7: error: mtuu: unknown key; did you mean mtu?\n2 files: 1 error, 0 warnings\n`,
      stderr: '',
    });
  });

  test('as JSON', async () => {
    const folder = write({ '10-bad.conflist': bad });
    const { code, stdout } = await lint('--json', folder);
    const file = `${folder}/10-bad.conflist`;
    const finding = {
      file,
      line: 6,
      column: 7,
      level: 'error',
      field: 'plugins[0].mtuu',
      message: 'mtuu: unknown key; did you mean mtu?',
    };
    expect({ code, report: JSON.parse(stdout) as unknown }).toEqual({
      code: 1,
      report: { files: [file], findings: [finding] },
    });
  });

  test('takes files by themselves with --each', async () => {
    const folder = write({ 'a.conflist': good, 'b.conflist': good });
    expect((await lint(folder)).code).toBe(1);
    expect((await lint('--each', folder)).code).toBe(0);
  });

  test('reads of a folder what a runtime would, and nothing below it', async () => {
    const folder = write({ 'a.conflist': good, 'b.conf.bak': '{', 'c.json': { name: 'c', type: 'bridge' } });
    mkdirSync(join(folder, 'ovs.d'));
    writeFileSync(join(folder, 'ovs.d', 'ovs.conf'), '{');
    expect((await lint(folder)).stdout).toBe('2 files: nothing wrong\n');
  });

  test.each([
    [[], /FILE is missing/],
    [['--jsn', 'a'], /Unknown option '--jsn'/],
    [['/nowhere/a.conf'], /cannot read: ENOENT/],
    [['/var/empty-or-not-there'], /cannot read: ENOENT/],
  ])('%j: exit status 2', async (args, says) => {
    const { code, stdout, stderr } = await lint(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
  });

  test('a file that is none, or far too long', async () => {
    const folder = write({ 'a.conf': ' '.repeat(1024 * 1024 + 1) });
    expect((await lint(join(folder, 'a.conf'))).stdout).toMatch(
      /a\.conf:1:1: error: no plain file of at most 1 MiB/,
    );
    expect((await lint('/dev/null')).stdout).toMatch(/null:1:1: error: no plain file/);
  });

  test('a file that is nested very deeply', () => {
    const { findings } = lintText('a.conf', `{"type":"bridge","name":"a","x":${'['.repeat(200_000)}`);
    expect(findings).toMatchObject([{ line: 1, column: 1, message: 'nested too deeply' }]);
  });
});
