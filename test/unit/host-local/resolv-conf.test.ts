import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseResolvConf, readResolvConf } from '../../../ipam/host-local/resolv-conf.ts';

test('is read as the reference reads it', () => {
  const text = [
    '# a comment',
    '; another one',
    '',
    'nameserver 192.0.2.1',
    '  nameserver\t2001:db8::1  trailing words',
    'nameserver',
    'domain first.example',
    'domain last.example',
    'search a.example b.example',
    'search c.example',
    'options timeout:1 ndots:2',
    'options edns0',
    'sortlist 10.0.0.0',
  ].join('\r\n');
  expect(parseResolvConf(text)).toEqual({
    nameservers: ['192.0.2.1', '2001:db8::1'],
    domain: 'last.example',
    search: ['a.example', 'b.example', 'c.example'],
    options: ['timeout:1', 'ndots:2', 'edns0'],
  });
});

test('has only what is in it', () => {
  expect(parseResolvConf('')).toEqual({});
  expect(parseResolvConf('search x\n')).toEqual({ search: ['x'] });
});

test('that cannot be read is an error that names field and path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-resolv-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'resolv.conf');
  writeFileSync(file, 'nameserver 192.0.2.1\n');
  expect(readResolvConf(file)).toEqual({ nameservers: ['192.0.2.1'] });
  const refused = (path: string) =>
    expect(() => readResolvConf(path)).toThrow(
      expect.objectContaining({ code: 5, message: expect.stringMatching(`^ipam.resolvConf: ${path} `) }),
    );
  refused(join(folder, 'none'));
  refused(folder);
  refused('/dev/zero');
});
