import { describe, expect, test } from 'vitest';
import { defaultRouteDevice, defaultRouteDeviceIn } from '../../../lib/ip/master.ts';
import { recordingHost, sandboxPath } from '../../support/recording-host.ts';

const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
const row = (device: string, destination: string, metric: number, mask: string): string =>
  `${device}\t${destination}\t0100000A\t0003\t0\t0\t${metric}\t${mask}\t0\t0\t0`;

/** A host whose /proc/net/route says this; ip tells the same routes wherever it is asked. */
function hostWith(route: readonly string[], v4: readonly object[] = [], v6: readonly object[] = []) {
  const stdout = `${JSON.stringify(v4)}\n${JSON.stringify(v6)}\n`;
  const host = recordingHost({ answer: () => ({ stdout }) });
  const read = (path: string): string | undefined =>
    path === '/proc/net/route' ? [head, ...route, ''].join('\n') : undefined;
  return Object.assign(host, { kernel: { ...host.kernel, read } });
}

describe('the device of the default route', () => {
  test('is told by /proc for IPv4, without a child, by the smallest metric', async () => {
    using host = hostWith([
      row('eth1', '00000000', 200, '00000000'),
      row('eth0', '00000000', 100, '00000000'),
      row('eth2', '0000000A', 0, '000000FF'),
    ]);
    expect(await defaultRouteDevice(host)).toBe('eth0');
    expect(host.runs).toEqual([]);
  });

  test('is no unreachable route, nor one to 0.0.0.0/8', async () => {
    using host = hostWith([
      row('*', '00000000', 0, '00000000'),
      row('eth3', '00000000', 0, '000000FF'),
      row('eth0', '00000000', 900, '00000000'),
    ]);
    expect(await defaultRouteDevice(host)).toBe('eth0');
  });

  test('is that of IPv6 where IPv4 has none: of the main table, and of one that leads somewhere', async () => {
    const v6 = [
      { dst: 'default', dev: 'eth5', table: '100', metric: 1 },
      { dst: 'default', type: 'unreachable', dev: 'lo', metric: 2 },
      { dst: 'default', metric: 1024, nexthops: [{ gateway: 'fe80::1', dev: 'eth1' }] },
      { dst: 'default', dev: 'eth0', metric: 2048 },
      { dst: '2001:db8::/32', dev: 'eth4', metric: 1 },
    ];
    using host = hostWith([], [], v6);
    expect(await defaultRouteDevice(host)).toBe('eth1');
  });

  test('is none where there is no default route', async () => {
    using host = hostWith([]);
    expect(await defaultRouteDevice(host)).toBeUndefined();
  });

  test('in a sandbox is asked for in there, IPv4 before IPv6', async () => {
    using host = hostWith(
      [row('eth9', '00000000', 0, '00000000')],
      [{ dst: 'default', dev: 'inner4', metric: 5000 }],
      [{ dst: 'default', dev: 'inner6', metric: 1 }],
    );
    using sandbox = host.openNetns(sandboxPath, false);
    expect(await defaultRouteDeviceIn(host, sandbox)).toBe('inner4');
    expect(host.typedRuns().map((run) => run.sandbox?.ref)).toEqual([sandbox.ref]);
  });
});
