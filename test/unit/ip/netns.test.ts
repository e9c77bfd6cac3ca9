import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isOwnNamespaceError } from '../../../lib/exec/host.ts';
import { openNetns } from '../../../lib/ip/netns.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-netns-'));
afterAll(() => rmSync(dir, { recursive: true }));
const own = '/proc/self/ns/net';

/** What is thrown. */
function refusal(path: string): unknown {
  try {
    using _opened = openNetns(path, false);
  } catch (error) {
    return error;
  }
  return expect.unreachable(path);
}

test('the own namespace is refused, by whatever path, and told from other faults', () => {
  symlinkSync(own, join(dir, 'link'));
  for (const path of [own, `/proc/${process.pid}/ns/net`, '/proc/thread-self/ns/net', join(dir, 'link')]) {
    const error = refusal(path);
    expect(error).toMatchObject({ code: 8, message: expect.stringContaining(path) });
    expect(isOwnNamespaceError(error)).toBe(true);
  }
});

test('it is opened where that is allowed, and the reference leads to it until it is closed', () => {
  const opened = openNetns(own, true);
  expect(opened.ref).toMatch(new RegExp(`^/proc/${process.pid}/fd/\\d+$`));
  expect(readlinkSync(opened.ref)).toBe(readlinkSync(own));
  // A child reaches it by this path.
  const { stdout } = spawnSync('readlink', [opened.ref], { encoding: 'utf8' });
  expect(stdout.trim()).toBe(readlinkSync(own));
  opened[Symbol.dispose]();
  expect(() => readlinkSync(opened.ref)).toThrow(/ENOENT/);
});

describe('what is no network namespace is error 8, and nothing stays open', () => {
  test('files, folders, pipes, other namespaces, nothing', () => {
    writeFileSync(join(dir, 'file'), '');
    spawnSync('mkfifo', [join(dir, 'pipe')]);
    const cases: readonly (readonly [string, RegExp])[] = [
      [join(dir, 'nowhere'), /does not exist/],
      [join(dir, 'file'), /is not a network namespace/],
      [join(dir, 'pipe'), /is not a network namespace/],
      [dir, /is not a network namespace/],
      ['/proc/self/ns/mnt', /is not a network namespace/],
      ['/proc/self/ns/user', /is not a network namespace/],
      ['/dev/null', /is not a network namespace/],
      [join(dir, 'file', 'x'), /cannot be opened: .*ENOTDIR/],
      ['x'.repeat(5000), /cannot be opened: .*ENAMETOOLONG/],
      ['a\0b', /cannot be opened/],
    ];
    for (const [path, message] of cases) {
      const error = refusal(path);
      expect(error).toMatchObject({ code: 8, message: expect.stringMatching(message) });
      expect(isOwnNamespaceError(error)).toBe(false);
    }
    expect(openFiles()).toEqual([]);
  });
});

/** What of those is open in this process. */
function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    const target = targetOf(`/proc/self/fd/${fd}`);
    return target !== undefined && (target.startsWith(dir) || /^(?:mnt|user|net):\[/.test(target))
      ? [target]
      : [];
  });
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    // The folder's own descriptor, closed by now.
    return undefined;
  }
}
