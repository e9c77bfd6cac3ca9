/** `plumbline doctor` on a made-up machine: its kernel, its tools, its settings. */
import { describe, expect, test } from 'vitest';
import { checkKernel, isOlder } from '../../../../cli/doctor/kernel.ts';
import type { Need } from '../../../../cli/doctor/needs.ts';
import { checkSettings } from '../../../../cli/doctor/settings.ts';
import { checkTools } from '../../../../cli/doctor/tools.ts';
import type { RunResult } from '../../../../lib/exec/runner.ts';
import { type Answer, find, hostWith, needs, networkOf, told } from './made-up.ts';

describe('versions', () => {
  test.each([
    ['5.4.0-150-generic', '5.10', true],
    ['5.10.0', '5.10', false],
    ['6.1', '5.10', false],
    ['0.9.6', '0.9.7', true],
    ['1.0', '0.9.7', false],
    ['5', '5.10', true],
    ['', '5.10', false],
  ])('%s is older than %s: %s', (version, oldest, expected) => {
    expect(isOlder(version, oldest)).toBe(expected);
  });
});

describe('the kernel', () => {
  const answer = (stdout: string, more: Partial<RunResult> = {}) =>
    hostWith({ '/proc/sys/kernel/osrelease': '6.1.0' }, () => ({ stdout, ...more }));

  test('is tried in a namespace of its own', async () => {
    const runs: (readonly string[])[] = [];
    const note: Answer = (program, args) => {
      runs.push([program, ...args]);
      return {};
    };
    await checkKernel(hostWith({}, note), needs());
    expect(runs.map((run) => run.slice(0, 4))).toEqual([['unshare', '--net', '--', 'sh']]);
  });

  test('what is missing is a problem where a network needs it', async () => {
    const checks = await checkKernel(
      answer('bridge ok\nvlan-filtering no Operation not supported\nipvlan no Unknown device type.\n'),
      needs('vlan'),
    );
    expect(told(checks)).toEqual({
      version: 'ok',
      netns: 'ok',
      bridge: 'ok',
      'vlan-filtering': 'problem',
      ipvlan: 'warning',
    });
    expect(find(checks, 'vlan-filtering')).toMatchObject({
      message:
        'VLAN filtering of a bridge: not to be had (Operation not supported), and network "net" needs it',
      remedy: 'use a kernel with CONFIG_BRIDGE_VLAN_FILTERING',
    });
  });

  test('is not tried where that is not allowed', async () => {
    const host = answer('', { status: 1, stderr: 'unshare: unshare failed: Operation not permitted' });
    expect(find(await checkKernel(host, needs()), 'netns')).toMatchObject({
      status: 'warning',
      remedy: 'run this as root',
    });
    const without = hostWith({}, () => ({}), ['ip']);
    expect(find(await checkKernel(without, needs()), 'features')).toMatchObject({ status: 'warning' });
  });

  test('an old one is told', async () => {
    const checks = await checkKernel(hostWith({ '/proc/sys/kernel/osrelease': '4.19.0-6' }), needs());
    expect(find(checks, 'version')).toMatchObject({ status: 'warning', message: 'Linux 4.19.0-6' });
  });
});

describe('tools', () => {
  test('that are missing', async () => {
    const checks = await checkTools(
      hostWith({}, () => ({ stdout: 'v 9.9.9' }), ['flock', 'nft', 'ovsdb-client', 'bridge']),
      needs('masquerade'),
    );
    expect(told(checks)).toMatchObject({
      ip: 'ok',
      flock: 'problem',
      nft: 'problem',
      'ovsdb-client': 'warning',
      bridge: 'warning',
    });
    expect(find(checks, 'nft')).toMatchObject({
      message: 'the program "nft" is not installed, and network "net" needs it',
      remedy: 'apt-get install nftables',
    });
  });

  test('that are old, or do not run', async () => {
    const versions: Readonly<Record<string, Partial<RunResult>>> = {
      ip: { stdout: 'ip utility, iproute2-5.4.0' },
      nft: { stdout: 'nftables v1.0.6 (Lester Gooch #5)' },
      nsenter: { status: 127, stderr: 'nsenter: error while loading shared libraries' },
    };
    const checks = await checkTools(
      hostWith({}, (program) => versions[program] ?? { stdout: '2.38.1' }),
      needs(),
    );
    expect(find(checks, 'ip')).toMatchObject({ status: 'warning', message: 'version 5.4.0' });
    expect(find(checks, 'nft')).toMatchObject({ status: 'ok', message: '1.0.6' });
    expect(find(checks, 'nsenter')).toMatchObject({
      status: 'problem',
      message: expect.stringMatching(/^does not run: nsenter: error/),
    });
  });
});

describe('settings', () => {
  const gateway = networkOf({ type: 'veth-bridge', bridge: 'br7', isGateway: true });
  const check = (files: Readonly<Record<string, string>>, ...list: readonly Need[]) =>
    checkSettings(hostWith(files), [gateway], needs(...list));

  test('forwarding that somebody has turned off', () => {
    const off = { '/proc/sys/net/ipv4/ip_forward': '0' };
    expect(told(check(off, 'gateway'))).toEqual({ 'net.ipv4.ip_forward': 'ok' });
    const used = { ...off, '/sys/class/net/br7/ifindex': '5' };
    expect(find(check(used, 'gateway'), 'net.ipv4.ip_forward')).toMatchObject({
      status: 'problem',
      remedy: 'sysctl -w net.ipv4.ip_forward=1, and a file below /etc/sysctl.d',
    });
  });

  test("bridges' frames pass iptables on nodes of Kubernetes", () => {
    const name = 'net.bridge.bridge-nf-call-iptables';
    expect(told(check({}, 'bridge'))).toEqual({ [name]: 'ok' });
    const kubernetes = { '/var/lib/kubelet/config.yaml': '' };
    expect(find(check(kubernetes, 'bridge'), name)).toMatchObject({
      status: 'warning',
      remedy: expect.stringMatching(/^modprobe br_netfilter/),
    });
    expect(
      told(check({ ...kubernetes, '/proc/sys/net/bridge/bridge-nf-call-iptables': '1' }, 'bridge')),
    ).toEqual({ [name]: 'ok' });
  });

  test('IPv6 that is off, few watches, a full table of connections', () => {
    const files = {
      '/proc/sys/net/ipv6/conf/all/disable_ipv6': '1',
      '/proc/sys/fs/inotify/max_user_instances': '128',
      '/proc/sys/fs/inotify/max_user_watches': '200000',
      '/proc/sys/net/netfilter/nf_conntrack_count': '99',
      '/proc/sys/net/netfilter/nf_conntrack_max': '100',
    };
    expect(told(check(files, 'ipv6'))).toEqual({
      'net.ipv6.conf.all.disable_ipv6': 'warning',
      'fs.inotify.max_user_instances': 'warning',
      'fs.inotify.max_user_watches': 'ok',
      'net.netfilter.nf_conntrack_max': 'warning',
    });
  });
});
