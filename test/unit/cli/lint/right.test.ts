/** `plumbline lint` says nothing of what is right. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lintText } from '../../../../cli/lint/file.ts';
import { lintFiles } from '../../../../cli/lint/files.ts';
import { formatFinding } from '../../../../cli/lint/finding.ts';
import { repoRoot } from '../../../support/paths.ts';

describe('what is right is not blamed', () => {
  const examples = (folder: string): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.conf(list)?$/.test(name))
      .map((name) => join(folder, name));

  test.each(examples(join(repoRoot, 'conf-examples')))('%s', (file) => {
    expect(lintFiles([file]).findings).toEqual([]);
  });

  const peers = examples(join(import.meta.dirname, 'peers'));

  test.each(peers)('%s', (file) => {
    expect(lintFiles([file]).findings.map(formatFinding)).toEqual([]);
  });

  test('keys in another case, nulls, empty texts', () => {
    const text = '{"NAME": "a", "Type": "bridge", "macSpoofChk": true, "vlan": null, "mac": "", "IPAM": {}}';
    expect(lintText('a.conf', text).findings).toEqual([]);
  });
});

describe('names that anybody may choose', () => {
  test.each(['cnv-bridge', 'macvtap', 'win-bridge', 'ovn', 'ib-sriov-cni', 'my-macvlan', 'vpp'])(
    'type %s',
    (type) => {
      expect(lintText('a.conf', JSON.stringify({ name: 'a', type, key: 5 })).findings).toEqual([]);
    },
  );

  test.each(['my-ipam', 'nodelocal-static', 'dhcp6'])('ipam.type %s', (type) => {
    expect(
      lintText('a.conf', JSON.stringify({ name: 'a', type: 'bridge', ipam: { type, key: 5 } })).findings,
    ).toEqual([]);
  });

  test.each([
    ['osv', 'ovs'],
    ['maclvan', 'macvlan'],
    ['brigde', 'bridge'],
  ])('but type %s is meant for %s', (type, meant) => {
    const [finding] = lintText('a.conf', JSON.stringify({ name: 'a', type })).findings;
    expect(finding?.message).toMatch(new RegExp(`did you mean ${meant}\\?$`));
  });
});
