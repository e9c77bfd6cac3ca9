/** ADD, DEL and GC of ovs in this process, on a made-up Open vSwitch. */
import { describe, expect, test } from 'vitest';
import type { Operation } from '../../../lib/ovs/operation.ts';
import { type RecordingHost, recordingHost } from '../../support/recording-host.ts';
import { expectNothing, type Fields, hostWithBridge, portsOf, reservedIn, run, sandbox } from './made-up.ts';

/** The transactions that change something. */
const writesOf = (host: RecordingHost): number =>
  host.typedRuns().filter(({ action }) => action.kind === 'ovsdb' && action.verb === 'transact').length;

/** Whether ovs-vswitchd is waited for. */
const isWaiting = (operations: readonly Operation[]): boolean =>
  operations.some((operation) => operation.op === 'wait' && operation.table === 'Open_vSwitch');

const portTypes = ['veth', 'internal'] as const;

describe.each(portTypes)('port type %s', (portType) => {
  test('ADD makes the port in one writing run, and DEL takes it away in one', async () => {
    using host = hostWithBridge();
    const { result, error } = await run(host, 'ADD', { portType });
    expect(error).toBeUndefined();
    const [port] = portsOf(host);
    expect(result).toMatchObject({
      interfaces: [{ name: port }, { name: 'eth0', mac: '0a:58:0a:01:00:02', sandbox: '/run/netns/blue' }],
      ips: [{ address: '10.1.0.2/16', interface: 1 }],
    });
    expect(host.machine.link('eth0', sandbox)).toMatchObject({
      address: '0a:58:0a:01:00:02',
      flags: expect.arrayContaining(['UP']),
      addr_info: [expect.objectContaining({ local: '10.1.0.2' })],
    });
    expect(writesOf(host)).toBe(1);
    expect((await run(host, 'CHECK', { portType, prevResult: result })).error).toBeUndefined();
    expect((await run(host, 'DEL', { portType, prevResult: result })).error).toBeUndefined();
    expect(writesOf(host)).toBe(2);
    expectNothing(host);
    expect((await run(host, 'DEL', { portType })).exitCode).toBe(0);
    expect(writesOf(host)).toBe(2);
  });

  test('a second ADD is error 102, and leaves the first as it is', async () => {
    using host = hostWithBridge();
    const { result } = await run(host, 'ADD', { portType });
    const { error } = await run(host, 'ADD', { portType });
    expect(error).toMatchObject({
      code: 102,
      msg: expect.stringMatching(/^container c1 has eth0 in network/),
    });
    expect(writesOf(host)).toBe(1);
    expect((await run(host, 'CHECK', { portType, prevResult: result })).error).toBeUndefined();
    expect(reservedIn(host)).toEqual(['10.1.0.2']);
  });

  test('an interface that is there already is error 102, and all else goes', async () => {
    using host = hostWithBridge();
    host.machine.put({ ifname: 'x' });
    host.machine.run(
      {
        form: 'link set dev <name> netns <sandbox> name <as:name>',
        values: { name: 'x', sandbox, as: 'eth0' },
      },
      '',
    );
    const { error } = await run(host, 'ADD', { portType });
    expect(error).toMatchObject({
      code: 102,
      msg: expect.stringMatching(/^CNI_IFNAME: "eth0" exists in \/run\/netns\/blue already/),
    });
    expect(host.machine.links(sandbox)).toHaveLength(1);
    expect(portsOf(host)).toEqual([]);
    expect(reservedIn(host)).toEqual([]);
  });

  test('after its sandbox has died, DEL without one, GC and the next ADD each find the rows', async () => {
    for (const after of ['DEL', 'GC', 'ADD'] as const) {
      const sandboxes = ['/run/netns/blue'];
      using host = hostWithBridge({ sandboxes });
      await run(host, 'ADD', { portType });
      host.machine.end(sandbox);
      const [dead] = portsOf(host);
      sandboxes[0] = '/run/netns/green';
      const env = { DEL: { CNI_NETNS: '' }, GC: {}, ADD: { CNI_NETNS: '/run/netns/green' } }[after];
      const more = after === 'ADD' ? { CNI_CONTAINERID: 'c2' } : {};
      expect((await run(host, after, { portType }, { ...env, ...more })).error).toBeUndefined();
      if (after !== 'ADD') expectNothing(host);
      // An internal port's row is dead by its sandbox, which only GC and DEL of its own look for.
      else if (portType === 'veth') expect(portsOf(host)).not.toContain(dead);
    }
  });

  test.each<[string, Fields, number]>([
    ['IPAM fails', { ipam: { type: 'nothing' } }, 7],
    ['the port gets another number', { ofport_request: 7 }, 7],
    ['the kernel has no such limit', { ingressPolicingRate: 1000 }, portType === 'veth' ? 101 : 7],
  ])('where %s, nothing is left', async (_what, fields, code) => {
    using host = hostWithBridge({
      answer: (_run, typed) => {
        if (typed?.action.kind === 'tc') return { stdout: '[{"kind":"noqueue"}]\n[]\n' };
        return typed?.action.kind === 'ovsdb' && isWaiting(typed.action.operations)
          ? { stdout: '[{},{"rows":[{"ofport":8,"error":["set",[]]}]}]\n' }
          : undefined;
      },
    });
    const { error } = await run(host, 'ADD', { portType, ...fields });
    expect(error?.code).toBe(code);
    expectNothing(host);
  });

  test('with ovs-vswitchd dead, ADD is error 11, and no row stays', async () => {
    using host = hostWithBridge();
    host.ovs.daemon = 'dead';
    const { error } = await run(host, 'ADD', { portType });
    expect(error).toMatchObject({ code: 11, msg: expect.stringMatching(/^ovs-vswitchd has not carried/) });
    expectNothing(host);
  });

  test.each([
    ['down', /cannot be reached: No such file or directory/],
    ['hung', /^ovsdb-server at .* has not answered/],
  ] as const)(
    'with the database %s, ADD is error 11, and DEL tells it and frees the rest',
    async (state, message) => {
      using host = hostWithBridge();
      host.ovs.database = state;
      expect((await run(host, 'ADD', { portType })).error).toMatchObject({
        code: 11,
        msg: expect.stringMatching(message),
      });
      expectNothing(host);
      host.ovs.database = 'up';
      await run(host, 'ADD', { portType });
      host.ovs.database = state;
      expect((await run(host, 'DEL', { portType })).error).toMatchObject({ code: 11 });
      expect(host.machine.links(sandbox)).toEqual([]);
      expect(reservedIn(host)).toEqual([]);
      host.ovs.database = 'up';
      expect((await run(host, 'DEL', { portType })).error).toBeUndefined();
      expectNothing(host);
    },
  );
});

describe('ADD', () => {
  test('writes what is asked for, and whose it is', async () => {
    using host = hostWithBridge();
    const asked = { vlan: 100, externalIds: { a: '--', 'b c': '"' }, mtu: 1400 };
    const args = 'IgnoreUnknown=1;OvnPort=ovn "1";K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop;K8S_POD_UID=u1';
    expect((await run(host, 'ADD', asked, { CNI_ARGS: args })).error).toBeUndefined();
    const [name] = portsOf(host);
    const { external_ids: ids, ...port } = host.ovs.row('Port', String(name)) ?? {};
    expect(port).toMatchObject({ tag: [100], vlan_mode: ['access'] });
    expect(Object.fromEntries(ids as ReadonlyMap<string, string>)).toEqual({
      a: '--',
      'b c': '"',
      owner: 'plumbline',
      attachment: expect.stringMatching(/^plumbline:[0-9a-f]{16}-[0-9a-f]{16}$/),
      network: 'pods',
      'container-id': 'c1',
      interface: 'eth0',
      netns: '/run/netns/blue',
      'netns-id': '4:10',
      bridge: 'br0',
      machine: '0123456789abcdef0123456789abcdef',
      boot: '11111111-1111-4111-8111-111111111111',
      'pod-name': 'web',
      'pod-namespace': 'shop',
      'pod-uid': 'u1',
    });
    const link = host.ovs.row('Interface', String(name))?.['external_ids'] as ReadonlyMap<string, string>;
    expect(link.get('iface-id')).toBe('ovn "1"');
    expect(link.get('attached-mac')).toBe('0a:58:0a:01:00:02');
    expect(host.machine.link(String(name))?.mtu).toBe(1400);
  });

  test('without IPAM gives a link without addresses, and up', async () => {
    using host = hostWithBridge();
    const { result } = await run(host, 'ADD', { ipam: undefined });
    expect(result?.ips ?? []).toEqual([]);
    expect(host.machine.link('eth0', sandbox)?.flags).toContain('UP');
  });

  test('on a bridge that is not there is error 7, and with createBridge makes it', async () => {
    using host = recordingHost();
    const { error } = await run(host, 'ADD');
    expect(error).toMatchObject({ code: 7, msg: expect.stringMatching(/^bridge: there is no Open vSwitch/) });
    expect((await run(host, 'ADD', { createBridge: true })).error).toBeUndefined();
    expect(host.ovs.row('Bridge', 'br0')).toMatchObject({ datapath_type: '' });
    expect(writesOf(host)).toBe(1);
  });

  test('takes the bridge that another call has made meanwhile', async () => {
    let isMade = false;
    using host: RecordingHost = recordingHost({
      answer: (_run, typed) => {
        if (isMade || typed?.action.kind !== 'ovsdb' || typed.action.verb !== 'transact') return undefined;
        isMade = true;
        host.ovs.addBridge('br0');
        return undefined;
      },
    });
    expect((await run(host, 'ADD', { createBridge: true })).error).toBeUndefined();
    expect(host.ovs.rows('Bridge').map(({ name }) => name)).toEqual(['br0']);
    expect(portsOf(host)).toHaveLength(1);
  });

  test('on a bridge that goes meanwhile is error 7, and nothing is left', async () => {
    using host: RecordingHost = hostWithBridge({
      answer: (_run, typed) => {
        if (typed?.action.kind === 'ovsdb' && typed.action.verb === 'transact')
          host.ovs.change('Bridge', 'br0', 'name', 'br9');
        return undefined;
      },
    });
    const { error } = await run(host, 'ADD');
    expect(error).toMatchObject({
      code: 7,
      msg: expect.stringMatching(/^bridge: there is no Open vSwitch bridge "br0"/),
    });
    expect(reservedIn(host)).toEqual([]);
    expect(host.ovs.rows('Port').map(({ name }) => name)).toEqual(['br0']);
  });

  test.each([
    [
      '{"error":"could not open veth1 (No such device)","ofport":-1}',
      /^Open vSwitch cannot set up the port veth\w+: could not open veth1 \(No such device\)$/,
    ],
    [
      '{"error":["set",[]],"ofport":-1}',
      /^Open vSwitch cannot set up the port veth\w+: the log of ovs-vswitchd says why$/,
    ],
  ])(
    'of a port that Open vSwitch cannot make is error 101, and nothing is left: %s',
    async (row, message) => {
      using host = hostWithBridge({
        answer: (_run, typed) =>
          typed?.action.kind === 'ovsdb' && isWaiting(typed.action.operations)
            ? { stdout: `[{},{"rows":[${row}]}]` }
            : undefined,
      });
      expect((await run(host, 'ADD')).error).toMatchObject({
        code: 101,
        msg: expect.stringMatching(message),
      });
      expectNothing(host);
    },
  );

  test('takes no port that is there by another hand', async () => {
    using host = hostWithBridge();
    const { result } = await run(host, 'ADD');
    const port = result?.interfaces?.[0]?.name ?? '';
    await run(host, 'DEL');
    host.ovs.addPort('br0', port, { owner: 'somebody' });
    const { error } = await run(host, 'ADD');
    expect(error).toMatchObject({
      code: 102,
      msg: `the port ${port} is there already, on bridge br0, and plumbline has not made it for this container`,
    });
    expect(portsOf(host)).toEqual([port]);
    expect(reservedIn(host)).toEqual([]);
    expect((await run(host, 'DEL')).error).toBeUndefined();
    expect(portsOf(host)).toEqual([port]);
  });
});

describe('limits', () => {
  test('of a container that died go before its next ADD makes them anew', async () => {
    using host = hostWithBridge();
    const fields = { runtimeConfig: { bandwidth: { ingressRate: 50_000_000 } } };
    await run(host, 'ADD', fields);
    const [before] = host.ovs.rows('QoS');
    host.machine.end(sandbox);
    expect((await run(host, 'ADD', { ...fields, ipam: undefined })).error).toBeUndefined();
    expect(host.ovs.rows('QoS')).toHaveLength(1);
    expect(host.ovs.rows('QoS')[0]?.['_uuid']).not.toBe(before?.['_uuid']);
    expect(portsOf(host)).toHaveLength(1);
    expect((await run(host, 'DEL')).error).toBeUndefined();
    expectNothing(host);
  });

  test('QoS and Queue rows go with the port', async () => {
    using host = hostWithBridge();
    const bandwidth = { ingressRate: 50_000_000, egressRate: 40_000_000 };
    const fields = { runtimeConfig: { bandwidth } };
    const { result } = await run(host, 'ADD', fields);
    expect([host.ovs.rows('QoS').length, host.ovs.rows('Queue').length]).toEqual([1, 1]);
    expect((await run(host, 'CHECK', { ...fields, prevResult: result })).error).toBeUndefined();
    host.ovs.change('Port', String(portsOf(host)[0]), 'qos', []);
    const { error } = await run(host, 'CHECK', { ...fields, prevResult: result });
    expect(error).toMatchObject({ code: 104, msg: expect.stringMatching(/the QoS of veth\w+ is gone/) });
    expect((await run(host, 'DEL')).error).toBeUndefined();
    expectNothing(host);
  });
});

describe('DEL of a pod that ovs-cni made', () => {
  const ids = {
    owner: 'ovs-cni.network.kubevirt.io',
    contNetns: '/run/netns/blue',
    contIface: 'eth0',
    contPodUid: 'u1',
  };

  test('takes its port, and nobody else’s', async () => {
    using host = hostWithBridge();
    host.ovs.addPort('br0', 'veth9', ids);
    host.ovs.addPort('br0', 'veth8', { ...ids, contIface: 'eth1' });
    const other = { CNI_ARGS: 'K8S_POD_UID=u2' };
    expect((await run(host, 'DEL', {}, other)).error).toBeUndefined();
    expect(portsOf(host)).toEqual(['veth9', 'veth8']);
    expect((await run(host, 'DEL', {}, { CNI_ARGS: 'K8S_POD_UID=u1' })).error).toBeUndefined();
    expect(portsOf(host)).toEqual(['veth8']);
  });

  test('is not looked for by what is no path', async () => {
    using host = hostWithBridge();
    host.ovs.addPort('br0', 'veth9', ids);
    expect((await run(host, 'DEL', {}, { CNI_NETNS: `/${'x'.repeat(200_000)}` })).error).toBeUndefined();
    expect(portsOf(host)).toEqual(['veth9']);
  });

  test('finds it by the result, where the namespace is gone', async () => {
    using host = hostWithBridge();
    host.ovs.addPort('br0', 'veth9', ids);
    const prevResult = { interfaces: [{ name: 'veth9' }, { name: 'eth0', sandbox: '/run/netns/blue' }] };
    const config = { cniVersion: '1.0.0', prevResult: { cniVersion: '1.0.0', ...prevResult } };
    expect((await run(host, 'DEL', config, { CNI_NETNS: '' })).error).toBeUndefined();
    expect(portsOf(host)).toEqual([]);
  });
});

describe('GC', () => {
  test('keeps what is valid, takes the rest of its own network on this machine', async () => {
    using host = hostWithBridge();
    const bandwidth = { ingressRate: 50_000_000 };
    const { result } = await run(host, 'ADD');
    await run(host, 'ADD', { runtimeConfig: { bandwidth } }, { CNI_IFNAME: 'eth1' });
    await run(host, 'ADD', { name: 'others' }, { CNI_IFNAME: 'eth2' });
    host.ovs.addPort('br0', 'foreign', { network: 'pods' });
    host.ovs.addPort('br0', 'remote', { owner: 'plumbline', network: 'pods', machine: 'another' });
    const valid = [{ containerID: 'c1', ifname: 'eth0' }];
    expect((await run(host, 'GC', { 'cni.dev/valid-attachments': valid })).error).toBeUndefined();
    expect(portsOf(host)).toHaveLength(4);
    expect(portsOf(host)).toEqual(
      expect.arrayContaining([result?.interfaces?.[0]?.name, 'foreign', 'remote']),
    );
    expect(host.ovs.rows('QoS')).toEqual([]);
    expect(host.machine.links(sandbox).map(({ ifname }) => ifname)).toEqual(['eth0', 'eth2']);
    expect(reservedIn(host)).toEqual(['10.1.0.2']);
  });
});
