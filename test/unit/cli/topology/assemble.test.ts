/** What hangs on what, out of what a node's parts say. */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../../../cli/topology/assemble.ts';
import type { Facts } from '../../../../cli/topology/facts.ts';
import { readLabel } from '../../../../cli/topology/label.ts';
import type { Hub, Port } from '../../../../cli/topology/model.ts';
import type { VfReport } from '../../../../cli/vfs/report.ts';
import { aliasOf } from '../../../../lib/cni/identity.ts';
import { alias, label, link, namespace, noFacts, whose } from './made-up.ts';

const hubsOf = (facts: Partial<Facts>): readonly Hub[] => assemble({ ...noFacts, ...facts }).hubs;
const portsOf = (facts: Partial<Facts>): readonly Port[] => hubsOf(facts).flatMap(({ ports }) => ports);

const bridge = link(2, 'cni0', { kind: 'bridge' });
const veth = (index: number, more: Parameters<typeof link>[2] = {}) =>
  link(index, `veth${index}`, { kind: 'veth', master: 'cni0', lowerNetns: 0, lowerIndex: 2, ...more });
const eth0 = (more: Parameters<typeof link>[2] = {}) =>
  link(2, 'eth0', { kind: 'veth', lowerNetns: 0, lowerIndex: 3, addresses: ['10.88.0.2/16'], ...more });

describe('labels', () => {
  test('tell whose a link is', () => {
    expect(readLabel(alias('c1'))).toEqual(label('c1'));
  });

  test('that were cut, or that somebody has written behind a mark, tell by their mark alone', () => {
    const long = whose('c'.repeat(300));
    expect(readLabel(aliasOf(long))).toEqual({ mark: long.mark });
    expect(readLabel(`${whose('c1').mark}:pods/c2/eth0`)).toEqual({ mark: whose('c1').mark });
  });

  test.each([undefined, '', 'plumbline:host-access:eth0', 'plumbline:x:y/z', 'uplink to plumbline:'])(
    '%j is none',
    (text) => expect(readLabel(text)).toBeUndefined(),
  );
});

describe('a bridge', () => {
  test('has its ports, each with the link at its other end', () => {
    const [one] = hubsOf({
      links: [bridge, veth(3, { alias: alias('c1'), isolated: true }), veth(4, { lowerNetns: 1 })],
      namespaces: [
        // The same index as the one that is meant.
        namespace(1, ['/run/netns/red'], eth0({ mac: '02:00:00:00:00:99' })),
        namespace(0, ['/var/lib/x', '/run/netns/blue'], eth0()),
      ],
      rules: {
        masquerade: [
          { label: label('c1'), address: '10.88.0.2' },
          { label: label('c2'), address: '10.88.0.3' },
        ],
        guards: [{ label: label('c1'), port: 'veth3', macs: ['02:00:00:00:00:02'] }],
      },
    });
    expect(one).toMatchObject({ kind: 'bridge', name: 'cni0', ours: true });
    expect(one?.ports).toMatchObject([
      {
        ...{ name: 'veth3', ours: true, isolated: true },
        ...{ masquerade: ['10.88.0.2'], antispoof: ['02:00:00:00:00:02'], stale: undefined },
        container: { id: 'c1', network: 'pods', netns: 'blue', ifname: 'eth0', addresses: ['10.88.0.2/16'] },
      },
      {
        ...{ name: 'veth4', ours: false, masquerade: [] },
        container: { netns: 'red', mac: '02:00:00:00:00:99' },
      },
    ]);
  });

  test('tells VLANs where it tells them apart', () => {
    const vlans = new Map([['veth3', { mode: 'access', tag: 10 } as const]]);
    const links = [{ ...bridge, vlanFiltering: true }, veth(3)];
    expect(portsOf({ links, vlans })[0]?.vlan).toEqual({ mode: 'access', tag: 10 });
    expect(portsOf({ links: [bridge, veth(3)], vlans })[0]?.vlan).toBeUndefined();
  });

  test('has the NIC first, then what is ours, then others', () => {
    const links = [
      bridge,
      veth(3, { lowerNetns: 1 }),
      veth(10, { alias: alias('c10') }),
      veth(9, { alias: alias('c9') }),
      link(7, 'eth1', { master: 'cni0' }),
    ];
    const namespaces = [namespace(1, ['/run/netns/a'], eth0())];
    expect(portsOf({ links, namespaces }).map(({ name }) => name)).toEqual([
      'eth1',
      'veth9',
      'veth10',
      'veth3',
    ]);
  });

  test('marks a port whose container is gone, and says who it was', () => {
    const reservations = [
      { network: 'pods', address: '10.88.0.2', id: 'c1', ifname: 'eth0', mayBeUnseen: false },
    ];
    const links = [bridge, veth(3, { alias: alias('c1'), lowerNetns: undefined })];
    const found = assemble({ ...noFacts, links, reservations });
    expect(found.hubs[0]?.ports[0]).toMatchObject({
      stale: expect.stringContaining('other end is on the node'),
      container: { id: 'c1', network: 'pods', addresses: ['10.88.0.2'] },
    });
    expect(found.leftovers).toEqual([]);
  });

  test('is ours where a network names it, be it without ports', () => {
    const wanted = { bridges: ['cni0'], ovsBridges: [], masters: [] };
    expect(hubsOf({ links: [bridge] })[0]?.ours).toBe(false);
    expect(hubsOf({ links: [bridge], wanted })[0]?.ours).toBe(true);
  });
});

describe('a master', () => {
  const nic = link(5, 'eth0');
  const child = link(2, 'net1', {
    ...{ kind: 'macvlan', mode: 'bridge', lowerIndex: 5, lowerNetns: 0, alias: alias('c1', 'lan', 'net1') },
  });

  test('has the links in containers, and those of the node', () => {
    const access = link(8, 'veth-1', {
      ...{ kind: 'macvlan', mode: 'bridge', lower: 'eth0', alias: 'plumbline:host-access:eth0' },
    });
    const [hub] = hubsOf({ links: [nic, access], namespaces: [namespace(0, ['/run/netns/blue'], child)] });
    expect(hub).toMatchObject({ kind: 'master', name: 'eth0', ours: true });
    expect(hub?.ports).toMatchObject([
      { name: 'veth-1', ours: true, container: undefined, stale: undefined },
      {
        name: 'net1',
        mode: 'bridge',
        ours: true,
        container: { netns: 'blue', network: 'lan', ifname: 'net1' },
      },
    ]);
  });

  test('has none whose own master is in a container, and has the same index', () => {
    const inner = namespace(0, ['/run/netns/inner'], { ...child, lowerNetns: 1 });
    expect(hubsOf({ links: [nic], namespaces: [inner] })).toEqual([]);
    const unknown = { ...namespace(0, ['/run/netns/inner'], child), numberOfNode: undefined };
    expect(hubsOf({ links: [nic], namespaces: [unknown] })).toEqual([]);
  });

  test('in a container is a master there', () => {
    const inner = { ...child, lower: 'eth0', lowerIndex: undefined, lowerNetns: undefined };
    const [hub] = hubsOf({ namespaces: [namespace(0, ['/run/netns/blue'], link(1, 'eth0'), inner)] });
    expect(hub).toMatchObject({ kind: 'master', name: 'eth0', inside: 'blue', ports: [{ name: 'net1' }] });
  });

  test('is shown without links where a network names it, and a plain NIC is not', () => {
    const wanted = { bridges: [], ovsBridges: [], masters: ['eth0'] };
    expect(hubsOf({ links: [nic] })).toEqual([]);
    expect(hubsOf({ links: [nic], wanted })).toMatchObject([{ kind: 'master', name: 'eth0', ports: [] }]);
  });
});

describe('Open vSwitch', () => {
  const row = (name: string, id: string) => ({
    ...{ name, type: '', vlan: { mode: 'access', tag: 7 } as const, dead: undefined },
    ids: {
      ...{ owner: 'plumbline', attachment: whose(id).mark, network: 'pods', 'container-id': id },
      ...{ interface: 'eth0', 'pod-name': 'web-0', 'pod-namespace': 'default' },
    },
  });

  test('tells by its rows whose a port is, also where its link is gone', () => {
    const ports = [row('veth3', 'c1'), { ...row('veth9', 'c9'), dead: 'its link is gone' }];
    const patch = { name: 'to-tun', type: 'patch', vlan: undefined, ids: {}, dead: undefined };
    const [hub, ...others] = hubsOf({
      links: [link(2, 'br-int'), veth(3, { master: 'ovs-system', alias: alias('c1') })],
      namespaces: [namespace(0, ['/run/netns/blue'], eth0({ alias: alias('c1') }))],
      ovs: [{ name: 'br-int', datapath: 'system', ports: [...ports, patch] }],
    });
    expect(others).toEqual([]);
    expect(hub).toMatchObject({ kind: 'ovs-bridge', name: 'br-int', datapath: 'system', ours: true });
    expect(hub?.ports).toMatchObject([
      { name: 'to-tun', kind: 'patch', ours: false, container: undefined },
      { name: 'veth3', vlan: { tag: 7 }, container: { pod: 'default/web-0', netns: 'blue' } },
      { name: 'veth9', stale: 'its link is gone', container: { id: 'c9', pod: 'default/web-0' } },
    ]);
  });
});

test('virtual functions have what their NIC sets', () => {
  const vf = (index: number, more: Partial<VfReport> = {}): VfReport => ({
    ...{ index, address: `0000:01:10.${index}`, driver: 'igbvf', name: undefined, container: undefined },
    ...more,
  });
  const holder = { id: 'c1', ifname: 'net1', network: 'vfs', netns: '/run/netns/blue', alive: true };
  const inside = link(4, 'net1', { device: '0000:01:10.0', addresses: ['10.1.0.2/24'] });
  const mac = '02:00:5e:00:53:01';
  const pf = { address: '0000:01:00.0', driver: 'igb', name: 'eth0', mac: undefined, totalVfs: 7 };
  const [hub] = hubsOf({
    links: [link(2, 'eth0')],
    namespaces: [namespace(0, ['/run/netns/blue'], inside)],
    pfs: [
      {
        ...pf,
        vfs: [
          vf(0, { vlan: 100, spoofchk: true, mac, container: holder }),
          vf(1, { driver: 'vfio-pci', container: { ...holder, id: 'c2', alive: false } }),
          vf(2),
        ],
      },
    ],
  });
  expect(hub).toMatchObject({ kind: 'pf', name: 'eth0', pci: '0000:01:00.0', ours: true });
  expect(hub?.ports).toMatchObject([
    { name: 'vf 2', ours: false },
    {
      ...{ name: 'vf 0', vlan: { mode: 'access', tag: 100 }, antispoof: [mac] },
      container: { id: 'c1', netns: 'blue', ifname: 'net1', addresses: ['10.1.0.2/24'] },
    },
    { name: 'vf 1', kind: 'vf, vfio-pci', stale: 'its container is gone', container: { id: 'c2' } },
  ]);
});

test('a veth that the node routes to hangs on no bridge', () => {
  const links = [veth(3, { master: undefined }), link(4, 'eth9')];
  const found = hubsOf({ links, namespaces: [namespace(0, ['/run/netns/blue'], eth0())] });
  expect(found).toMatchObject([{ kind: 'node', ours: false, ports: [{ name: 'veth3', ours: false }] }]);
});

describe('what is left behind', () => {
  const reservation = { network: 'pods', address: '10.88.0.9', id: 'c9', ifname: 'eth0', mayBeUnseen: false };
  const rules = {
    masquerade: [{ label: label('c9'), address: '10.88.0.9' }],
    guards: [{ label: label('c9'), port: 'veth9', macs: [] }],
  };

  test('is told with its owner', () => {
    const owner = { network: 'pods', id: 'c9', ifname: 'eth0' };
    expect(assemble({ ...noFacts, reservations: [reservation], rules }).leftovers).toEqual([
      { kind: 'reservation', what: '10.88.0.9', ...owner },
      { kind: 'masquerade', what: '10.88.0.9', ...owner },
      { kind: 'antispoof', what: 'veth9', ...owner },
    ]);
  });

  test.each<[string, Partial<Facts>]>([
    ['whose container is there', { namespaces: [namespace(0, ['/x'], eth0({ alias: alias('c9') }))] }],
    ['where not all could be looked at', { isComplete: false }],
  ])('is nothing %s', (_, more) => {
    expect(assemble({ ...noFacts, reservations: [reservation], rules, ...more }).leftovers).toEqual([]);
  });

  test('is no reservation of an ADD that is under way, nor one whose address somebody has', () => {
    const young = { ...reservation, address: '10.88.0.10', mayBeUnseen: true };
    const namespaces = [namespace(0, ['/x'], eth0({ addresses: ['10.88.0.9/16'] }))];
    expect(assemble({ ...noFacts, reservations: [reservation, young], namespaces }).leftovers).toEqual([]);
  });
});
