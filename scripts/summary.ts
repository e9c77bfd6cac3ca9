/**
 * Sums up vitest's JSON reports: the last line that .ci/run prints.
 *
 * Usage: node scripts/summary.ts FOLDER MAKE_STATUS
 *
 * A stage that fails without a failed test (lint, the build, a file that cannot be loaded) counts as one failure.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { status: string }[];
  }[];
}

const [folder = '', status = '1'] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of globSync(join(folder, '*.json'))) {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  total.passed += report.numPassedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  total.failed += report.numFailedTests;
  total.failed += report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
}
if (total.failed === 0 && (status !== '0' || total.passed === 0)) total.failed = 1;
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
