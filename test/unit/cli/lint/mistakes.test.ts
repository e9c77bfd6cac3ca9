/** `plumbline lint` tells every mistake of a file, each at its place. */
import { describe, expect, test } from 'vitest';
import { lintText } from '../../../../cli/lint/file.ts';
import { formatFinding } from '../../../../cli/lint/finding.ts';
import { mistakes } from './mistakes.ts';

describe('a mistake is told at its line and column', () => {
  test('there are enough of them', () => {
    expect(Object.keys(mistakes).length).toBeGreaterThanOrEqual(60);
  });

  test.each(Object.entries(mistakes))('%s', (_, { file, text, says, level = 'error' }) => {
    const before = text.slice(0, text.indexOf('⟦')).split('\n');
    const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    const { findings } = lintText(file, text.replace('⟦', ''));
    expect(findings.map(formatFinding)).toHaveLength(1);
    expect(findings[0]).toMatchObject({ file, ...place, level, message: expect.stringMatching(says) });
  });

  test('with ends of lines as in Windows, too', () => {
    const { findings } = lintText(
      'a.conf',
      '{\r\n  "name": "a",\r\n  "type": "bridge",\r\n  "mtu": "1"\r\n}\r\n',
    );
    expect(findings).toMatchObject([{ line: 4, column: 10, field: 'mtu' }]);
  });
});

describe('all mistakes of a file are told at once', () => {
  test('what does not fit, what does not go together, and what nobody reads', () => {
    const { findings } = lintText(
      'all.conflist',
      `{
  "name": "all",
  "plugins": [
    {
      "type": "veth-bridge",
      "bridge": "all0",
      "isGatway": true,
      "hairpinMode": true,
      "promiscMode": true,
      "vlan": 5000,
      "mac": "ff:ff:ff:ff:ff:ff",
      "ipam": {
        "type": "host-local",
        "ranges": [
          [{ "subnet": "10.1.0.0/24" }, { "subnet": "10.2.0.1/24" }],
          [{ "subnet": "10.1.0.0/25" }],
          [{ "subnet": "fd00::/64", "rangeStart": "fd01::1" }]
        ]
      }
    }
  ]
}`,
    );
    expect(findings.map(({ line, message }) => `${line} ${message.split(/[:;] /)[0]}`)).toEqual([
      '7 isGatway',
      '8 hairpinMode and promiscMode exclude each other (true, true)',
      '10 vlan',
      '11 mac',
      '15 ipam.ranges[0][1].subnet',
      '16 ipam.ranges[1]',
      '17 ipam.ranges[2][0].rangeStart',
    ]);
  });

  test('one fault of the syntax a line', () => {
    const { findings } = lintText('a.conf', '{\n  type: "bridge",\n  name: "net"\n}\n');
    expect(findings.map(({ line, column }) => `${line}:${column}`)).toEqual(['2:3', '3:3']);
  });

  test('the path of a field is that of the file', () => {
    const { findings } = lintText(
      'a.conflist',
      '{"name": "a", "plugins": [{"type": "ovs", "bridge": "b", "mtu": 1}]}',
    );
    expect(findings.map(({ field }) => field)).toEqual(['plugins[0].mtu']);
  });
});
