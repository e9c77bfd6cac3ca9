/** `plumbline lint` on the files of one node: what its networks have in common, and must not. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lintFiles } from '../../../../cli/lint/files.ts';
import { formatFinding } from '../../../../cli/lint/finding.ts';
import { write } from './folder.ts';

describe('the networks of a node', () => {
  const pods = (name: string, subnet: string, more: object = {}) => ({
    cniVersion: '1.0.0',
    name,
    plugins: [
      {
        type: 'veth-bridge',
        bridge: `${name}0`,
        ...more,
        ipam: { type: 'host-local', ranges: [[{ subnet }]] },
      },
    ],
  });

  const between = (files: Readonly<Record<string, unknown>>) => {
    const folder = write(files);
    return lintFiles(
      readdirSync(folder)
        .sort()
        .map((name) => join(folder, name)),
    ).findings.map((finding) => formatFinding(finding).replaceAll(`${folder}/`, ''));
  };

  test('ranges that overlap are told at the later one, with the place of the other', () => {
    expect(
      between({ '10.conflist': pods('a', '10.1.0.0/16'), '20.conflist': pods('b', '10.1.3.0/24') }),
    ).toEqual([
      '20.conflist:12:13: warning: ipam.ranges[0][0]: 10.1.3.1-10.1.3.254 overlaps with 10.1.0.1-10.1.255.254 of network "a" ' +
        '(10.conflist:12), and both give the same addresses to containers; separate them by subnet, or by rangeStart and rangeEnd',
    ]);
  });

  test('on one bridge they are an error', () => {
    const files = {
      '10.conflist': pods('a', '10.1.0.0/16', { bridge: 'br0' }),
      '20.conflist': pods('b', '10.1.0.0/16', { bridge: 'br0' }),
    };
    expect(between(files)).toEqual([expect.stringMatching(/^20\.conflist:12:13: error: ipam\.ranges/)]);
  });

  test('one of many is told', () => {
    const files = Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((name) => [`${name}.conflist`, pods(name, '10.1.0.0/16')]),
    );
    expect(between(files).map((text) => text.split(':')[0])).toEqual([
      'b.conflist',
      'c.conflist',
      'd.conflist',
    ]);
  });

  test('a bridge with two MTUs', () => {
    const files = {
      '10.conflist': pods('a', '10.1.0.0/16', { bridge: 'br0', mtu: 1400 }),
      '20.conflist': pods('b', '10.2.0.0/16', { bridge: 'br0', mtu: 9000 }),
      '30.conflist': pods('c', '10.3.0.0/16', { bridge: 'br0' }),
    };
    expect(between(files)).toEqual([
      '20.conflist:8:14: error: mtu: 9000, and the same bridge "br0" has 1400 in network "a" (10.conflist:8); a bridge has one',
    ]);
  });

  test('a bridge with two gateway addresses', () => {
    const files = {
      '10.conflist': pods('a', '10.1.0.0/16', { bridge: 'br0', isGateway: true }),
      '20.conflist': pods('b', '10.2.0.0/16', { bridge: 'br0', isDefaultGateway: true }),
      '30.conflist': pods('c', '10.3.0.0/16', { bridge: 'br0', isGateway: true, vlan: 5 }),
    };
    expect(between(files)).toEqual([
      '20.conflist:7:17: error: bridge: "br0" would have the gateway address 10.2.0.1/16 here and 10.1.0.1/16 in network "a" ' +
        '(10.conflist:7); give one of the networks another bridge',
    ]);
  });

  test('a name that is there twice', () => {
    const files = {
      '10.conflist': pods('a', '10.1.0.0/16'),
      '20.conf': { name: 'a', type: 'ptp', ipam: { type: 'dhcp' } },
    };
    expect(between(files)).toEqual([
      '20.conf:2:11: error: name: "a" is the name of network "a" (10.conflist:3) too; give one of the networks another',
    ]);
  });

  const child = (name: string, type: string, more: object = {}) => ({
    name,
    type,
    master: 'eth1',
    ipam: { type: 'dhcp' },
    ...more,
  });

  test.each([
    [
      'macvlan and ipvlan',
      child('a', 'macvlan'),
      child('b', 'ipvlan'),
      /^b\.conf:4:13: error: master: "eth1" is a master of ipvlan links here and is a master of macvlan links in/,
    ],
    [
      'two modes of ipvlan',
      child('a', 'ipvlan'),
      child('b', 'ipvlan', { mode: 'l3' }),
      /^b\.conf:8:11: error: mode: "l3" here and "l2" in/,
    ],
    [
      'passthru and another',
      child('a', 'macvlan', { mode: 'passthru' }),
      child('b', 'macvlan'),
      /^b\.conf:4:13: error: .*single link/,
    ],
    [
      "a master that is a bridge's port",
      child('a', 'macvlan'),
      { name: 'b', type: 'bridge', uplink: { device: 'eth1' } },
      /^b\.conf:5:15: error: uplink\.device: "eth1" is a bridge's port here/,
    ],
  ])('one link: %s', (_, a, b, says) => {
    expect(between({ 'a.conf': a, 'b.conf': b })).toEqual([expect.stringMatching(says)]);
  });

  test('masters in containers are the containers’ own', () => {
    const inside = { linkInContainer: true };
    expect(between({ 'a.conf': child('a', 'macvlan', inside), 'b.conf': child('b', 'ipvlan') })).toEqual([]);
  });
});
