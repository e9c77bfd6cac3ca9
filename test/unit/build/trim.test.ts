/** What is taken out of Node's start: a few bytes, and nothing that a program would miss. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nativeArch } from '../../../scripts/build/arch.ts';
import { injectProgram } from '../../../scripts/build/executable.ts';
import { trimNode } from '../../../scripts/build/trim.ts';
import { differences } from './differences.ts';

const node = process.execPath;
const before = readFileSync(node);
const after = Buffer.from(before);
let folder = '';
let changed = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-test-'));
  trimNode(after, nativeArch, 'nm', node);
  changed = join(folder, 'node');
  writeFileSync(changed, after, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The executable that a changed Node becomes with the snapshot of a program. */
async function executableOf(program: string): Promise<string> {
  const main = join(folder, 'main.cjs');
  const executable = join(folder, 'executable');
  writeFileSync(main, program);
  writeFileSync(executable, after, { mode: 0o755 });
  await injectProgram(executable, folder, { main, useSnapshot: true, disableExperimentalSEAWarning: true });
  return executable;
}

describe('a copy of Node', () => {
  test('is changed in four places, and nowhere else', () => {
    const changed = differences(before, after);
    const places = changed.filter((index, at) => at === 0 || index - (changed[at - 1] ?? 0) > 8);
    expect(places).toHaveLength(4);
    expect(changed).toHaveLength(nativeArch.node === 'x64' ? 16 : 31);
  });

  test('tells lines and columns of a stack', () => {
    const program = 'function f() {\n  return new Error("here").stack;\n}\nconsole.log(f());';
    expect(execFileSync(changed, ['--eval', program], { encoding: 'utf8' })).toContain('at f ([eval]:2:10)');
  });

  test('with a snapshot runs it, also in other contexts and threads, and ends by itself', async () => {
    const executable = await executableOf(`
      const kept = { text: 'kept in the heap '.repeat(1000), list: Array.from({ length: 9999 }, (_, i) => i) };
      require('node:v8').startupSnapshot.setDeserializeMainFunction(() => {
        const { Worker } = require('node:worker_threads');
        const sum = require('node:vm').runInNewContext('list.reduce((a, b) => a + b)', { list: kept.list });
        const worker = new Worker('require("node:worker_threads").parentPort.postMessage([1, 2].at(-1))', { eval: true });
        worker.on('message', (message) => console.log(kept.text.length, sum, message));
      });`);
    const { status, signal, stdout } = spawnSync(executable, { encoding: 'utf8' });
    expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: '17000 49985001 2\n' });
  });

  test('that is not as it is known is refused', () => {
    const other = '/bin/sh';
    expect(() => trimNode(readFileSync(other), nativeArch, 'nm', other)).toThrow('scripts/build/trim.ts');
    const isAnother = Buffer.from(before).fill(0, before.length >> 3);
    expect(() => trimNode(isAnother, nativeArch, 'nm', node)).toThrow('there 0 times');
  });
});
