/** The plugin through the protocol's edge, on real folders and a made-up machine. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hostLocal } from '../../../ipam/host-local/plugin.ts';
import { serve } from '../../../lib/cni/serve.ts';
import { CniError } from '../../../lib/errors.ts';
import type { Host } from '../../../lib/exec/host.ts';

interface Call {
  readonly id?: string;
  readonly ifname?: string;
  readonly args?: string;
  readonly ipam?: object;
  readonly more?: object;
}

function createNode() {
  const dataDir = mkdtempSync(join(tmpdir(), 'plumbline-plugin-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  let boot = 1;
  const programs: string[] = [];
  const files: Record<string, () => string> = {
    '/etc/machine-id': () => 'machine',
    '/proc/sys/kernel/random/boot_id': () => `boot-${boot}`,
    '/proc/uptime': () => '100.00 200.00',
  };
  const host: Host = {
    runner: {
      has: () => true,
      run: async (program) => {
        programs.push(program);
        return { status: 0, stdout: '', stderr: '' };
      },
    },
    kernel: { read: (path) => files[path]?.(), write: () => undefined, exists: () => false, list: () => [] },
    runDir: '/nonexistent',
    stateDir: '/nonexistent',
    executable: '/nonexistent',
    openNetns: () => {
      throw new CniError(8, 'no namespace here');
    },
  };
  const call = async (command: string, { id = 'c1', ifname = 'eth0', args = '', ipam, more }: Call = {}) => {
    const config = {
      cniVersion: '1.1.0',
      name: 'net',
      type: 'veth-bridge',
      ipam: {
        type: 'host-local',
        dataDir,
        ranges: [[{ subnet: '10.0.0.0/29' }], [{ subnet: 'fd00::/64' }]],
        ...ipam,
      },
      ...more,
    };
    const outcome = await serve(hostLocal, {
      plugins: () => undefined,
      host,
      stdin: () => JSON.stringify(config),
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: id,
        CNI_IFNAME: ifname,
        CNI_NETNS: '/gone',
        CNI_PATH: '/opt/cni/bin',
        CNI_ARGS: args,
      },
      stderr: () => undefined,
    });
    return outcome.stdout === '' ? {} : (JSON.parse(outcome.stdout) as Record<string, unknown>);
  };
  const folder = join(dataDir, 'net');
  return {
    call,
    programs,
    folder,
    reboot: () => {
      boot += 1;
    },
    /** Reserved addresses, and what the index knows of. */
    left: () => [
      ...(existsSync(folder) ? readdirSync(folder).filter((name) => /^[\da-f]*[.:]/.test(name)) : []),
      ...readdirSync(join(dataDir, '.plumbline/net')).filter((name) => /^[\da-f]{32}$/.test(name)),
      ...readdirSync(join(dataDir, '.plumbline/net/tmp')),
    ],
  };
}

describe('ADD', () => {
  test('gives an address of each set, with gateways, routes and dns', async () => {
    const { call } = createNode();
    const dir = mkdtempSync(join(tmpdir(), 'plumbline-resolv-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    writeFileSync(join(dir, 'resolv.conf'), 'nameserver 192.0.2.1\nsearch example\n');
    const route = {
      dst: '10.9.0.0/16',
      gw: '10.0.0.3',
      mtu: 1400,
      advmss: 1360,
      priority: 5,
      table: 7,
      scope: 0,
    };
    const ipam = { routes: [{ dst: '0.0.0.0/0' }, route], resolvConf: join(dir, 'resolv.conf') };
    expect(await call('ADD', { ipam })).toEqual({
      cniVersion: '1.1.0',
      ips: [
        { address: '10.0.0.2/29', gateway: '10.0.0.1' },
        { address: 'fd00::2/64', gateway: 'fd00::1' },
      ],
      routes: [{ dst: '0.0.0.0/0' }, route],
      dns: { nameservers: ['192.0.2.1'], search: ['example'] },
    });
  });

  test('goes round, and fails where all are taken, leaving nothing', async () => {
    const { call, left } = createNode();
    for (const host of [2, 3, 4, 5, 6]) {
      expect(await call('ADD', { id: `c${host}` })).toMatchObject({
        ips: [{ address: `10.0.0.${host}/29` }, { address: `fd00::${host}/64` }],
      });
    }
    const before = left();
    expect(await call('ADD', { id: 'c7' })).toMatchObject({
      code: 103,
      msg: expect.stringMatching(
        /^no address is free in range set 0 \(10\.0\.0\.1-10\.0\.0\.6\): all 5 are reserved in /,
      ),
    });
    expect(left()).toEqual(before);
    await call('DEL', { id: 'c3' });
    expect(await call('ADD', { id: 'c7' })).toMatchObject({ ips: [{ address: '10.0.0.3/29' }, {}] });
  });

  test('gives back the first address where the second set has none', async () => {
    const { call, left } = createNode();
    const ipam = { ranges: [[{ subnet: '10.0.0.0/24' }], [{ subnet: '10.1.0.0/30' }]] };
    await call('ADD', { ipam });
    const before = left();
    expect(await call('ADD', { id: 'c2', ipam })).toMatchObject({
      code: 103,
      msg: expect.stringContaining('set 1'),
    });
    expect(left()).toEqual(before);
  });

  test('gives what is asked for, or nothing', async () => {
    const { call, left } = createNode();
    expect(await call('ADD', { args: 'IP=10.0.0.5' })).toMatchObject({
      ips: [{ address: '10.0.0.5/29' }, { address: 'fd00::2/64' }],
    });
    const before = left();
    // The first set could give one; the second cannot.
    const taken = { runtimeConfig: { ips: ['fd00::2'] } };
    expect(await call('ADD', { id: 'c2', more: taken })).toMatchObject({
      code: 103,
      msg: 'the address fd00::2 that is asked for is reserved by container c1 in network net; ask for another, or for none',
    });
    expect(await call('ADD', { id: 'c2', args: 'IP=10.0.0.1' })).toMatchObject({ code: 7 });
    expect(await call('ADD', { id: 'c2', args: 'IP=10.9.0.1' })).toMatchObject({ code: 7 });
    expect(left()).toEqual(before);
  });

  test('a second time is an error, also where an address is asked for', async () => {
    const { call, left } = createNode();
    await call('ADD');
    const before = left();
    expect(await call('ADD')).toMatchObject({ code: 102 });
    expect(await call('ADD', { args: 'IP=10.0.0.5' })).toMatchObject({ code: 102 });
    expect(left()).toEqual(before);
    expect(await call('ADD', { ifname: 'eth1' })).toMatchObject({ ips: [{ address: '10.0.0.3/29' }, {}] });
  });

  test('needs no child in the steady state, and DEL one', async () => {
    const { call, programs } = createNode();
    await call('ADD', { id: 'first' });
    programs.length = 0;
    await call('ADD');
    expect(programs).toEqual([]);
    await call('DEL');
    expect(programs).toEqual(['flock']);
    await call('DEL');
    expect(programs).toEqual(['flock']);
  });

  test('after a reboot finds the range empty', async () => {
    const { call, reboot } = createNode();
    for (const host of [2, 3, 4, 5, 6]) await call('ADD', { id: `c${host}` });
    reboot();
    expect(await call('STATUS')).toEqual({});
    for (const host of [2, 3, 4, 5, 6]) {
      expect(await call('ADD', { id: `c${host}` })).toMatchObject({
        ips: [{ address: `10.0.0.${host}/29` }, {}],
      });
    }
  });

  test('finds the next free address in a folder that is nearly full', async () => {
    const { call, folder } = createNode();
    const ipam = { ranges: [[{ subnet: '10.8.0.0/16' }]] };
    await call('ADD', { ipam });
    for (let host = 3; host < 1000; host += 1) {
      writeFileSync(join(folder, `10.8.${host >> 8}.${host & 255}`), `x${host}\r\neth0`);
    }
    expect(await call('ADD', { id: 'c2', ipam })).toMatchObject({ ips: [{ address: '10.8.3.232/16' }] });
  });
});

describe('CHECK', () => {
  test('names what is missing', async () => {
    const { call, folder } = createNode();
    const prevResult = await call('ADD');
    expect(await call('CHECK', { more: { prevResult } })).toEqual({});
    rmSync(join(folder, 'fd00::2'));
    expect(await call('CHECK', { more: { prevResult } })).toMatchObject({
      code: 104,
      msg: expect.stringMatching(/^fd00::2 not reserved for eth0 of container c1 in /),
    });
    writeFileSync(join(folder, 'fd00::2'), 'c2\r\neth0');
    expect(await call('CHECK', { more: { prevResult } })).toMatchObject({ code: 104 });
  });

  test('without a previous result looks for any reservation', async () => {
    const { call } = createNode();
    expect(await call('CHECK')).toMatchObject({
      code: 104,
      msg: expect.stringContaining('nothing is reserved for'),
    });
    await call('ADD');
    expect(await call('CHECK')).toEqual({});
  });

  test('passes addresses over that another plugin has given', async () => {
    const { call } = createNode();
    const result = await call('ADD');
    const ips = [...(result['ips'] as object[]), { address: '192.168.0.1/24' }];
    expect(await call('CHECK', { more: { prevResult: { ...result, ips } } })).toEqual({});
  });
});

describe('DEL', () => {
  test('twice is fine, and so is one where nothing is', async () => {
    const { call, left } = createNode();
    expect(await call('DEL')).toEqual({});
    await call('ADD');
    expect(await call('DEL')).toEqual({});
    expect(await call('DEL')).toEqual({});
    expect(left()).toEqual([]);
  });

  test('works where the ranges have changed, or make no sense any more', async () => {
    const { call, left } = createNode();
    await call('ADD');
    expect(await call('DEL', { ipam: { ranges: [], subnet: '10.0.0.5/24' } })).toEqual({});
    expect(left()).toEqual([]);
  });
});

describe('GC', () => {
  test('keeps what is valid', async () => {
    const { call, left } = createNode();
    for (const id of ['c1', 'c2', 'c3']) await call('ADD', { id });
    const more = { 'cni.dev/valid-attachments': [{ containerID: 'c2', ifname: 'eth0' }] };
    expect(await call('GC', { more })).toEqual({});
    expect(left()).toHaveLength(3);
    expect(await call('CHECK', { id: 'c2' })).toEqual({});
    expect(await call('GC', { more: { 'cni.dev/valid-attachments': null } })).toEqual({});
    expect(left()).toEqual([]);
  });
});

describe('STATUS', () => {
  test('is fine as long as each set has an address', async () => {
    const { call } = createNode();
    expect(await call('STATUS')).toEqual({});
    for (const host of [2, 3, 4, 5, 6]) await call('ADD', { id: `c${host}` });
    expect(await call('STATUS')).toMatchObject({
      code: 50,
      msg: expect.stringContaining(
        'network net: range set 0 (10.0.0.1-10.0.0.6) is exhausted: 5 of 5 addresses are reserved',
      ),
    });
    await call('DEL', { id: 'c4' });
    expect(await call('STATUS')).toEqual({});
  });

  test('counts no foreign file', async () => {
    const { call, folder } = createNode();
    mkdirSync(folder, { recursive: true });
    for (const name of [
      'lock',
      'last_reserved_ip.0',
      '10.0.0.1',
      '10.0.0.9',
      'fd00::9',
      'x',
      '10.0.0.2',
      '10.0.0.3',
    ]) {
      writeFileSync(join(folder, name), 'x\r\neth0');
    }
    expect(await call('STATUS')).toEqual({});
  });

  test('tells why nothing can be written', async () => {
    const { call, folder } = createNode();
    writeFileSync(folder, 'a file in the way');
    expect(await call('STATUS', { ipam: { dataDir: `${folder}/below` } })).toMatchObject({ code: 50 });
  });
});
