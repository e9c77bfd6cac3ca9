import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { realRunner } from '../../../lib/exec/runner.ts';
import { findTool, hasTool } from '../../../lib/exec/tools.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-tools-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** A folder with a program in it. */
function folderWith(name: string, mode = 0o755): string {
  const folder = mkdtempSync(join(dir, 'bin-'));
  writeFileSync(join(folder, name), '#!/bin/sh\necho mine\n');
  chmodSync(join(folder, name), mode);
  return folder;
}

describe('a tool', () => {
  test.each(['/usr/bin:/bin', '/nowhere', '', undefined, ':', '.:bin:../bin'])(
    'is found with PATH=%s, which lacks sbin',
    (path) => {
      expect(findTool('ip', path)).toMatch(/^\/(usr\/)?s?bin\/ip$/);
      expect(findTool('sh', path)).toMatch(/^\/(usr\/)?bin\/sh$/);
      expect(hasTool('ip', path)).toBe(true);
    },
  );

  test('is taken from PATH first, in its order', () => {
    const [first, second] = [folderWith('ip'), folderWith('ip')];
    expect(findTool('ip', `/nowhere:${second}:${first}:/usr/sbin`)).toBe(join(second, 'ip'));
  });

  test('is never taken from a relative folder of PATH, whatever lies in the working directory', () => {
    const before = process.cwd();
    process.chdir(folderWith('ip'));
    try {
      for (const path of ['.', '', ':', './', `../${process.cwd().split('/').at(-1)}`, 'x/..']) {
        expect(findTool('ip', path)).toMatch(/^\/(usr\/)?s?bin\/ip$/);
      }
    } finally {
      process.chdir(before);
    }
  });

  test('must be a file that can be executed', () => {
    const folder = mkdtempSync(join(dir, 'bin-'));
    mkdirSync(join(folder, 'ip'));
    expect(findTool('ip', `${folder}:${folderWith('ip', 0o644)}`)).toMatch(/^\/(usr\/)?s?bin\/ip$/);
  });

  test('of an absolute path is that path', () => {
    expect(findTool('/opt/cni/bin/static', undefined)).toBe('/opt/cni/bin/static');
  });

  test('that is missing is error 100, with its package and where it was looked for', async () => {
    expect(() => findTool('ovs-vsctl-missing', '/a:/b')).toThrow(
      expect.objectContaining({
        code: 100,
        message: 'the program "ovs-vsctl-missing" is not installed',
        details: expect.stringMatching(/^looked in \/a:\/b:\/usr\/sbin:/),
      }),
    );
    const runner = realRunner({ searchPath: undefined, runDir: dir });
    await expect(runner.run('no-such-program', [])).rejects.toThrow(expect.objectContaining({ code: 100 }));
    await expect(runner.run('sh', ['-c', 'true', { tool: 'no-such-program' }])).rejects.toThrow(
      expect.objectContaining({ code: 100 }),
    );
    expect(runner.has('no-such-program')).toBe(false);
  });
});
