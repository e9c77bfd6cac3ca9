/** Settings of virtual functions, as ip 6.1 and 6.15 print them, and the lines that change them. */
import { describe, expect, test } from 'vitest';
import {
  changeMacs,
  changeVf,
  noMac,
  readFunctions,
  showFunctions,
  type VfSettings,
} from '../../../lib/ip/vf.ts';

const usual: VfSettings = {
  mac: noMac,
  vlan: 0,
  qos: 0,
  protocol: '802.1q',
  spoofchk: true,
  trust: false,
  linkState: 'auto',
  maxTxRate: 0,
  minTxRate: 0,
};
const mac = '02:00:5e:00:53:01';

const nic = (...vfinfo_list: readonly unknown[]): unknown => [{ ifindex: 2, ifname: 'eth0', vfinfo_list }];
const lines = (commands: ReturnType<typeof changeVf>): string[] =>
  commands.map(({ command }) => command.join(' '));

describe('what ip prints', () => {
  test('a function as it was made', () => {
    const own = {
      vf: 0,
      link_type: 'ether',
      address: noMac,
      broadcast: 'ff:ff:ff:ff:ff:ff',
      vlan_list: [{}],
    };
    const rest = { spoofchk: true, link_state: 'auto', trust: false };
    expect(readFunctions(nic({ ...own, ...rest }))).toEqual(new Map([[0, usual]]));
  });

  test('all settings at once', () => {
    const info = {
      vf: 3,
      address: mac,
      vlan_list: [{ vlan: 100, qos: 3, protocol: '802.1AD' }],
      rate: { max_tx: 200, min_tx: 50 },
      spoofchk: false,
      link_state: 'disable',
      trust: true,
      query_rss_en: false,
    };
    expect(readFunctions(nic(info)).get(3)).toEqual({
      mac,
      vlan: 100,
      qos: 3,
      protocol: '802.1ad',
      spoofchk: false,
      trust: true,
      linkState: 'disable',
      maxTxRate: 200,
      minTxRate: 50,
    });
  });

  test('a VLAN without a list, an address by its older name, and what a driver does not tell', () => {
    const info = { vf: 1, mac, vlan: 100, qos: 3, rate: { max_tx: 200 } };
    expect(readFunctions(nic(info)).get(1)).toEqual({
      ...usual,
      mac,
      vlan: 100,
      qos: 3,
      spoofchk: undefined,
      trust: undefined,
      linkState: undefined,
      maxTxRate: 200,
    });
  });

  test('a NIC without functions, and nothing at all', () => {
    expect(readFunctions([{ ifname: 'eth0' }]).size).toBe(0);
    expect(readFunctions([{}]).size).toBe(0);
    expect(readFunctions(undefined).size).toBe(0);
    expect(() => readFunctions(nic({ vf: 'one' }))).toThrow(/in a form that is not known/);
  });

  test('is asked for by the NIC alone', () => {
    expect(showFunctions('eth0')).toEqual(['link', 'show', 'dev', 'eth0']);
  });
});

describe('changes', () => {
  test('nothing where all is so already, or nothing is asked for', () => {
    expect(changeVf('eth0', 0, usual, {})).toEqual([]);
    expect(changeVf('eth0', 0, usual, { ...usual, mac: undefined })).toEqual([]);
  });

  test('one line a setting, each with the field to blame', () => {
    const wanted = {
      mac,
      vlan: 100,
      qos: 3,
      spoofchk: false,
      trust: true,
      linkState: 'enable',
      maxTxRate: 100,
    };
    const commands = changeVf('eth0', 2, usual, wanted);
    expect(lines(commands)).toEqual([
      'link set dev eth0 vf 2 vlan 100 qos 3 proto 802.1Q',
      `link set dev eth0 vf 2 mac ${mac}`,
      'link set dev eth0 vf 2 spoofchk off',
      'link set dev eth0 vf 2 trust on',
      'link set dev eth0 vf 2 state enable',
      'link set dev eth0 vf 2 max_tx_rate 100',
    ]);
    expect(commands.map(({ field, value }) => [field, value])).toContainEqual(['maxTxRate', '100']);
  });

  test('a VLAN goes with its priority and protocol, and comes off alone', () => {
    const tagged = { ...usual, vlan: 5, qos: 2 };
    expect(lines(changeVf('eth0', 0, tagged, { qos: 0 }))).toEqual([
      'link set dev eth0 vf 0 vlan 5 qos 0 proto 802.1Q',
    ]);
    expect(lines(changeVf('eth0', 0, tagged, { protocol: '802.1ad' }))).toEqual([
      'link set dev eth0 vf 0 vlan 5 qos 2 proto 802.1ad',
    ]);
    expect(lines(changeVf('eth0', 0, tagged, { vlan: 0, qos: 0 }))).toEqual([
      'link set dev eth0 vf 0 vlan 0',
    ]);
  });

  test('the lower limit is never above the upper one on the way', () => {
    const low = { ...usual, minTxRate: 10, maxTxRate: 20 };
    expect(lines(changeVf('eth0', 0, low, { minTxRate: 30, maxTxRate: 40 }))).toEqual([
      'link set dev eth0 vf 0 max_tx_rate 40',
      'link set dev eth0 vf 0 min_tx_rate 30',
    ]);
    expect(lines(changeVf('eth0', 0, low, { minTxRate: 1, maxTxRate: 5 }))).toEqual([
      'link set dev eth0 vf 0 min_tx_rate 1',
      'link set dev eth0 vf 0 max_tx_rate 5',
    ]);
  });
});

describe('MAC addresses', () => {
  const own = (now: string, wanted: string | undefined) => ({ ifname: 'eth2', mac: now, wanted });
  const other = '02:00:5e:00:53:02';

  test("the function's own comes before the NIC's", () => {
    expect(lines(changeMacs('eth0', 0, usual, own(other, mac), mac))).toEqual([
      `link set dev eth2 address ${mac}`,
      `link set dev eth0 vf 0 mac ${mac}`,
    ]);
  });

  test('one that the NIC has set is taken back first', () => {
    const set = { ...usual, mac: other };
    expect(lines(changeMacs('eth0', 0, set, own(other, mac), mac))).toEqual([
      `link set dev eth0 vf 0 mac ${noMac}`,
      `link set dev eth2 address ${mac}`,
      `link set dev eth0 vf 0 mac ${mac}`,
    ]);
    expect(lines(changeMacs('eth0', 0, set, own(other, mac), noMac))).toEqual([
      `link set dev eth0 vf 0 mac ${noMac}`,
      `link set dev eth2 address ${mac}`,
    ]);
  });

  test('nothing where all is so already; the NIC alone where there is no link', () => {
    expect(changeMacs('eth0', 0, { ...usual, mac }, own(mac, mac), mac)).toEqual([]);
    expect(changeMacs('eth0', 0, usual, own(mac, undefined), undefined)).toEqual([]);
    expect(lines(changeMacs('eth0', 0, usual, undefined, mac))).toEqual([
      `link set dev eth0 vf 0 mac ${mac}`,
    ]);
  });
});
