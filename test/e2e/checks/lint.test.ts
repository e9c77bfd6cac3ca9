/** `plumbline lint` of the built executable: its exit status for CI, and the places of what it finds. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test as plain } from 'vitest';
import { binDir, describeNeeds, repoRoot } from '../../support/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-lint-'));
afterAll(() => rmSync(dir, { recursive: true }));

function lint(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(join(binDir, 'plumbline'), ['lint', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function write(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

describeNeeds(['built'], 'plumbline lint', () => {
  plain('0: nothing is wrong with the examples', () => {
    const folders = ['host-local', 'ipvlan', 'macvlan', 'ovs', 'sriov', 'veth-bridge'];
    const { status, stdout, stderr } = lint(
      '--each',
      ...folders.map((name) => join(repoRoot, 'conf-examples', name)),
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+ files: nothing wrong\n$/);
  });

  plain('1: a mistake, by line and column', () => {
    const file = write(
      '10-pods.conflist',
      '{\n  "name": "pods",\n  "plugins": [\n    { "type": "veth-bridge", "isGatway": true }\n  ]\n}\n',
    );
    expect(lint(file)).toEqual({
      status: 1,
      stdout: `${file}:4:30: error: isGatway: unknown key; did you mean isGateway?\n1 file: 1 error, 0 warnings\n`,
      stderr: '',
    });
    const { status, stdout } = lint('--json', file);
    expect({ status, report: JSON.parse(stdout) as unknown }).toMatchObject({
      status: 1,
      report: { files: [file], findings: [{ file, line: 4, column: 30, level: 'error' }] },
    });
  });

  plain('1: no JSON', () => {
    const file = write('20-bad.conf', '{\n  "name": "bad",\n  "type": "bridge",\n}\n');
    expect(lint(file)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining(`${file}:3:19: error: a comma before }`) as unknown,
    });
  });

  plain('2: a file that is not there', () => {
    expect(lint(join(dir, 'none.conf'))).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('cannot read: ENOENT') as unknown,
    });
  });
});
