import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLog, type Log } from '../../../lib/cni/log.ts';

function logTo(file: string | undefined, level?: string): { log: Log; stderr: string[] } {
  const stderr: string[] = [];
  const write = (line: string): void => void stderr.push(line);
  return {
    log: createLog({ level, file, command: 'ADD', containerId: 'c1', plugin: 'p', stderr: write }),
    stderr,
  };
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-log-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

describe('logLevel', () => {
  test.each([
    [undefined, ['error', 'warn']],
    ['error', ['error']],
    ['panic', ['error']],
    ['warn', ['error', 'warn']],
    ['WARNING', ['error', 'warn']],
    ['Info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']],
    ['verbose', ['error', 'warn', 'info', 'debug']],
  ])('%s lets through %j', (level, expected) => {
    const { log, stderr } = logTo(undefined, level);
    for (const at of ['error', 'warn', 'info', 'debug'] as const) log.log(at, 'event');
    expect(stderr.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(expected);
  });

  test.each(['loud', 'constructor', '__proto__', 'toString', 'x'.repeat(100_000)])(
    'that is unknown is the default one, with one warning: %j',
    (level) => {
      const { log, stderr } = logTo(undefined, level);
      expect(log.level).toBe('warn');
      expect(stderr).toEqual([
        expect.stringMatching(/^\{.{1,500}logLevel: .* is none of error, warn, info, debug/),
      ]);
      log.log('error', 'event');
      expect(stderr).toHaveLength(2);
    },
  );
});

describe('a log line', () => {
  test('is JSON, one line, with what it is about', () => {
    const { log, stderr } = logTo(undefined);
    log.log('error', 'two\nlines', { network: '"; x' });
    expect(stderr).toHaveLength(1);
    expect(stderr[0]).not.toContain('\n');
    expect(JSON.parse(stderr[0] ?? '')).toMatchObject({
      level: 'error',
      plugin: 'p',
      command: 'ADD',
      containerId: 'c1',
      message: 'two\nlines',
      network: '"; x',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('is appended to logFile', () => {
    const file = join(folder(), 'log');
    writeFileSync(file, 'before\n');
    logTo(file).log.log('error', 'one');
    logTo(file).log.log('error', 'two');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toEqual(['before', expect.stringContaining('"one"'), expect.stringContaining('"two"')]);
  });

  test('never goes through a symbolic link', () => {
    const dir = folder();
    writeFileSync(join(dir, 'shadow'), 'secret');
    symlinkSync(join(dir, 'shadow'), join(dir, 'log'));
    const { log, stderr } = logTo(join(dir, 'log'));
    log.log('error', 'event');
    expect(readFileSync(join(dir, 'shadow'), 'utf8')).toBe('secret');
    expect(stderr).toEqual([expect.stringContaining('"event"'), expect.stringContaining('ELOOP')]);
  });

  test.each(['/nowhere/at/all/log', '/tmp', '/tmp/a\0b', `/tmp/${'x'.repeat(5000)}`, '/nowhere/\n"x'])(
    'goes to stderr where logFile cannot be written: %j',
    (file) => {
      const { log, stderr } = logTo(file);
      log.log('error', 'event');
      expect(stderr.map((line) => JSON.parse(line) as unknown)).toMatchObject([
        { message: 'event' },
        { level: 'warn' },
      ]);
    },
  );

  test.each(['no-such.log', '../no-such.log', './x/../no-such.log', '~/no-such.log'])(
    'goes to stderr where logFile is relative: %j',
    (file) => {
      const { log, stderr } = logTo(file);
      log.log('error', 'event');
      expect(stderr).toEqual([
        expect.stringContaining('is no absolute path'),
        expect.stringContaining('"event"'),
      ]);
      expect(existsSync(file)).toBe(false);
    },
  );
});
