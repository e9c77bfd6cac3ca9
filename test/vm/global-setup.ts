/**
 * Runs the suite in the virtual machines before vm.test.ts is collected, since vitest must know the names of tests
 * then. Runs in vitest's own process: lines appear as they are printed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { repoRoot } from './lab/machine.ts';
import { whatIsMissing } from './lab/missing.ts';
import { type MachineReport, runSuite } from './lab/run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    laboratory: Laboratory;
  }
}

export interface Laboratory {
  /** Why there was no run. */
  readonly missing?: string;
  readonly machines: readonly MachineReport[];
}

export async function setup(project: TestProject): Promise<void> {
  project.provide('laboratory', await work());
}

async function work(): Promise<Laboratory> {
  const missing = whatIsMissing() ?? (await prepare());
  if (missing !== undefined) return { missing, machines: [] };
  return { machines: await runSuite((line) => console.log(line)) };
}

/** @returns why it could not be done */
async function prepare(): Promise<string | undefined> {
  const child = spawn('sh', [join(repoRoot, 'test/vm/prepare.sh')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stdout.pipe(process.stdout, { end: false });
  child.stderr.pipe(process.stderr, { end: false });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint = (complaint + chunk).slice(-2_000);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return undefined;
  return complaint.trim().split('\n').at(-1)?.replace(/^vm: /, '') || `test/vm/prepare.sh ended with ${code}`;
}
