import { describe, expect, test } from 'vitest';
import { fileFacts, iptablesFacts, linkFacts, nftFacts } from '../support/facts.ts';
import { compare, mentions } from '../support/leaks.ts';
import { describeChildren, parseStrace } from '../support/strace.ts';

describe('parseStrace', () => {
  test('threads are no processes, and an exec chain is one', () => {
    const children = parseStrace(
      [
        '10 execve("/opt/cni/bin/x", ["x"], 0x7ff /* 3 vars */) = 0',
        '10 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD|CLONE_SYSVSEM, exit_signal=0} => {parent_tid=[11]}, 88) = 11',
        '11 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 12',
        '12 execve("/nowhere/nsenter", ["nsenter"], 0x2f /* 35 vars */) = -1 ENOENT (No such file or directory)',
        '12 execve("/usr/bin/nsenter", ["nsenter", "--net=/proc/1/fd/3", "sh"], 0x2f /* 35 vars */) = 0',
        '12 execve("/usr/bin/sh", ["sh", "-ec", "a \\"b\\"\\n"], 0x2f /* 35 vars */) = 0',
        '12 execve("/usr/bin/ip", ["ip", "-batch", "-"], 0x2f /* 35 vars */) = 0',
      ].join('\n'),
    );
    expect(children).toEqual([
      {
        pid: 12,
        parent: 10,
        exec: [
          ['nsenter', '--net=/proc/1/fd/3', 'sh'],
          ['sh', '-ec', 'a "b"\n'],
          ['ip', '-batch', '-'],
        ],
      },
    ]);
    expect(describeChildren(children)).toContain('-> ip -batch -');
  });

  test('calls that are told in two parts', () => {
    const children = parseStrace(
      [
        '20 vfork( <unfinished ...>',
        '21 execve("/bin/ip", ["ip", "-V"], 0x56 /* 1 var */ <unfinished ...>',
        '20 <... vfork resumed>)              = 21',
        '21 <... execve resumed>)             = 0',
        '20 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0} <unfinished ...>',
        '20 <... clone3 resumed> => {parent_tid=[22]}, 88) = 22',
        '20 fork() = -1 EAGAIN (Resource temporarily unavailable)',
        '21 fork() = 23',
      ].join('\n'),
    );
    expect(children).toEqual([
      { pid: 21, parent: 20, exec: [['ip', '-V']] },
      { pid: 23, parent: 21, exec: [] },
    ]);
  });
});

describe('what may stay', () => {
  const leftOf = (facts: ReturnType<typeof nftFacts>, marks: readonly string[] = []): readonly string[] =>
    compare([], facts, { marks }).left;
  const ruleset = (...nftables: readonly unknown[]): unknown => ({
    nftables: [{ metainfo: { version: '1' } }, ...nftables],
  });
  const table = { table: { family: 'inet', name: 'plumbline', handle: 1 } };
  const base = {
    chain: { family: 'inet', table: 'plumbline', name: 'post', handle: 2, hook: 'postrouting' },
  };
  const rule = (chain: string, ...expr: readonly unknown[]): unknown => ({
    rule: { family: 'inet', table: 'plumbline', chain, handle: 3, expr },
  });

  test('nft: tables, base chains and their rules, empty maps', () => {
    const map = {
      map: { family: 'inet', table: 'plumbline', name: 'm', type: 'ipv4_addr', map: 'verdict', handle: 4 },
    };
    expect(leftOf(nftFacts(ruleset(table, base, map, rule('post', { vmap: '@m' }))))).toEqual([]);
  });

  test('nft: no elements, no other chains', () => {
    const map = {
      map: { family: 'inet', table: 'plumbline', name: 'm', elem: [['10.0.0.2', { goto: { target: 'c' } }]] },
    };
    const chain = { chain: { family: 'inet', table: 'plumbline', name: 'c', handle: 5 } };
    const left = leftOf(nftFacts(ruleset(table, base, map, chain, rule('c', { masquerade: null }))));
    expect(left.map((text) => text.split(' ').slice(0, 4).join(' '))).toEqual([
      'nft element inet plumbline',
      'nft chain inet plumbline',
      'nft rule inet plumbline',
    ]);
  });

  test('nft: not even a rule of a base chain, where it names a container', () => {
    const facts = nftFacts(ruleset(table, base, rule('post', { match: '10.0.0.2' })));
    expect(leftOf(facts)).toEqual([]);
    expect(leftOf(facts, ['10.0.0.2'])).toHaveLength(1);
  });

  test('nft: counters and handles are no difference', () => {
    const listed = (packets: number, handle: number): unknown =>
      ruleset({
        rule: {
          family: 'ip',
          table: 't',
          chain: 'c',
          handle,
          expr: [{ counter: { packets, bytes: 1 } }, 'x'],
        },
      });
    expect(compare(nftFacts(listed(1, 2)), nftFacts(listed(3, 4)))).toEqual({ left: [], missing: [] });
  });

  test('iptables: what portmap makes once, and nothing of a container', () => {
    const facts = iptablesFacts(
      'iptables',
      [
        '*nat',
        ':POSTROUTING ACCEPT [3:180]',
        ':CNI-HOSTPORT-DNAT - [0:0]',
        ':CNI-HOSTPORT-MASQ - [0:0]',
        ':CNI-DN-0123456789abcdef01234 - [0:0]',
        '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
        '-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE',
        '-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 8080 -j CNI-DN-0123456789abcdef01234',
        '-A POSTROUTING -s 10.22.0.2/32 -j MASQUERADE',
        'COMMIT',
      ].join('\n'),
    );
    expect(leftOf(facts)).toEqual([
      'iptables -t nat chain CNI-DN-0123456789abcdef01234 -',
      'iptables -t nat -A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 8080 -j CNI-DN-0123456789abcdef01234',
      'iptables -t nat -A POSTROUTING -s 10.22.0.2/32 -j MASQUERADE',
    ]);
  });

  test('files: locks, the last address, boot markers, folders', () => {
    const file = (path: string, content = ''): Parameters<typeof fileFacts>[0][number] => ({
      path,
      kind: 'file',
      size: content.length,
      content,
    });
    const stays = [
      file('/d/net/lock'),
      file('/d/net/last_reserved_ip.0', '10.0.0.2'),
      file('/d/.plumbline/net/boot.0123456789abcdef', 'x'),
      file('/run/plumbline/locks/a7'),
      { path: '/d/net', kind: 'folder' as const, size: 0, content: '' },
    ];
    const goes = [
      file('/d/net/10.0.0.2', 'id\r\neth0'),
      file('/d/.plumbline/net/0123456789abcdef'),
      file('/run/plumbline/locks/0123456789abcdef'),
      file('/run/plumbline/state', '{}'),
    ];
    const left = compare([], fileFacts([...stays, ...goes])).left;
    expect(left.map((text) => text.split(' ')[1])).toEqual(goes.map(({ path }) => path));
  });

  test('a folder may not, where it names a container', () => {
    const facts = fileFacts([
      { path: '/run/plumbline/0123456789abcdef', kind: 'folder', size: 0, content: '' },
    ]);
    expect(leftOf(facts)).toEqual([]);
    expect(leftOf(facts, ['0123456789abcdef'])).toHaveLength(1);
  });

  test('links: a bridge and its VLAN gateway', () => {
    const links = [
      { ifname: 'cni0', linkinfo: { info_kind: 'bridge' }, flags: ['UP'] },
      { ifname: 'cni0.100', link: 'cni0', linkinfo: { info_kind: 'vlan' } },
      { ifname: 'eth0.100', link: 'eth0', linkinfo: { info_kind: 'vlan' } },
      { ifname: 'veth1', linkinfo: { info_kind: 'veth' }, master: 'cni0' },
    ];
    expect(leftOf(linkFacts(links)).map((text) => text.split(' ')[1])).toEqual(['eth0.100', 'veth1']);
  });

  test('what others had must not go, nor change', () => {
    const link = (master: string): ReturnType<typeof linkFacts> =>
      linkFacts([{ ifname: 'eth0', address: '02:00:00:00:00:01', mtu: 1500, master }]);
    const { left, missing } = compare(link('br0'), link('br1'));
    expect([left.length, missing.length]).toEqual([1, 1]);
    expect(compare(link('br0'), link('br1'), { allow: [/^link eth0 /] })).toEqual({ left: [], missing: [] });
  });
});

test('mentions finds hashes anywhere, and addresses as whole words', () => {
  expect(mentions('comment plumbline:0123456789abcdef-x', '0123456789abcde')).toBe(true);
  expect(mentions('"addr": "10.22.0.2"', '10.22.0.2')).toBe(true);
  expect(mentions('10.22.0.2/32', '10.22.0.2')).toBe(true);
  expect(mentions('10.22.0.21', '10.22.0.2')).toBe(false);
  expect(mentions('fd00::2:1', 'fd00::2')).toBe(false);
});
