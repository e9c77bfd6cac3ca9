/** `plumbline doctor` on made-up nodes: each check by itself, and what is printed of them. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { recordPath } from '../../../../cli/attach/record.ts';
import { checkAddresses } from '../../../../cli/doctor/addresses.ts';
import { tracesOn } from '../../../../cli/doctor/alive.ts';
import { type Check, formatChecks, worstOf } from '../../../../cli/doctor/check.ts';
import { checkKernel, isOlder } from '../../../../cli/doctor/kernel.ts';
import { type Need, needsOf } from '../../../../cli/doctor/needs.ts';
import { checkPlugins, readNetworks } from '../../../../cli/doctor/networks.ts';
import { checkNics } from '../../../../cli/doctor/nics.ts';
import { checkOvs } from '../../../../cli/doctor/ovs.ts';
import { checkSettings } from '../../../../cli/doctor/settings.ts';
import { checkTools } from '../../../../cli/doctor/tools.ts';
import { runCli } from '../../../../cli/index.ts';
import { lintText } from '../../../../cli/lint/file.ts';
import type { Network } from '../../../../cli/lint/network.ts';
import { aliasOf, identify } from '../../../../lib/cni/identity.ts';
import type { Host, Kernel } from '../../../../lib/exec/host.ts';
import type { RunResult } from '../../../../lib/exec/runner.ts';
import { hostWithVfs, sriov, vfAddress } from '../../sriov/made-up.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-doctor-'));
afterAll(() => rmSync(dir, { recursive: true }));

type Answer = (program: string, args: readonly string[]) => Partial<RunResult>;

/** A host whose files and programs are made up. */
function hostWith(
  files: Readonly<Record<string, string>> = {},
  answer: Answer = () => ({}),
  missing: readonly string[] = [],
): Host {
  const names = Object.keys(files);
  const kernel: Kernel = {
    read: (path) => files[path],
    write: () => {
      throw new Error('doctor writes nothing');
    },
    exists: (path) => names.some((name) => name === path || name.startsWith(`${path}/`)),
    list: (path) => [
      ...new Set(
        names.flatMap((name) =>
          name.startsWith(`${path}/`) ? [name.slice(path.length + 1).split('/')[0] ?? ''] : [],
        ),
      ),
    ],
  };
  return {
    runner: {
      has: (program) => !missing.includes(program),
      run: async (program, args) => ({
        status: 0,
        stdout: '',
        stderr: '',
        ...answer(
          program,
          args.map((arg) => (typeof arg === 'object' ? arg.tool : String(arg))),
        ),
      }),
    },
    kernel,
    runDir: '/run/plumbline',
    stateDir: '/var/lib/cni/plumbline',
    executable: '/proc/self/exe',
    openNetns(path) {
      if (files[path] !== 'netns') throw new Error(`${path} is no network namespace`);
      return { path, ref: path, id: '4:1', [Symbol.dispose]: () => undefined };
    },
  };
}

function networkOf(config: Readonly<Record<string, unknown>>): Network {
  const { network } = lintText(
    '10-net.conf',
    JSON.stringify({ cniVersion: '1.0.0', name: 'net', ...config }),
  );
  if (network === undefined) throw new Error('no network');
  return network;
}

const needs = (...list: readonly Need[]) => new Map(list.map((need) => [need, ['net']]));
const told = (checks: readonly Check[]) =>
  Object.fromEntries(checks.map(({ name, status }) => [name, status]));
const find = (checks: readonly Check[], name: string) => checks.find((check) => check.name === name);

describe('what networks need', () => {
  const bridge = { type: 'veth-bridge' };
  const dual = { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]] };

  test.each([
    [bridge, ['bridge']],
    [
      { ...bridge, vlan: 5, isGateway: true, ipMasq: true, macspoofchk: true, ipam: dual },
      ['antispoof', 'bridge', 'gateway', 'ipv6', 'masquerade', 'vlan'],
    ],
    [{ ...bridge, ipMasq: true, ipMasqBackend: 'iptables' }, ['bridge', 'iptables']],
    [{ type: 'ovs', bridge: 'br0', capabilities: { bandwidth: true } }, ['limits', 'ovs']],
    [{ type: 'macvlan', vlan: 5 }, ['macvlan']],
    [{ type: 'calico' }, []],
  ])('%j', (config, expected) => {
    expect([...needsOf([networkOf(config)]).keys()].sort()).toEqual(expected);
  });
});

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

describe('net.d', () => {
  test('that is not there, or empty', () => {
    expect(readNetworks('/nowhere/net.d').checks).toMatchObject([
      { status: 'warning', message: 'there is no such folder: no network is set up' },
    ]);
    expect(readNetworks(mkdtempSync(join(dir, 'empty-'))).checks).toMatchObject([{ status: 'warning' }]);
  });

  test('with a file that is broken', () => {
    const folder = mkdtempSync(join(dir, 'net.d-'));
    writeFileSync(join(folder, '10-good.conf'), '{"name": "good", "type": "bridge"}');
    writeFileSync(join(folder, '20-bad.conflist'), '{\n  "name": "bad",\n  "plugins": [\n}\n');
    writeFileSync(join(folder, '30-late.conf'), '{"name": "late", "type": "bridge", "logLevel": "loud"}');
    const { checks, networks } = readNetworks(folder);
    expect(told(checks)).toEqual({
      '10-good.conf': 'ok',
      '20-bad.conflist': 'problem',
      '30-late.conf': 'warning',
    });
    expect(find(checks, '10-good.conf')?.message).toBe(
      'network "good" (bridge); the one that a runtime takes first',
    );
    expect(find(checks, '20-bad.conflist')).toMatchObject({
      message: expect.stringMatching(/^line 4: /),
      remedy: `plumbline lint ${folder}/20-bad.conflist`,
    });
    expect(networks.map(({ name }) => name)).toEqual(['good', 'late']);
  });

  test('names plugins that are not installed', () => {
    const binDir = mkdtempSync(join(dir, 'bin-'));
    writeFileSync(join(binDir, 'macvlan'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(join(binDir, 'whereabouts'), '', { mode: 0o644 });
    const checks = checkPlugins(
      [
        networkOf({ type: 'macvlan', ipam: { type: 'whereabouts' } }),
        networkOf({ type: 'ovs', bridge: 'b', ipam: { type: 'host-local', subnet: '10.1.0.0/24' } }),
      ],
      binDir,
    );
    expect(told(checks)).toEqual({
      macvlan: 'ok',
      whereabouts: 'problem',
      ovs: 'problem',
      'host-local': 'problem',
    });
    expect(find(checks, 'ovs')?.remedy).toBe(`plumbline install --bin-dir ${binDir}`);
    expect(find(checks, 'whereabouts')?.remedy).toBe(`install it into ${binDir}`);
  });
});

describe('whether a container is there', () => {
  const attachment = { network: 'net', containerId: '0123456789abcdef', ifname: 'eth0' };
  const result = (sandbox: string) => ({
    [`/var/lib/cni/results/net-${attachment.containerId}-eth0`]: JSON.stringify({
      kind: 'cniCacheV1',
      result: { interfaces: [{ name: 'cni0' }, { name: 'eth0', sandbox }] },
    }),
  });
  const attached = (sandbox: string) => ({
    [recordPath('/var/lib/cni/plumbline', attachment)]: JSON.stringify({
      result: { interfaces: [{ name: 'eth0', sandbox }] },
    }),
  });
  const alias = { '/sys/class/net/veth1/ifalias': aliasOf(identify(attachment)) };
  const shim = { '/proc/77/cmdline': `containerd-shim\0-id\0${attachment.containerId}` };

  test.each([
    ['its link is there', alias, true, 'alive'],
    ['its link is gone', {}, true, 'gone'],
    ['its namespace is there', { ...result('/run/netns/a'), '/run/netns/a': 'netns' }, false, 'alive'],
    [
      'a plain file is left of its namespace',
      { ...result('/run/netns/a'), '/run/netns/a': '' },
      false,
      'gone',
    ],
    ['its namespace is gone', result('/run/netns/a'), false, 'gone'],
    ['attach has made it, and its namespace is gone', attached('/run/netns/a'), false, 'gone'],
    ['a process has its ID', shim, false, 'alive'],
    ['nothing shows it', {}, false, 'unseen'],
    [
      'its result is broken',
      { [`/var/lib/cni/results/net-${attachment.containerId}-eth0`]: '{' },
      false,
      'unseen',
    ],
  ] as const)('%s', (_, files, hasHostEnd, expected) => {
    expect(tracesOn(hostWith(files)).of(attachment, hasHostEnd).is).toBe(expected);
  });
});

describe('addresses', () => {
  const boots = {
    '/etc/machine-id': 'm1',
    '/proc/sys/kernel/random/boot_id': 'b2',
    '/sys/class/net/lo/ifindex': '1',
  };

  /** A network whose reservations are made by hand. */
  function made(subnet: string, type = 'veth-bridge') {
    const dataDir = mkdtempSync(join(dir, 'networks-'));
    const folder = join(dataDir, 'net');
    const index = join(dataDir, '.plumbline', 'net');
    mkdirSync(folder);
    mkdirSync(index, { recursive: true });
    const network = networkOf({ type, ipam: { type: 'host-local', subnet, dataDir } });
    const reserve = (address: string, content: string, age = 600): void => {
      writeFileSync(join(folder, address), content);
      const then = Date.now() / 1000 - age;
      utimesSync(join(folder, address), then, then);
    };
    return { folder, index, network, reserve };
  }

  const check = (network: Network, files: Readonly<Record<string, string>> = boots) =>
    checkAddresses(hostWith(files), [network], '/opt/cni/bin');

  test('how many are left', () => {
    const { network, reserve } = made('10.1.0.0/29');
    expect(check(network)).toMatchObject([{ status: 'ok', message: '10.1.0.1-10.1.0.6: 0 used, 5 free' }]);
    for (const host of [2, 3, 4, 5]) reserve(`10.1.0.${host}`, `c${host}\r\neth0`, 0);
    expect(check(network)[0]).toMatchObject({ status: 'ok', message: '10.1.0.1-10.1.0.6: 4 used, 1 free' });
    reserve('10.1.0.6', 'c6\r\neth0', 0);
    expect(check(network)[0]).toMatchObject({
      status: 'problem',
      message: '10.1.0.1-10.1.0.6: 5 used, 0 free',
    });
  });

  test('a tenth or less is a warning', () => {
    const { network, reserve } = made('10.1.0.0/27');
    for (let host = 2; host <= 28; host += 1) reserve(`10.1.0.${host}`, `c${host}\r\neth0`, 0);
    expect(check(network)[0]).toMatchObject({
      status: 'warning',
      message: '10.1.0.1-10.1.0.30: 27 used, 2 free',
    });
  });

  test('millions of IPv6 addresses', () => {
    expect(check(made('fd00::/64').network)[0]?.message).toMatch(/0 used, more than a million free$/);
  });

  test('those of containers that are gone, of an earlier boot, and torn ones', async () => {
    const { network, reserve } = made('10.1.0.0/24', 'macvlan');
    const id = (letter: string) => letter.repeat(64);
    reserve('10.1.0.2', `${id('a')}\r\neth0`);
    reserve('10.1.0.3', `${id('b')}\r\neth0`);
    reserve('10.1.0.4', '');
    reserve('10.1.0.5', `${id('c')}\r\neth0`);
    reserve('10.1.0.6', `${id('d')}\r\neth0`, 1);
    const files = {
      ...boots,
      '/proc/5/cgroup': `0::/kubepods/${id('a')}`,
      [`/var/lib/cni/results/net-${id('b')}-eth0`]: JSON.stringify({
        result: { interfaces: [{ sandbox: '/run/netns/b' }] },
      }),
    };
    const [usage, torn, gone, unseen, ...more] = check(network, files);
    expect(usage?.message).toBe('10.1.0.1-10.1.0.254: 5 used, 248 free');
    expect(torn).toMatchObject({
      status: 'warning',
      message: '1 reservation without content, left by a loss of power: 10.1.0.4',
    });
    expect(gone).toMatchObject({
      status: 'warning',
      message: `1 reservation of containers that no longer exist: 10.1.0.3 (${'b'.repeat(16)}, its namespace /run/netns/b is gone)`,
      remedy: expect.stringContaining(
        `CNI_COMMAND=DEL CNI_CONTAINERID=${id('b')} CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin /opt/cni/bin/macvlan`,
      ),
    });
    expect(unseen).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(/^1 reservation of containers of which nothing.*10\.1\.0\.5/),
    });
    expect(more).toEqual([]);
  });

  test('a folder that is none is told', () => {
    const { network, folder } = made('10.1.0.0/24');
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    expect(check(network)).toMatchObject([
      {
        status: 'problem',
        message: `${folder}: a part of the path is no folder: move it away, or set ipam.dataDir to another folder`,
        remedy: 'correct ipam.dataDir, or what lies there',
      },
    ]);
  });
});

describe('Open vSwitch', () => {
  const network = networkOf({ type: 'ovs', bridge: 'br-int' });
  const answer =
    (bridge: string, cur = 5) =>
    () => ({
      stdout: JSON.stringify([
        { rows: [{ ovs_version: '3.1.0', cur_cfg: cur, next_cfg: 5 }] },
        { rows: [{ name: bridge }] },
      ]),
    });
  const files = {
    '/run/openvswitch/db.sock': '',
    '/run/openvswitch/ovs-vswitchd.pid': '42',
    '/proc/42/stat': '',
  };

  test('answers, and has the bridge', async () => {
    const checks = await checkOvs(hostWith(files, answer('br-int')), [network]);
    expect(told(checks)).toEqual({ database: 'ok', 'ovs-vswitchd': 'ok', 'bridge br-int': 'ok' });
  });

  test('has not the bridge', async () => {
    const checks = await checkOvs(hostWith(files, answer('br-ex')), [network]);
    expect(find(checks, 'bridge br-int')).toMatchObject({
      status: 'problem',
      remedy: 'ovs-vsctl add-br br-int, or set createBridge',
    });
  });

  test('whose daemon is gone, or hangs', async () => {
    const { '/proc/42/stat': _, ...gone } = files;
    expect(told(await checkOvs(hostWith(gone, answer('br-int')), [network]))).toMatchObject({
      'ovs-vswitchd': 'problem',
    });
    expect(told(await checkOvs(hostWith(files, answer('br-int', 4)), [network]))).toMatchObject({
      'ovs-vswitchd': 'problem',
    });
  });

  test('whose database is not there, or does not answer', async () => {
    expect(await checkOvs(hostWith(), [network])).toMatchObject([
      { status: 'problem', message: 'there is no socket /run/openvswitch/db.sock' },
    ]);
    const silent = hostWith(files, () => ({ status: 142, stderr: '' }));
    expect(await checkOvs(silent, [network])).toMatchObject([
      { status: 'problem', message: expect.stringMatching(/has not answered within/) },
    ]);
  });

  test('that nobody uses is not looked at', async () => {
    expect(await checkOvs(hostWith(), [networkOf({ type: 'bridge' })])).toEqual([]);
  });
});

describe('NICs', () => {
  test('that networks name', async () => {
    const host = hostWith({ '/sys/class/net/eth1/operstate': 'up', '/sys/class/net/eth2/operstate': 'down' });
    const checks = await checkNics(host, [
      networkOf({ type: 'macvlan', master: 'eth1' }),
      networkOf({ type: 'veth-bridge', uplink: { device: 'eth2' } }),
      networkOf({ type: 'ipvlan', master: 'eth3', ipam: { type: 'dhcp' } }),
      networkOf({ type: 'macvlan', master: 'eth4', linkInContainer: true }),
      networkOf({ type: 'sriov', master: 'eth5' }),
    ]);
    expect(told(checks)).toEqual({ eth1: 'ok', eth2: 'warning', eth3: 'problem', eth5: 'problem' });
  });

  test('with virtual functions', async () => {
    using host = hostWithVfs(3);
    await sriov(host, 'ADD', { deviceID: vfAddress(0) });
    await sriov(host, 'ADD', { deviceID: vfAddress(1) }, { CNI_CONTAINERID: 'c2' });
    writeFileSync(join(host.stateDir, 'sriov', `${vfAddress(1)}.json`), '{');
    const checks = await checkNics(host, [networkOf({ type: 'sriov', master: 'eth0' })]);
    expect(find(checks, 'eth0')).toMatchObject({
      status: 'ok',
      message: '3 of 7 virtual functions are made, 1 in use (igb)',
    });
    expect(find(checks, vfAddress(1))).toMatchObject({
      status: 'problem',
      message: 'the record of what it was is broken',
    });
  });
});

describe('what is printed', () => {
  const checks: readonly Check[] = [
    { area: 'kernel', name: 'bridge', status: 'ok', message: 'there' },
    {
      area: 'tools',
      name: 'nft',
      status: 'problem',
      message: 'not installed',
      remedy: 'apt-get install nftables',
    },
    { area: 'kernel', name: 'ipvlan', status: 'warning', message: 'not there' },
  ];

  test('by areas, with what to do', () => {
    expect(formatChecks(checks)).toBe(
      [
        'kernel',
        '  ok       bridge: there',
        '  warning  ipvlan: not there',
        'tools',
        '  problem  nft: not installed',
        '           -> apt-get install nftables',
        '1 ok, 1 warning, 1 problem',
        '',
      ].join('\n'),
    );
  });

  test('the worst counts', () => {
    expect(worstOf(checks)).toBe('problem');
    expect(worstOf(checks.filter(({ status }) => status !== 'problem'))).toBe('warning');
    expect(worstOf([])).toBe('ok');
  });

  test('arguments that make no sense: exit status 2', async () => {
    let stderr = '';
    const io = { stdout: { write: () => undefined }, stderr: { write: (text: string) => (stderr += text) } };
    expect(await runCli(['doctor', '/etc'], io)).toBe(2);
    expect(stderr).toMatch(/Unexpected argument '\/etc'/);
  });
});
