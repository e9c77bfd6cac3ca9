/** What becomes of tests whose virtual machine stopped in the middle. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CaseResult, eventReader, type GuestEvent } from '../../vm/lab/events.ts';
import { repoRoot } from '../../vm/lab/machine.ts';
import { createTally } from '../../vm/lab/report.ts';
import { shareOut } from '../../vm/lab/suite.ts';

const [file, other] = ['test/e2e/a.test.ts', 'test/e2e/b.test.ts'];
const passed: CaseResult = { name: 'one', state: 'passed', milliseconds: 1200, errors: [], output: '' };

function tallyOf(...events: readonly GuestEvent[]): ReturnType<typeof createTally> {
  const tally = createTally();
  for (const event of events) tally.take(event);
  return tally;
}

describe('the report', () => {
  test('has each test by its name', () => {
    const failed: CaseResult = {
      ...passed,
      name: 'two',
      state: 'failed',
      errors: [{ message: 'no answer', stack: '    at /checkout/test/e2e/a.test.ts:3:1' }],
    };
    const tally = tallyOf(
      { type: 'collected', file, names: ['one', 'two'] },
      { type: 'case', file, ...passed },
      { type: 'case', file, ...failed },
      { type: 'file', file, errors: [] },
      { type: 'end', errors: [] },
    );
    expect(tally.ended).toBe(true);
    const [report] = tally.report([file], 'hangs');
    expect(report?.errors).toEqual([]);
    expect(report?.cases.map(({ name, state }) => [name, state])).toEqual([
      ['one', 'passed'],
      ['two', 'failed'],
    ]);
    // Where it failed is told with a path that is there.
    expect(report?.cases[1]?.errors[0]?.stack).toBe(`    at ${repoRoot}/test/e2e/a.test.ts:3:1`);
  });

  test('fails tests that were not finished, and files that were not run, with the reason', () => {
    const tally = tallyOf(
      { type: 'collected', file, names: ['one', 'two'] },
      { type: 'case', file, ...passed },
    );
    expect(tally.ended).toBe(false);
    const [begun, never] = tally.report([file, other], 'the machine hangs');
    expect(begun?.cases.map(({ name, state }) => [name, state])).toEqual([
      ['one', 'passed'],
      ['two', 'failed'],
    ]);
    expect(begun?.cases[1]?.errors[0]?.message).toMatch(/not finished: the machine hangs/);
    expect(begun?.errors).toEqual([]);
    expect(never?.cases).toEqual([]);
    expect(never?.errors[0]?.message).toMatch(/b\.test\.ts was not run: the machine hangs/);
  });
});

test('events are read as they come, whole lines only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plt-events-'));
  try {
    const path = join(folder, 'events');
    writeFileSync(path, '');
    const read = eventReader(path);
    const line = JSON.stringify({ type: 'file', file: 'ä.test.ts', errors: [] } satisfies GuestEvent);
    const bytes = Buffer.from(`${line}\n`);
    const middle = bytes.indexOf(0xc3) + 1;
    appendFileSync(path, bytes.subarray(0, middle));
    expect(read()).toEqual([]);
    appendFileSync(path, bytes.subarray(middle));
    expect(read()).toEqual([JSON.parse(line)]);
    expect(read()).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('files are shared out, each once, none of the machines idle', () => {
  const files = ['test/unit/vm/report.test.ts', 'test/vm/vm.test.ts', 'test/vm/lab/run.ts'];
  const shares = shareOut(files, 2);
  expect(shares.flat().toSorted()).toEqual(files.toSorted());
  expect(shares.every((share) => share.length > 0)).toBe(true);
  expect(shareOut(files, 9)).toHaveLength(3);
  expect(shareOut([], 2)).toEqual([]);
});
