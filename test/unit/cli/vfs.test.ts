/** `plumbline vfs`: a table of NICs with virtual functions, on a made-up NIC. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../../cli/index.ts';
import { formatVfs, reportVfs } from '../../../cli/vfs/report.ts';
import { recordingHost } from '../../support/recording-host.ts';
import { bindVfio, hostWithVfs, pfAddress, sriov, vfAddress } from '../sriov/made-up.ts';

const mac = '02:00:5e:00:53:01';

describe('the table', () => {
  test('tells of each function what it is set to, and who has it', async () => {
    using host = hostWithVfs(4);
    bindVfio(host, 2);
    await sriov(host, 'ADD', {
      master: 'eth0',
      mac,
      vlan: 100,
      vlanQoS: 3,
      trust: 'on',
      spoofchk: 'off',
      max_tx_rate: 200,
    });
    await sriov(host, 'ADD', { deviceID: vfAddress(2) }, { CNI_CONTAINERID: 'c2' });
    writeFileSync(join(host.stateDir, 'sriov', `${vfAddress(3)}.json`), '{');
    expect(formatVfs(await reportVfs(host))).toBe(
      [
        'PCI ADDRESS     DRIVER    NAME  MAC                VLAN       FLAGS             RATE   CONTAINER',
        '0000:01:00.0    igb       eth0  02:00:00:00:02:00             4 of 7',
        '  0000:01:10.0  igbvf     -     02:00:5e:00:53:01  100 qos 3  trust,nospoofchk  0-200  c1 net1 (vfs)',
        '  0000:01:10.2  igbvf     eth3  02:00:00:00:02:11  -          -                 -      -',
        '  0000:01:10.4  vfio-pci  -     -                  -          -                 -      c2 net1 (vfs)',
        '  0000:01:10.6  igbvf     eth5  02:00:00:00:02:13  -          -                 -      the record of what it was is broken',
        '',
      ].join('\n'),
    );
  });

  test('as JSON has all of it', async () => {
    using host = hostWithVfs(2);
    await sriov(host, 'ADD', { deviceID: vfAddress(1), vlan: 7 });
    const [pf, ...others] = await reportVfs(host);
    expect(others).toEqual([]);
    expect(pf).toMatchObject({ address: pfAddress, driver: 'igb', name: 'eth0', totalVfs: 7 });
    expect(JSON.parse(JSON.stringify(pf?.vfs[1]))).toEqual({
      index: 1,
      address: vfAddress(1),
      driver: 'igbvf',
      mac: '02:00:00:00:02:11',
      vlan: 7,
      qos: 0,
      protocol: '802.1q',
      spoofchk: true,
      trust: false,
      linkState: 'auto',
      maxTxRate: 0,
      minTxRate: 0,
      container: { id: 'c1', ifname: 'net1', network: 'vfs', netns: '/run/netns/blue', alive: true },
    });
  });

  test('marks a container that is gone', async () => {
    using host = hostWithVfs(1);
    await sriov(host, 'ADD', { master: 'eth0' });
    host.machine.files.set('/proc/sys/kernel/random/boot_id', '33333333-3333-4333-8333-333333333333');
    expect(formatVfs(await reportVfs(host))).toContain('c1 net1 (vfs, gone)');
  });

  test('of a node without such a NIC', async () => {
    using host = recordingHost();
    expect(formatVfs(await reportVfs(host))).toBe('no NIC of this node can have virtual functions\n');
  });
});

test('arguments that make no sense are exit status 2', async () => {
  const told: string[] = [];
  const io = { stdout: { write: () => true }, stderr: { write: (text: string) => told.push(text) } };
  expect(await runCli(['vfs', '--yaml'], io)).toBe(2);
  expect(await runCli(['vfs', 'eth0'], io)).toBe(2);
  expect(told.join('')).toContain('--yaml');
  expect(await runCli(['vfs', '--help'], io)).toBe(0);
});
