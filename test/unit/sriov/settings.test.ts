/** What sriov refuses before it changes anything: code 7, with the field and its value. */
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../lib/cni/config.ts';
import { configSchema, settingsOf } from '../../../plugins/sriov/config.ts';
import { hostWithVfs, sriov, vfAddress } from './made-up.ts';

type Fields = Readonly<Record<string, unknown>>;

const parsed = (fields: Fields): ReturnType<typeof settingsOf> => {
  const config = parseConfig(configSchema(), { name: 'vfs', type: 'sriov', ...fields } as never);
  return settingsOf({ config, request: { args: new Map() } } as never);
};

describe('refused', () => {
  test.each<[string, Fields, RegExp]>([
    ['nothing named', {}, /^deviceID: missing; give the PCI address .*master/],
    [
      'a deviceID that is no PCI address',
      { deviceID: '01:10.0' },
      /^deviceID: "01:10.0" is not a PCI address/,
    ],
    [
      'a runtimeConfig.deviceID that is none',
      { deviceID: vfAddress(0), runtimeConfig: { deviceID: 'eth2' } },
      /^runtimeConfig.deviceID: "eth2" is not a PCI address/,
    ],
    ['numVfs without master', { deviceID: vfAddress(0), numVfs: 2 }, /^numVfs: 2 needs master/],
    [
      'vlanQoS without vlan',
      { master: 'eth0', vlanQoS: 3 },
      /^vlanQoS: 3 needs a vlan of 1 to 4094 \(vlan is not set\)/,
    ],
    ['vlanQoS with vlan 0', { master: 'eth0', vlan: 0, vlanQoS: 3 }, /^vlanQoS: 3 .*\(vlan is 0\)/],
    ['802.1ad without vlan', { master: 'eth0', vlanProto: '802.1AD' }, /^vlanProto: "802.1AD" needs a vlan/],
    [
      'another protocol',
      { master: 'eth0', vlan: 2, vlanProto: '802.1x' },
      /^vlanProto: "802.1x", expected 802.1q or 802.1ad/,
    ],
    [
      'min over max',
      { master: 'eth0', min_tx_rate: 2, max_tx_rate: 1 },
      /^min_tx_rate: 2 is more than max_tx_rate, 1/,
    ],
    ['a VLAN that there is not', { master: 'eth0', vlan: 4095 }, /^vlan: 4095, expected at most 4094/],
    [
      'a priority that there is not',
      { master: 'eth0', vlan: 1, vlanQoS: 8 },
      /^vlanQoS: 8, expected at most 7/,
    ],
    [
      'a switch that is neither on nor off',
      { master: 'eth0', trust: 'yes' },
      /^trust: "yes", expected one of "on", "off"/,
    ],
    ['no functions to be made', { master: 'eth0', numVfs: 0 }, /^numVfs: 0, expected at least 1/],
  ])('%s', async (_what, fields, says) => {
    using host = hostWithVfs(1);
    const { error } = await sriov(host, 'ADD', fields);
    expect(error).toMatchObject({ code: 7, msg: expect.stringMatching(says) });
    expect(host.lines).toEqual([]);
  });
});

describe('taken', () => {
  test('a peer’s config: any case, zeros and empty texts as nothing asked for', () => {
    expect(
      parsed({ DeviceID: vfAddress(0).toUpperCase(), vlan: 0, vlanQoS: 0, vlanProto: '802.1Q', mac: '' }),
    ).toMatchObject({
      deviceId: vfAddress(0),
      mac: undefined,
      mtu: undefined,
      vf: { vlan: 0, qos: 0, protocol: '802.1q', spoofchk: undefined },
    });
  });

  test('a VLAN is set whole; what is not asked for stays', () => {
    expect(parsed({ master: 'eth0', vlan: 5, spoofchk: 'off', min_tx_rate: 0 }).vf).toEqual({
      mac: undefined,
      vlan: 5,
      qos: 0,
      protocol: '802.1q',
      spoofchk: false,
      trust: undefined,
      linkState: undefined,
      minTxRate: 0,
      maxTxRate: undefined,
    });
  });

  test('a max_tx_rate of 0 is no limit, so no minimum is above it', () => {
    expect(() => parsed({ master: 'eth0', min_tx_rate: 5, max_tx_rate: 0 })).not.toThrow();
  });

  test('runtimeConfig.deviceID goes over the config’s, and an empty one does not', () => {
    const of = (own: string): unknown =>
      parsed({ deviceID: vfAddress(0), runtimeConfig: { deviceID: own } }).deviceId;
    expect([of(vfAddress(1)), of('')]).toEqual([vfAddress(1), vfAddress(0)]);
  });
});
