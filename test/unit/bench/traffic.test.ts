import { describe, expect, test } from 'vitest';
import { roundTripsIn } from '../../bench/traffic.ts';
import { byHand, handMade } from '../../support/by-hand.ts';
import { attributes, differences, offloads } from '../../support/link-facts.ts';

test('round trips are read from what ping prints, in microseconds', () => {
  const printed = [
    'PING 10.1.0.2 (10.1.0.2) 56(84) bytes of data.',
    '64 bytes from 10.1.0.2: icmp_seq=1 ttl=64 time=0.052 ms',
    '64 bytes from 10.1.0.2: icmp_seq=2 ttl=64 time=12 ms',
    '--- 10.1.0.2 ping statistics ---',
    '2 packets transmitted, 2 received, 0% packet loss, time 1001ms',
    'rtt min/avg/max/mdev = 0.052/6.026/12.000/5.974 ms',
  ];
  expect(roundTripsIn(printed.join('\n'))).toEqual([52, 12_000]);
});

describe('the facts of a link', () => {
  const link = {
    ...{ ifindex: 2, link_index: 4, ifname: 'eth0', link_netnsid: 0, ifalias: 'plumbline:x' },
    flags: ['UP', 'BROADCAST'],
    mtu: 1500,
    address: '0a:58:0a:28:00:02',
    linkinfo: { info_kind: 'tun', info_data: { type: 'tap', vnet_hdr: true } },
  };

  test('attributes go by their paths; names, addresses, numbers and labels are left out', () => {
    expect(attributes(link)).toEqual([
      ['flags', 'BROADCAST UP'],
      ['mtu', '1500'],
      ['linkinfo.info_kind', 'tun'],
      ['linkinfo.info_data.type', 'tap'],
      ['linkinfo.info_data.vnet_hdr', 'true'],
    ]);
  });

  test('offloads are read with what is fixed', () => {
    const printed =
      'Features for eth0:\nrx-checksumming: on\ntx-checksumming: on\n\ttx-checksum-ipv4: off [fixed]';
    expect(offloads(printed)).toEqual([
      ['offload rx-checksumming', 'on'],
      ['offload tx-checksumming', 'on'],
      ['offload tx-checksum-ipv4', 'off [fixed]'],
    ]);
  });

  test('differences name both sides, and what one of them lacks', () => {
    const ours = new Map([...attributes(link), ...offloads('tso: on')]);
    expect(differences(ours, new Map(ours))).toEqual([]);
    const other = new Map([
      ...attributes({ ...link, mtu: 1400, address: '02:00:00:00:00:01', group: 'default' }),
    ]);
    expect(differences(ours, other)).toEqual([
      'mtu: 1500, by hand 1400',
      'offload tso: on, by hand none',
      'group: none, by hand default',
    ]);
  });
});

test.each(handMade)('%s by hand: values are arguments, and no part of a script', (wiring) => {
  const link = {
    ...{ name: 'NAME', netns: 'NETNS', address: 'ADDRESS', gateway: 'GATEWAY' },
    ...{ trunk: 'TRUNK', database: 'DATABASE' },
  };
  for (const command of ['ADD', 'DEL'] as const) {
    const [shell, options, script, ...values] = byHand(command, wiring, link);
    expect([shell, options]).toEqual(['/bin/sh', '-ec']);
    expect(script).not.toMatch(/NAME|NETNS|ADDRESS|GATEWAY|TRUNK|DATABASE/);
    expect(values).toEqual(['sh', 'NAME', 'NETNS', 'ADDRESS', 'GATEWAY', 'TRUNK', 'DATABASE']);
  }
});
