/** From what the guest told to a result for each test, those included that were not finished. */

import { type CaseResult, type GuestError, type GuestEvent, guestRoot } from './events.ts';
import { repoRoot } from './machine.ts';

export interface FileReport {
  /** Path from the project's root. */
  readonly file: string;
  readonly cases: readonly CaseResult[];
  /** Faults of the file itself. */
  readonly errors: readonly GuestError[];
}

/** Collects a machine's events. */
export interface Tally {
  take(event: GuestEvent): void;
  /** Whether the guest has told that all is done. */
  readonly ended: boolean;
  /** Errors that belong to no test. */
  readonly errors: readonly GuestError[];
  /** @param why what a test that was not finished fails with */
  report(files: readonly string[], why: string): readonly FileReport[];
}

export function createTally(): Tally {
  const collected = new Map<string, readonly string[]>();
  const cases = new Map<string, CaseResult[]>();
  const done = new Map<string, readonly GuestError[]>();
  let errors: readonly GuestError[] = [];
  let ended = false;

  function reportOf(file: string, why: string): FileReport {
    const told = cases.get(file) ?? [];
    const names = new Set(told.map(({ name }) => name));
    const missing = (collected.get(file) ?? []).filter((name) => !names.has(name));
    const own =
      done.get(file) ?? (collected.has(file) ? [] : [{ message: `${file} was not run: ${why}`, stack: '' }]);
    return { file, cases: [...told, ...missing.map((name) => unfinished(name, why))], errors: own };
  }

  return {
    take(event) {
      switch (event.type) {
        case 'collected':
          return void collected.set(event.file, event.names);
        case 'case': {
          const { type: _type, file, errors: thrown, ...rest } = event;
          const result = { ...rest, errors: thrown.map(onThisMachine) };
          return void cases.set(file, [...(cases.get(file) ?? []), result]);
        }
        case 'file':
          return void done.set(event.file, event.errors.map(onThisMachine));
        case 'end':
          errors = event.errors.map(onThisMachine);
          ended = true;
      }
    },
    get ended() {
      return ended;
    },
    get errors() {
      return errors;
    },
    report: (files, why) => files.map((file) => reportOf(file, why)),
  };
}

function unfinished(name: string, why: string): CaseResult {
  return {
    name,
    state: 'failed',
    milliseconds: 0,
    errors: [{ message: `was not finished: ${why}`, stack: '' }],
    output: '',
  };
}

/** With the paths that the test's files have here, so that the place of a failure is found and shown. */
function onThisMachine({ message, stack }: GuestError): GuestError {
  return { message, stack: stack.replaceAll(`${guestRoot}/`, `${repoRoot}/`) };
}
