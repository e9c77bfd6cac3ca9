/** What `plumbline doctor` says of what networks are built on: an Open vSwitch, and NICs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkNics } from '../../../../cli/doctor/nics.ts';
import { checkOvs } from '../../../../cli/doctor/ovs.ts';
import { hostWithVfs, sriov, vfAddress } from '../../sriov/made-up.ts';
import { find, hostWith, networkOf, told } from './made-up.ts';

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
