/** What attach makes of its options, as --print-config shows it; the rest is test/e2e/runtime/attach.test.ts. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { delChain } from '../../../../cli/attach/call.ts';
import { recordsOf } from '../../../../cli/attach/detach.ts';
import { fitChain, yieldDefaultRoutes } from '../../../../cli/attach/fit.ts';
import { formatAttachments, type Listed } from '../../../../cli/attach/list.ts';
import { pluginPath } from '../../../../cli/attach/plugins.ts';
import { readRecords, writeRecord } from '../../../../cli/attach/record.ts';
import { readWishes } from '../../../../cli/attach/wishes.ts';
import { runCli } from '../../../../cli/index.ts';
import { parseChain } from '../../../../cli/network/chain.ts';
import type { JsonObject } from '../../../../lib/cni/json.ts';
import { recordingHost } from '../../../support/recording-host.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-attach-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const code = await runCli(['attach', ...argv], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

async function printed(...argv: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await run(...argv, '--print-config');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const made = (name: string, plugin: Record<string, unknown>) => ({
  cniVersion: '1.0.0',
  cniVersions: ['1.0.0', '1.1.0'],
  name,
  plugins: [plugin],
});

test.each([
  [['ovs', '--bridge', 'br-int'], made('attach-ovs-br-int', { type: 'ovs', bridge: 'br-int' })],
  [
    ['ovs', '--bridge', 'br-int', '--vlan', '100'],
    made('attach-ovs-br-int-100', { type: 'ovs', bridge: 'br-int', vlan: 100 }),
  ],
  [
    ['macvlan', '--master', 'eth0', '--mode', 'private'],
    made('attach-macvlan-eth0', { type: 'macvlan', master: 'eth0', mode: 'private' }),
  ],
  [
    ['veth-bridge', '--bridge', 'br@1', '--ip', '192.168.1.3/24@192.168.1.254', '--ip', 'fd00::3/64'],
    made('attach-veth-bridge-br_1', {
      type: 'veth-bridge',
      bridge: 'br@1',
      ipam: {
        type: 'host-local',
        ranges: [
          [
            {
              subnet: '192.168.1.0/24',
              rangeStart: '192.168.1.3',
              rangeEnd: '192.168.1.3',
              gateway: '192.168.1.254',
            },
          ],
          [{ subnet: 'fd00::/64', rangeStart: 'fd00::3', rangeEnd: 'fd00::3', gateway: 'fd00::1' }],
        ],
        routes: [{ dst: '0.0.0.0/0', gw: '192.168.1.254' }],
      },
    }),
  ],
])('without a file: --plugin %j', async (args, config) => {
  expect(await printed('--plugin', ...args)).toEqual(config);
});

test("the subnet's first address can be had: host-local then keeps another one for a gateway", async () => {
  expect(await printed('--plugin', 'macvlan', '--master', 'eth0', '--ip', '10.0.0.1/8')).toMatchObject({
    plugins: [{ ipam: { ranges: [[{ rangeStart: '10.0.0.1', gateway: '10.0.0.2' }]], routes: [] } }],
  });
});

test.each([
  [['--plugin', 'ovs'], '--plugin ovs needs --bridge'],
  [
    ['--plugin', 'bridge', '--bridge', 'b'],
    '--plugin: "bridge", expected one of veth-bridge, ovs, macvlan, ipvlan, sriov',
  ],
  [['--plugin', 'ovs', '--bridge', 'b', '--mode', 'l2'], '--plugin ovs has no --mode'],
  [['--plugin', 'ovs', '--bridge', 'b', '--master', 'm'], '--bridge and --master exclude each other'],
  [['--plugin', 'ovs', '--network', 'x'], '--network and --plugin exclude each other'],
  [[], '--network NAME or --plugin PLUGIN is missing'],
  [['--network', 'x', '--bridge', 'b'], '--bridge belongs to --plugin, and a network says it itself'],
  [
    ['--network', 'x', '--ip', 'dhcp'],
    /^--ip: "dhcp" is not among the forms; name a network whose ipam\.type is dhcp/,
  ],
  [['--network', 'x', '--ip', '1.2.3/24'], /^--ip: "1\.2\.3\/24", expected an address such as/],
  [
    ['--network', 'x', '--ip', '1.2.3.4/24@fd00::1'],
    /the address is of one family, and the gateway of the other/,
  ],
  [['--network', 'x', '--ip', '1.2.3.4/24', '--ip', '1.2.3.5/24'], '--ip: give one address of a family'],
  [['--network', 'x', '--ip', '0.0.0.0/0'], /0\.0\.0\.0 is no address that another one can send to/],
  [['--network', 'x', '--ip', '224.0.0.5/24'], /224\.0\.0\.5 is no address that another one can send to/],
  [['--network', 'x', '--ip', '::1/64'], /::1 is no address that another one can send to/],
  [['--network', 'x', '--ip', '10.0.0.5/24@10.0.0.5'], /the gateway is the address itself/],
  [['--network', 'x', '--ip', '10.0.0.0/24'], /10\.0\.0\.0 is the network's own address/],
  [['--network', 'x', '--ip', '10.0.0.255/24'], /10\.0\.0\.255 is the broadcast address/],
  [['--network', 'x', '--ip', '10.0.0.5/24@10.0.0.255'], /10\.0\.0\.255 is the broadcast address/],
  [['--network', 'x', '--ip', '1.2.3.\u001b[31m'], /^--ip: "1\.2\.3\.\\u001b\[31m", expected/],
  [['--network', 'x', '--vlan', '4095'], '--vlan: "4095", expected a number from 1 to 4094'],
  [['--network', 'x', '--mac', '01:00:00:00:00:01'], /^--mac: "01:.*" is no unicast MAC address/],
  [['--network', 'x', '--ifname', 'eth1/2'], /^--ifname: "eth1\/2" holds white space/],
])('%j makes no sense', async (args, message) => {
  const { code, stdout, stderr } = await run('web', ...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  const [line = ''] = stderr.split('\n');
  const text = line.replace(/^plumbline: attach: /, '');
  if (typeof message === 'string') expect(text).toBe(message);
  else expect(text).toMatch(message);
});

test.each([[[]], [['']]])('without a container, %j, there is nothing to attach', async (words) => {
  const { code, stderr } = await run(...words, '--plugin', 'ovs', '--bridge', 'b');
  expect({ code, stderr: stderr.split('\n')[0] }).toEqual({
    code: 2,
    stderr: 'plumbline: attach: CONTAINER is missing',
  });
});

test.each([
  [['--ip', '10.0.0.3'], /--ip: 10\.0\.0\.3 has no prefix length/],
  [['--ip', '10.0.0.3/32'], /--ip: a subnet of \/32 is too small; use \/30 or less/],
])('a network without IPAM and %j', async (args, message) => {
  const { code, stderr } = await run('--plugin', 'macvlan', '--master', 'eth0', ...args, '--print-config');
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});

const chainOf = (...plugins: readonly Record<string, unknown>[]) =>
  parseChain('pods.conflist', JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins }));
const wishes = (ip: readonly string[], mac?: string) => readWishes({ ip, mac, vlan: undefined });
const hostLocal = {
  type: 'host-local',
  subnet: '10.1.0.0/16',
  routes: [{ dst: '0.0.0.0/0' }, { dst: '10.9.0.0/16' }],
};
const bridge = { type: 'bridge', ISDefaultGateway: true, ipam: hostLocal };

test('a plugin that says it takes an address is given it as a runtime does; the others by CNI_ARGS', () => {
  const asked = wishes(['10.1.0.7'], '02:00:00:00:00:07');
  expect(fitChain(chainOf(bridge), asked)).toMatchObject({
    capabilityArgs: undefined,
    cniArgs: 'IgnoreUnknown=1;IP=10.1.0.7;MAC=02:00:00:00:00:07',
  });
  expect(fitChain(chainOf({ ...bridge, capabilities: { ips: true } }), asked)).toMatchObject({
    capabilityArgs: { ips: ['10.1.0.7'] },
    cniArgs: 'IgnoreUnknown=1;MAC=02:00:00:00:00:07',
  });
  expect(
    fitChain(chainOf(bridge, { type: 'tuning', capabilities: { mac: true, ips: true } }), asked),
  ).toMatchObject({
    capabilityArgs: { ips: ['10.1.0.7'], mac: '02:00:00:00:00:07' },
    cniArgs: undefined,
  });
});

test("a gateway that is asked for stands in the place of the network's default route", () => {
  const { chain } = fitChain(chainOf(bridge), wishes(['10.1.0.7/16@10.1.0.9']));
  expect(chain.plugins[0]?.written).toMatchObject({
    ipam: { routes: [{ dst: '10.9.0.0/16' }, { dst: '0.0.0.0/0', gw: '10.1.0.9' }] },
  });
  const dhcp = chainOf({ type: 'macvlan', ipam: { type: 'dhcp' } });
  expect(() => fitChain(dhcp, wishes(['10.1.0.7/16@10.1.0.9']))).toThrow(/cannot be told of a gateway/);
});

test('a container that has a default route keeps it', () => {
  const none = wishes([]);
  const chain = chainOf(bridge, { type: 'portmap' });
  expect(yieldDefaultRoutes(chain, none, new Set())).toEqual({ chain, hasYielded: false });
  const yielded = yieldDefaultRoutes(chain, none, new Set([4] as const));
  expect(yielded.hasYielded).toBe(true);
  expect(yielded.chain.plugins.map(({ written }) => written)).toEqual([
    { type: 'bridge', isGateway: true, ipam: { ...hostLocal, routes: [{ dst: '10.9.0.0/16' }] } },
    { type: 'portmap' },
  ]);
  expect(yielded.chain.plugins[1]).toBe(chain.plugins[1]);
  expect(() => yieldDefaultRoutes(chain, wishes(['10.1.0.7/16@10.1.0.9']), new Set([4] as const))).toThrow(
    'the container has a default route of IPv4 already; leave @10.1.0.9 out',
  );
});

const record = (more: Partial<Listed> = {}): Listed => ({
  network: 'pods',
  containerId: 'a'.repeat(64),
  ifname: 'eth1',
  container: 'a'.repeat(64),
  by: 'docker',
  netns: '/run/netns/x',
  netnsId: '4:1',
  binDir: '/opt/cni/bin',
  config: { cniVersion: '1.0.0', name: 'pods', plugins: [] },
  since: '2025-01-01T00:00:00.000Z',
  result: {
    cniVersion: '1.0.0',
    interfaces: [{ name: 'cni0' }, { name: 'eth1', mac: '02:00:00:00:00:01', sandbox: '/run/netns/x' }],
    ips: [{ address: '10.1.0.2/16', interface: 1 }],
  },
  state: 'attached',
  ...more,
});

test('the table of attachments', () => {
  const { result: _, ...begun } = record({ container: 'web', ifname: 'eth2', state: 'unfinished' });
  expect(formatAttachments([record(), begun])).toBe(`\
CONTAINER     INTERFACE  NETWORK  ADDRESSES    MAC                STATE
aaaaaaaaaaaa  eth1       pods     10.1.0.2/16  02:00:00:00:00:01  attached
web           eth2       pods     -            -                  unfinished: attach was ended; detach it
`);
  expect(formatAttachments([])).toBe('nothing is attached\n');
});

test('records are read back in the order in which they were made; what is broken is told', () => {
  const { state: _, ...old } = record({ since: '2024-01-01T00:00:00.000Z', ifname: 'eth9' });
  const { state: __, ...young } = record();
  for (const one of [young, old]) writeRecord(folder, one);
  const broken = join(folder, 'attachments', `${'0'.repeat(32)}.json`);
  writeFileSync(broken, '{"network": 1');
  writeFileSync(join(folder, 'attachments', '.plumbline-tmp-1-x'), 'half of one');
  const { records, faults } = readRecords(folder);
  expect(records).toEqual([old, young]);
  expect(faults).toEqual([expect.stringMatching(`^${broken} cannot be read: `)]);
  expect(readRecords('/nowhere')).toEqual({ records: [], faults: [] });
});

test.each<readonly [by: string, containerId: string, named: string, isMeant: boolean]>([
  ['docker', 'f00dcafe', 'f00d', true],
  ['netns', 'blue', 'blue', true],
  ['netns', 'blue', 'blu', false],
  ['PID', 'pid-4711', '4711', true],
  ['PID', 'pid-4711', '471', false],
  ['PID', 'pid-4711', 'pid', false],
])('detach: by %s, %s is meant by %s: %j', (by, containerId, named, isMeant) => {
  const { state: _, ...one } = record({ by, containerId, container: containerId });
  expect(recordsOf([one], named)).toEqual(isMeant ? [one] : []);
});

test('after an ADD that failed, a plugin that refuses its config keeps nothing from being taken down', async () => {
  const write = (name: string, code: number): void =>
    writeFileSync(
      join(folder, name),
      `#!/bin/sh\ncat >/dev/null; echo ${name} >>${folder}/called; echo '{"code":${code},"msg":"${name} says no"}'; exit 1\n`,
      { mode: 0o755 },
    );
  write('refuses', 7);
  write('fails', 101);
  const lock = openSync('/dev/null', 'r');
  const call = { containerId: 'c', netns: '', ifname: 'eth1', path: folder, env: process.env, lock };
  const del = (types: readonly string[], result?: JsonObject) =>
    delChain({ ...chainOf(...types.map((type) => ({ type }))), version: '1.0.0' }, call, result);
  try {
    await del(['refuses', 'refuses']);
    expect(readFileSync(join(folder, 'called'), 'utf8')).toBe('refuses\nrefuses\n');
    // What has been made by that very config must not be forgotten.
    await expect(del(['refuses'], { cniVersion: '1.0.0' })).rejects.toThrow('refuses says no');
    await expect(del(['fails', 'refuses'])).rejects.toThrow(/^fails: fails says no$/);
  } finally {
    closeSync(lock);
  }
});

test('folders of plugins may be relative', () => {
  using host = recordingHost();
  writeFileSync(join(folder, 'mine'), '', { mode: 0o755 });
  const path = relative(process.cwd(), folder);
  expect(pluginPath(host, chainOf({ type: 'mine' }), path)).toBe(folder);
});
