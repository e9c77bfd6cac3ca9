import { openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { asCniError, CniError, isErrnoException, joinErrors, show } from '../../../lib/errors.ts';

const caught = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('any thrown thing', () => {
  test('is an error with a code', () => {
    const own = new CniError(7, 'mine');
    expect(asCniError(own)).toBe(own);
    expect(asCniError(caught(() => openSync('/nowhere/x', 'r')))).toMatchObject({
      code: 5,
      message: expect.stringMatching(/ENOENT/),
    });
    expect(asCniError(new TypeError('x is not a function'))).toMatchObject({
      code: 999,
      message: 'internal error: x is not a function',
    });
    expect(asCniError('text')).toMatchObject({ code: 999 });
    expect(asCniError(undefined)).toMatchObject({ code: 999 });
  });

  test('a system call is told from a mistake of our own', () => {
    const missing = caught(() => openSync('/nowhere/x', 'r'));
    expect(isErrnoException(missing)).toBe(true);
    expect(isErrnoException(missing, 'EACCES', 'ENOENT')).toBe(true);
    expect(isErrnoException(missing, 'EACCES')).toBe(false);
    expect(isErrnoException(caught(() => openSync('a\0b', 'r')))).toBe(false);
    // As Bun tells of some: without the system call.
    const unnamed = Object.assign(new Error('name too long'), { code: 'ENAMETOOLONG' });
    expect(isErrnoException(unnamed)).toBe(true);
    expect(asCniError(unnamed)).toMatchObject({ code: 5 });
  });
});

test('several errors are told as one, with the code of the first', () => {
  expect(joinErrors([])).toBeUndefined();
  const first = new CniError(5, 'one', 'words');
  expect(joinErrors([first])).toBe(first);
  expect(joinErrors([first, new CniError(7, 'two'), new Error('three')])).toMatchObject({
    code: 5,
    message: 'one; two; internal error: three',
    details: 'words',
  });
});

describe('a value in a message', () => {
  const nested = (open: string, close: string): unknown =>
    JSON.parse(`${open.repeat(100_000)}1${close.repeat(100_000)}`);
  test.each([
    ['a', '"a"'],
    ['a"\n', '"a\\"\\n"'],
    [{ a: [1] }, '{"a":[1]}'],
    [10n, '10'],
    [undefined, 'undefined'],
  ])('%o is %s', (value, text) => expect(show(value)).toBe(text));

  test.each([
    ['long text', 'x'.repeat(1_000_000)],
    ['a deep list', nested('[', ']')],
    ['a deep object', nested('{"a":', '}')],
    ['a deep mixture', nested('[{"a":', '}]')],
    ['an object without prototype', Object.assign(Object.create(null) as object, { a: 'x'.repeat(500) })],
  ])('is cut to what a log line bears: %s', (_what, value) => {
    expect(show(value).length).toBeLessThan(200);
  });
});
