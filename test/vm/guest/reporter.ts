/** Tells the host of each test as soon as it has ended: see lab/events.ts. Runs in the guest. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { eventsFile, type GuestError, type GuestEvent } from '../lab/events.ts';

interface Thrown {
  readonly message: string;
  readonly stack?: string;
  readonly stacks?: readonly {
    readonly method: string;
    readonly file: string;
    readonly line: number;
    readonly column: number;
  }[];
  readonly diff?: string;
}

export function eventReporter(folder: string): Reporter {
  const printed = new Map<string, string>();
  const tell = (event: GuestEvent): void => {
    appendFileSync(join(folder, eventsFile), `${JSON.stringify(event)}\n`);
  };
  return {
    onTestModuleCollected(module: TestModule) {
      const names = [...module.children.allTests()].map(({ fullName }) => fullName);
      tell({ type: 'collected', file: module.relativeModuleId, names });
    },
    onUserConsoleLog({ taskId, content }) {
      if (taskId !== undefined) printed.set(taskId, (printed.get(taskId) ?? '') + content);
    },
    onTestCaseResult(test: TestCase) {
      const { state, errors = [] } = test.result();
      if (state === 'pending') return;
      tell({
        type: 'case',
        file: test.module.relativeModuleId,
        name: test.fullName,
        state,
        milliseconds: Math.round(test.diagnostic()?.duration ?? 0),
        errors: errors.map(errorOf),
        output: printed.get(test.id) ?? '',
      });
    },
    onTestModuleEnd(module: TestModule) {
      const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors());
      tell({
        type: 'file',
        file: module.relativeModuleId,
        errors: [...module.errors(), ...suites].map(errorOf),
      });
    },
    onTestRunEnd(_modules, errors) {
      tell({ type: 'end', errors: errors.map(errorOf) });
    },
  };
}

/** The message with the difference between what is and what should be, and where in the tests it was. */
function errorOf(error: Thrown): GuestError {
  const frames = error.stacks?.map(
    ({ method, file, line, column }) => `    at ${method || '<anonymous>'} (${file}:${line}:${column})`,
  );
  // Differences are coloured for a terminal.
  const diff =
    error.diff === undefined
      ? ''
      : `\n\n${error.diff.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d*m`, 'g'), '')}`;
  return { message: error.message + diff, stack: frames?.join('\n') ?? error.stack ?? '' };
}
