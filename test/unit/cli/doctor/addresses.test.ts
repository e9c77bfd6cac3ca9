/** What `plumbline doctor` says of host-local's reservations, and of the containers that they are for. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { recordPath } from '../../../../cli/attach/record.ts';
import { checkAddresses } from '../../../../cli/doctor/addresses.ts';
import { tracesOn } from '../../../../cli/doctor/alive.ts';
import type { Network } from '../../../../cli/lint/network.ts';
import { aliasOf, identify } from '../../../../lib/cni/identity.ts';
import { hostWith, networkOf } from './made-up.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-doctor-'));
afterAll(() => rmSync(dir, { recursive: true }));

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
