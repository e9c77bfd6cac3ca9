import { describe, expect, test } from 'vitest';
import { addAddress, deleteAddress, replaceAddress } from '../../../lib/ip/address.ts';
import type { Command } from '../../../lib/ip/command.ts';
import * as link from '../../../lib/ip/link.ts';
import {
  isUp,
  kindOf,
  readLink,
  readLinks,
  readRoutes,
  showAllRoutes,
  showDevice,
  showRoutes,
  throughDevice,
} from '../../../lib/ip/read.ts';
import { addRoute, isRoute } from '../../../lib/ip/route.ts';
import { type Cidr, parseCidr } from '../../../lib/net/address.ts';
import { ipGrammar } from '../../support/recording/forms.ts';

const mac = '02:00:00:00:00:01';
const cidr = (text: string): Cidr => parseCidr(text) ?? expect.unreachable(text);
const ends = {
  host: { name: 'veth0', mac },
  sandbox: { name: 'eth0', mac: '02:00:00:00:00:02', netns: '/proc/7/fd/9' },
};

const lines: readonly (readonly [Command, string])[] = [
  [
    link.addVeth({ ...ends, mtu: 1400, master: 'cni0' }),
    `link add name veth0 address ${mac} mtu 1400 master cni0 type veth peer name eth0 address 02:00:00:00:00:02 mtu 1400 netns /proc/7/fd/9`,
  ],
  [
    link.addVeth({ ...ends, mtu: undefined, master: 'cni0' }),
    `link add name veth0 address ${mac} master cni0 type veth peer name eth0 address 02:00:00:00:00:02 netns /proc/7/fd/9`,
  ],
  [
    link.addBridge({ name: 'cni0', mac, mtu: undefined, vlanFiltering: false }),
    `link add name cni0 address ${mac} type bridge`,
  ],
  [
    link.addBridge({ name: 'cni0', mac, mtu: 9000, vlanFiltering: true }),
    `link add name cni0 address ${mac} mtu 9000 type bridge vlan_filtering 1`,
  ],
  [link.addVlan('cni0', 'cni0.5', 5, mac), `link add link cni0 name cni0.5 address ${mac} type vlan id 5`],
  [link.deleteLink('veth0'), 'link delete dev veth0'],
  [link.setUp('veth0'), 'link set dev veth0 up'],
  [link.setMac('veth0', mac), `link set dev veth0 address ${mac}`],
  [link.setMaster('veth0', 'cni0'), 'link set dev veth0 master cni0'],
  [link.unsetMaster('veth0'), 'link set dev veth0 nomaster'],
  [link.setFlag('cni0', 'PROMISC', true), 'link set dev cni0 promisc on'],
  [link.setVlanFiltering('cni0'), 'link set dev cni0 type bridge vlan_filtering 1'],
  [
    link.setPort('veth0', { hairpin: true, isolated: false })[0] ?? [],
    'link set dev veth0 type bridge_slave hairpin on',
  ],
  [
    link.setPort('veth0', { hairpin: true, isolated: true })[0] ?? [],
    'link set dev veth0 type bridge_slave hairpin on isolated on',
  ],
  [
    link.setPort('veth0', { hairpin: false, isolated: true })[0] ?? [],
    'link set dev veth0 type bridge_slave isolated on',
  ],
  [addAddress('eth0', cidr('10.1.0.5/16'), false), 'address add 10.1.0.5/16 broadcast + dev eth0'],
  [addAddress('eth0', cidr('10.1.0.5/31'), false), 'address add 10.1.0.5/31 dev eth0'],
  [addAddress('eth0', cidr('10.1.0.5/32'), true), 'address add 10.1.0.5/32 dev eth0'],
  [addAddress('eth0', cidr('FD00:0::5/64'), false), 'address add fd00::5/64 dev eth0 nodad'],
  [addAddress('eth0', cidr('fd00::5/64'), true), 'address add fd00::5/64 dev eth0'],
  [replaceAddress('cni0', cidr('10.1.0.1/16'), false), 'address replace 10.1.0.1/16 broadcast + dev cni0'],
  [replaceAddress('cni0', cidr('fd00::1/64'), false), 'address replace fd00::1/64 dev cni0 nodad'],
  [deleteAddress('eth0', cidr('fd00::5/64')), 'address delete fd00::5/64 dev eth0'],
  [addRoute('eth0', { dst: '10.0.0.0/8' }), 'route append 10.0.0.0/8 dev eth0'],
  [
    addRoute('eth0', {
      dst: '::/0',
      gw: 'fd00::1',
      mtu: 1400,
      advmss: 1340,
      priority: 5,
      table: 100,
      scope: 0,
    }),
    'route append ::/0 via fd00::1 dev eth0 metric 5 table 100 scope 0 mtu 1400 advmss 1340',
  ],
  [showDevice('eth0'), 'address show dev eth0'],
  ...showRoutes('eth0').map((line, index): readonly [Command, string] => [
    line,
    ['route show table all dev eth0', 'route show table all root ::/0 dev eth0'][index] ?? '',
  ]),
];

test.each(lines.map(([command, line]) => [line, command] as const))('%s', (line, command) => {
  expect(command.join(' ')).toBe(line);
  // And it is one of the forms that the other tests know.
  expect(ipGrammar.render(ipGrammar.parse(command))).toEqual(command);
});

test('a port with the kernel\u2019s defaults needs no command', () => {
  expect(link.setPort('veth0', { hairpin: false, isolated: false })).toEqual([]);
});

test('no read of links shares a batch with addresses: it would leave ip at another address family', () => {
  for (const line of [showDevice('eth0'), ...showRoutes('eth0'), ...showAllRoutes])
    expect(line.slice(0, 2)).not.toEqual(['link', 'show']);
});

describe('what ip prints', () => {
  const eth0 = {
    ifindex: 2,
    ifname: 'eth0',
    flags: ['UP'],
    mtu: 1500,
    linkinfo: { info_kind: 'veth' },
    added_later: {},
  };

  test('is read, and what a filter left empty is passed over', () => {
    expect(readLinks([{}, eth0, {}]).map(({ ifname }) => ifname)).toEqual(['eth0']);
    const link = readLink([eth0]);
    expect([link && kindOf(link), link && isUp(link)]).toEqual(['veth', true]);
    expect([readLinks(undefined), readLink([]), readRoutes(undefined)]).toEqual([[], undefined, []]);
  });

  test.each([[[{ ifname: 'eth0' }]], ['text'], [{ links: [] }], [[7]]])(
    'in a form that is not known is error 999: %j',
    (document) => {
      expect(() => readLinks(document)).toThrow(
        expect.objectContaining({ code: 999, message: expect.stringMatching(/iproute2/) }),
      );
    },
  );

  test('of a route over several devices is one route a device', () => {
    const [route] = readRoutes([
      {
        dst: '::/0',
        metric: 7,
        nexthops: [
          { gateway: 'fe80::1', dev: 'a' },
          { gateway: 'fe80::2', dev: 'b' },
        ],
      },
    ]);
    expect(route && throughDevice(route, 'b')).toMatchObject([
      { dst: '::/0', metric: 7, gateway: 'fe80::2', dev: 'b' },
    ]);
    expect(route && throughDevice(route, 'c')).toEqual([]);
  });
});

describe('a route that is there is the one wanted', () => {
  test.each([
    [
      { dst: 'default', gateway: '10.0.0.1' },
      { dst: '0.0.0.0/0', gw: '10.0.0.1' },
    ],
    [
      { dst: 'default', gateway: 'fe80::1' },
      { dst: '::/0', gw: 'fe80::1' },
    ],
    [{ dst: '10.0.0.5' }, { dst: '10.0.0.5/32' }],
    [{ dst: 'fd00::5' }, { dst: 'fd00::5/128' }],
    [
      { dst: 'fd00::/64', gateway: 'fd01::1' },
      { dst: 'FD00:0:0::/64', gw: 'FD01:0::1' },
    ],
    [
      { dst: '10.0.0.0/8', metric: 5 },
      { dst: '10.0.0.0/8', priority: 5 },
    ],
    [{ dst: '10.0.0.0/8', metric: 5 }, { dst: '10.0.0.0/8' }],
    [
      { dst: '10.0.0.0/8', table: 'main' },
      { dst: '10.0.0.0/8', table: 254 },
    ],
    [
      { dst: '10.0.0.0/8', table: '100' },
      { dst: '10.0.0.0/8', table: 100 },
    ],
    [{ dst: '10.0.0.0/8', type: 'unicast' }, { dst: '10.0.0.0/8' }],
  ])('%j for %j', (info, wanted) => expect(isRoute(info, wanted)).toBe(true));

  test.each([
    [{ dst: 'default' }, { dst: '0.0.0.0/0', gw: '10.0.0.1' }],
    [
      { dst: '10.0.0.0/8', gateway: '10.0.0.2' },
      { dst: '10.0.0.0/8', gw: '10.0.0.1' },
    ],
    [{ dst: '10.0.0.0/9' }, { dst: '10.0.0.0/8' }],
    [
      { dst: '10.0.0.0/8', metric: 6 },
      { dst: '10.0.0.0/8', priority: 5 },
    ],
    [{ dst: '10.0.0.0/8', table: '100' }, { dst: '10.0.0.0/8' }],
    [{ dst: '10.0.0.0/8', type: 'blackhole' }, { dst: '10.0.0.0/8' }],
  ])('%j not for %j', (info, wanted) => expect(isRoute(info, wanted)).toBe(false));
});
