/** What programs and the kernel print, read. */
import { describe, expect, test } from 'vitest';
import { seriesIn } from '../../../../cli/topology/read/inside.ts';
import { parseLinks, readVlans } from '../../../../cli/topology/read/links.ts';
import { mountsIn } from '../../../../cli/topology/read/namespaces.ts';
import { podIn } from '../../../../cli/topology/read/pods.ts';
import { rangesOf } from '../../../../cli/topology/read/ranges.ts';
import { masqueradeInIptables } from '../../../../cli/topology/read/rules.ts';
import type { Host } from '../../../../lib/exec/host.ts';
import { alias, label } from './made-up.ts';

const printed = (more: object): string =>
  `${JSON.stringify([{ ifindex: 2, ifname: 'eth0', flags: ['UP'], mtu: 1500, ...more }])}\n`;

describe('links', () => {
  test('have their state, and addresses without those of the link alone', () => {
    const [one] = parseLinks(
      printed({
        ...{ flags: ['UP', 'LOWER_UP'], address: '02:00:00:00:00:01', link_index: 7, link_netnsid: 3 },
        linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: { isolated: true } },
        addr_info: [
          { family: 'inet', local: '10.0.0.2', prefixlen: 24, scope: 'global' },
          { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
          {},
        ].slice(0, 2),
      }),
    );
    expect(one).toMatchObject({
      ...{ kind: 'veth', state: 'up', lowerIndex: 7, lowerNetns: 3, isolated: true },
      addresses: ['10.0.0.2/24'],
    });
    expect(parseLinks(printed({}))[0]?.state).toBe('no-carrier');
    expect(parseLinks(printed({ flags: [] }))[0]?.state).toBe('down');
    expect(parseLinks('[{},{}]')).toEqual([]);
  });

  test('may have control characters in their aliases, which ip prints as they are', () => {
    const text = printed({ ifalias: 'ESC' }).replace('ESC', '\u001b[31m\u0007');
    expect(parseLinks(text)[0]?.alias).toBe('\u001b[31m\u0007');
  });

  test.each(['', '{', '[{"ifname": 1}]'])('%j is refused', (text) => {
    expect(() => parseLinks(text)).toThrow(/form that is not known/);
  });

  test('of a namespace that cannot be understood do not hide the others', () => {
    const numbers = '[{"name":"node","id":7}]\n';
    const found = seriesIn(
      `3\n4\n${printed({})}${numbers}5\n[{"ifname": 1}]\n6\n${printed({ ifname: 'net1' })}[{"name":"node"}]\n`,
    );
    expect(found.map(([place, { links, numberOfNode }]) => [place, links?.[0]?.name, numberOfNode])).toEqual([
      [4, 'eth0', 7],
      [6, 'net1', undefined],
    ]);
  });
});

describe('VLANs of a bridge port', () => {
  const untagged = ['PVID', 'Egress Untagged'];
  test.each([
    [[{ vlan: 10, flags: untagged }], { mode: 'access', tag: 10 }],
    [[{ vlan: 10 }, { vlan: 20, vlanEnd: 30 }], { mode: 'trunk', trunks: '10,20-30' }],
    [[{ vlan: 1, flags: untagged }, { vlan: 2 }], { mode: 'native-untagged', tag: 1, trunks: '1-2' }],
    [[{ vlan: 1, flags: ['PVID'] }, { vlan: 5 }], { mode: 'native-tagged', tag: 1, trunks: '1,5' }],
    [[], undefined],
  ])('%j', async (vlans, expected) => {
    const stdout = JSON.stringify([{ ifname: 'veth0', vlans }]);
    const host = { runner: { run: async () => ({ status: 0, stdout, stderr: '' }) } } as unknown as Host;
    expect((await readVlans(host)).get('veth0')).toEqual(expected);
  });

  test('are none where ip prints nothing', async () => {
    const host = { runner: { run: async () => ({ status: 0, stdout: '', stderr: '' }) } } as unknown as Host;
    expect((await readVlans(host)).size).toBe(0);
  });
});

test('numbers are joined to ranges', () => {
  expect(
    rangesOf([
      [5, 5],
      [1, 2],
      [3, 3],
      [10, 20],
      [15, 25],
    ]),
  ).toBe('1-3,5,10-25');
  expect(rangesOf([])).toBe('');
});

test('mounts of network namespaces', () => {
  const text = [
    '22 28 0:21 / /proc rw,nosuid - proc proc rw',
    '99 28 0:4 net:[4026532281] /run/netns/blue rw shared:5 - nsfs nsfs rw',
    '98 28 0:4 mnt:[4026532282] /run/snapd/ns/lxd.mnt rw - nsfs nsfs rw',
    '97 28 0:4 net:[4026532283] /var/a\\040b rw - nsfs nsfs rw',
  ].join('\n');
  expect(mountsIn(text)).toEqual([
    { inode: 4026532281, path: '/run/netns/blue' },
    { inode: 4026532283, path: '/var/a b' },
  ]);
});

test('masquerading by iptables, by the comment of the jump', () => {
  const listing = [
    '-P POSTROUTING ACCEPT',
    `-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "${alias('c1')}" -j PLUMBLINE-0123456789abcde`,
    '-A POSTROUTING -s 10.88.0.3/32 -m comment --comment "name: pods" -j CNI-0123',
    '-A POSTROUTING -j KUBE-POSTROUTING',
  ].join('\n');
  expect(masqueradeInIptables(listing)).toEqual([{ label: label('c1'), address: '10.88.0.2' }]);
});

describe('pods out of kept results', () => {
  const kept = (args: unknown): string =>
    JSON.stringify({ kind: 'cniCacheV1', containerId: 'c1', cniArgs: args });
  test.each([
    [
      kept([
        ['K8S_POD_NAMESPACE', 'default'],
        ['K8S_POD_NAME', 'web-0'],
      ]),
      ['c1', 'default/web-0'],
    ],
    [kept([['K8S_POD_NAME', 'web-0']]), ['c1', 'web-0']],
    [kept([['IgnoreUnknown', '1'], 'x', null]), undefined],
    [kept('x'), undefined],
    ['{', undefined],
    ['[]', undefined],
  ])('%s', (text, expected) => expect(podIn(text)).toEqual(expected));
});
