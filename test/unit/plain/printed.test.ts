/** The readers of what tools print and of our own file: what they take, they read as the schemas do. */
import { expect, test } from 'vitest';
import { plainFunctions, plainLinks, plainRoutes } from '../../../lib/ip/plain.ts';
import { linkList, readLinks, readRoutes, routeList } from '../../../lib/ip/read.ts';
import { functionList } from '../../../lib/ip/vf.ts';
import { plainListing } from '../../../lib/nft/plain.ts';
import { listing } from '../../../lib/nft/transaction.ts';
import type { Reader } from '../../../lib/plain.ts';
import * as z from '../../../lib/zod.ts';
import { plainState } from '../../../plugins/sriov/plain.ts';
import { stateSchema } from '../../../plugins/sriov/state.ts';
import { odd, pathsOf, put } from './changes.ts';

interface Form {
  readonly plain: Reader;
  readonly schema: () => z.ZodMiniType;
  /** As it is printed, with members that nobody looks at. */
  readonly example: unknown;
}

const link = {
  ifindex: 7,
  ifname: 'eth0',
  flags: ['UP'],
  mtu: 1500,
  link: null,
  link_netnsid: 0,
  address: '6e:23:ff:cf:ce:bc',
  linkinfo: {
    info_kind: 'bridge',
    info_data: { vlan_filtering: 0 },
    info_slave_data: { state: 'forwarding' },
  },
  addr_info: [{ family: 'inet', local: '10.1.0.2', prefixlen: 24, scope: 'global', dynamic: true }],
};
const route = {
  type: 'multicast',
  dst: 'default',
  gateway: '10.1.0.1',
  dev: 'eth0',
  metric: 100,
  flags: ['onlink'],
  metrics: [{ mtu: 1400 }],
  nexthops: [{ gateway: '10.1.0.9', dev: 'eth1', weight: 1, flags: [] }],
};
const nic = {
  ...link,
  vfinfo_list: [
    {
      ...{ vf: 0, link_type: 'ether', address: '00:00:00:00:00:00', spoofchk: true, trust: false },
      vlan_list: [{ vlan: 5, qos: 2, protocol: '802.1ad' }],
      ...{ rate: { max_tx: 100, min_tx: 0 }, link_state: 'auto', query_rss_en: false },
    },
  ],
};
const rules = {
  nftables: [
    { metainfo: { version: '1.0.6', json_schema_version: 1 } },
    { set: { family: 'inet', name: 'plumbline', elem: [{ elem: { val: '10.1.0.2', comment: 'c' } }] } },
  ],
};
const state = {
  ...{ version: 1, address: '0000:03:00.2' },
  holder: {
    network: 'n',
    containerId: 'c',
    ifname: 'eth0',
    netns: '/run/netns/a',
    netnsId: '4:5',
    boot: 'b',
  },
  link: { name: 'eth1', mac: '02:00:00:00:00:01', mtu: 1500, up: true, alias: 'a', flags: ['PROMISC'] },
  vf: {
    mac: '02:00:00:00:00:02',
    vlan: 0,
    qos: 0,
    protocol: '802.1q',
    spoofchk: true,
    maxTxRate: 0,
    minTxRate: 0,
  },
  macByPf: false,
};

const forms: Readonly<Record<string, Form>> = {
  links: { plain: plainLinks, schema: linkList, example: [link] },
  routes: { plain: plainRoutes, schema: routeList, example: [route] },
  'virtual functions': { plain: plainFunctions, schema: functionList, example: [nic] },
  'objects of nft': { plain: plainListing, schema: listing, example: rules },
  "sriov's file": { plain: plainState, schema: stateSchema, example: state },
};

test.each(Object.entries(forms))('%s are read as by the schema', (_, { plain, schema, example }) => {
  expect(plain(example)).toStrictEqual(z.parse(schema(), example));
});

test.each(Object.entries(forms))(
  '%s: whatever is put in the place of a member is read alike, or left to the schema',
  (_, { plain, schema, example }) => {
    let [taken, refused, left] = [0, 0, 0];
    for (const place of pathsOf(example).slice(1)) {
      // Undefined takes a member away.
      for (const item of [...odd, undefined]) {
        const changed: unknown = JSON.parse(JSON.stringify(put(example, place, item)));
        const read = z.safeParse(schema(), changed);
        const known = plain(changed);
        if (known === undefined && read.success) left += 1;
        else if (known === undefined) refused += 1;
        else {
          taken += 1;
          expect(read.data, JSON.stringify(changed)).toStrictEqual(known);
        }
      }
    }
    expect(taken).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(20);
    // Nothing that tools print has to wait for the schema.
    expect(left).toBe(0);
  },
);

test('what a filter has left empty is passed over', () => {
  expect(plainLinks([{}, link])).toBeUndefined();
  expect(readLinks([{}, link])).toStrictEqual(readLinks([link]));
  expect(readRoutes([{}, route, {}])).toStrictEqual(readRoutes([route]));
  expect(readLinks(undefined)).toStrictEqual([]);
});

test.each([
  ['mtu', '1500'],
  ['flags', 'UP'],
  ['link', 7],
  ['addr_info', [{ family: 'inet' }]],
  ['linkinfo', { info_data: 'veth' }],
])('links of which %s is something else are refused', (key, value) => {
  expect(plainLinks([{ ...link, [key]: value }])).toBeUndefined();
  expect(() => readLinks([{ ...link, [key]: value }])).toThrow('in a form that is not known here');
});
