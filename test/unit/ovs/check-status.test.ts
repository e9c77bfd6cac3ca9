/** CHECK and STATUS of ovs in this process, on a made-up Open vSwitch. */
import { describe, expect, test } from 'vitest';
import type { RecordingHost } from '../../support/recording-host.ts';
import { type Fields, hostWithBridge, portsOf, run, sandbox } from './made-up.ts';

describe('CHECK names all that is not as ADD left it', () => {
  test.each<[string, (host: RecordingHost, port: string) => void, RegExp]>([
    ['tag', ({ ovs }, port) => ovs.change('Port', port, 'tag', [101]), /the tag of veth\w+ is 101, not 100/],
    [
      'mode',
      ({ ovs }, port) => ovs.change('Port', port, 'vlan_mode', ['trunk']),
      /vlan_mode .* is trunk, not access/,
    ],
    ['trunks', ({ ovs }, port) => ovs.change('Port', port, 'trunks', [5]), /the trunks .* are 5, not all/],
    ['bridge', ({ ovs }) => ovs.change('Bridge', 'br0', 'name', 'br9'), /the bridge br0 is gone/],
    ['place', ({ ovs }) => ovs.change('Bridge', 'br0', 'ports', []), /is not on the bridge br0/],
    ['error', ({ ovs }, port) => ovs.change('Interface', port, 'error', ['x']), /does not work: x/],
    ['number', ({ ovs }, port) => ovs.change('Interface', port, 'ofport', [9]), /has the number 9, not 7/],
    [
      'policing',
      ({ ovs }, port) => ovs.change('Interface', port, 'ingress_policing_rate', 0),
      /ingress_policing_rate .* is 0, not 3000 kbit\/s/,
    ],
    ['QoS', ({ ovs }, port) => ovs.change('Port', port, 'qos', []), /the QoS of veth\w+ is gone/],
    [
      'max-rate',
      ({ ovs }) => ovs.changeAll('QoS', 'other_config', new Map([['max-rate', '1']])),
      /the max-rate of veth\w+ is 1, not 5000000 bit\/s/,
    ],
    [
      'iface-id',
      ({ ovs }, port) => {
        const ids = ovs.row('Interface', port)?.['external_ids'] as ReadonlyMap<string, string>;
        ovs.change('Interface', port, 'external_ids', new Map([...ids, ['iface-id', 'q']]));
      },
      /the iface-id of veth\w+ is q, not p/,
    ],
    [
      'host link',
      ({ machine }, port) => machine.drop(machine.link(port)?.ifindex ?? 0),
      /the host link veth\w+ is gone/,
    ],
    [
      'sandbox link',
      ({ machine }) => machine.drop(machine.link('eth0', sandbox)?.ifindex ?? 0),
      /link eth0 in .* is gone/,
    ],
  ])('%s', async (_what, change, message) => {
    using host = hostWithBridge();
    const asked = {
      vlan: 100,
      ofport_request: 7,
      ingressPolicingRate: 3000,
      runtimeConfig: { bandwidth: { ingressRate: 5_000_000 } },
      args: { cni: { ovnPort: 'p' } },
    };
    const { result } = await run(host, 'ADD', asked);
    const checked = { ...asked, prevResult: result };
    expect((await run(host, 'CHECK', checked)).error).toBeUndefined();
    change(host, String(portsOf(host)[0]));
    const { error } = await run(host, 'CHECK', checked);
    expect(error).toMatchObject({ code: 104, msg: expect.stringMatching(message) });
  });

  test('a port that is gone', async () => {
    using host = hostWithBridge();
    const { result } = await run(host, 'ADD');
    host.ovs.change('Port', String(portsOf(host)[0]), 'external_ids', new Map());
    const { error } = await run(host, 'CHECK', { prevResult: result });
    expect(error).toMatchObject({
      code: 104,
      msg: expect.stringContaining('its port is gone from the database'),
    });
  });
});

describe('STATUS', () => {
  test('is well where an ADD could succeed', async () => {
    using host = hostWithBridge();
    expect((await run(host, 'STATUS')).exitCode).toBe(0);
    expect((await run(host, 'STATUS', { bridge: 'br9', createBridge: true })).exitCode).toBe(0);
  });

  test.each<[string, Fields, RecordingHost['ovs']['database'], RegExp]>([
    ['bridge missing', { bridge: 'br9' }, 'up', /^bridge: there is no Open vSwitch bridge "br9"$/],
    ['database down', {}, 'down', /cannot be reached/],
    ['database hung', {}, 'hung', /has not answered/],
  ])('%s is error 50', async (_what, fields, database, message) => {
    using host = hostWithBridge();
    host.ovs.database = database;
    expect((await run(host, 'STATUS', fields)).error).toMatchObject({
      code: 50,
      msg: expect.stringMatching(message),
    });
  });

  test('a daemon that leaves work undone is error 50', async () => {
    using host = hostWithBridge();
    host.ovs.daemon = 'dead';
    host.ovs.changeAll('Open_vSwitch', 'next_cfg', 7);
    expect((await run(host, 'STATUS')).error).toMatchObject({
      code: 50,
      msg: expect.stringContaining('ovs-vswitchd does not carry out what is in the database'),
    });
  });

  test('a program that is missing is error 50 that names it', async () => {
    using host = hostWithBridge({ missing: ['ovsdb-client'] });
    expect((await run(host, 'STATUS')).error).toMatchObject({
      code: 50,
      msg: expect.stringContaining('"ovsdb-client" is not installed'),
    });
  });
});
