/**
 * Results of the suite in the virtual machines, each test by its name. The run itself is over by then: see
 * global-setup.ts.
 */
import { describe, inject, test } from 'vitest';
import type { CaseResult, GuestError } from './lab/events.ts';

const { missing, machines } = inject('laboratory');

if (missing !== undefined) {
  const title = `the suite on a full kernel [missing ${missing}]`;
  if (process.env['CI'] === 'true') {
    test(title, () => {
      throw new Error(`CI=true, and missing is ${missing}`);
    });
  } else test.skip(title, () => {});
}

for (const { name, fault, files } of machines) {
  test(`${name} boots, runs its tests and switches itself off`, () => {
    if (fault !== undefined) throw new Error(fault);
  });
  for (const { file, errors, cases } of files) {
    describe(file, () => {
      for (const error of errors) test('can be run', () => fail([error], ''));
      for (const one of cases) declare(one);
    });
  }
}

function declare({ name, state, errors, output }: CaseResult): void {
  if (state === 'skipped') test.skip(name, () => {});
  else
    test(name, () => {
      if (state === 'failed') fail(errors, output);
    });
}

/** With the guest's own words and places; what the test printed comes with them. */
function fail(errors: readonly GuestError[], output: string): never {
  const [first = { message: 'failed without a message', stack: '' }, ...others] = errors;
  const rest = others.map(({ message, stack }) => `\n\nand: ${message}\n${stack}`).join('');
  const printed = output === '' ? '' : `\n\nit printed:\n${output}`;
  const error = new Error(first.message + rest + printed);
  error.stack = `Error: ${error.message}\n${first.stack}`;
  throw error;
}
