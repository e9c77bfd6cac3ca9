import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../../lib/exec/runner.ts';
import { ensureUplink, releaseUplink } from '../../../lib/ip/uplink.ts';
import { type RecordedRun, type RecordingHost, recordingHost } from '../../support/recording-host.ts';

const nic = {
  ifname: 'eth7',
  address: '02:00:00:00:00:07',
  flags: ['UP'],
  addr_info: [
    { family: 'inet', local: '192.0.2.5', prefixlen: 24, scope: 'global', broadcast: '192.0.2.255' },
    {
      family: 'inet6',
      local: '2001:db8::5',
      prefixlen: 64,
      scope: 'global',
      valid_life_time: 3600,
      preferred_life_time: 1800,
    },
    { family: 'inet6', local: 'fe80::5', prefixlen: 64, scope: 'link' },
  ],
};
const routes4 = [
  { dst: 'default', gateway: '192.0.2.1', dev: 'eth7', protocol: 'dhcp', metric: 100, prefsrc: '192.0.2.5' },
  { dst: '192.0.2.0/24', dev: 'eth7', protocol: 'kernel', scope: 'link' },
  { dst: '192.0.2.255', dev: 'eth7', table: 'local', protocol: 'kernel', type: 'broadcast' },
];
const routes6 = [
  { dst: 'default', gateway: 'fe80::1', dev: 'eth7', protocol: 'ra', metric: 1024, flags: ['onlink'] },
];

/** Shows the routes of eth7, which no command of the tests has made. */
function withRoutes(
  more: (run: RecordedRun) => Partial<RunResult> | undefined = () => undefined,
): RecordingHost {
  const host: RecordingHost = recordingHost({
    answer(run) {
      const { input = '' } = run.options;
      if (!input.startsWith('address show dev eth7\n')) return more(run);
      const link = { ifindex: 3, mtu: 1500, ...host.machine.link('eth7') };
      return {
        stdout: [[link], routes4, routes6].map((document) => `${JSON.stringify(document)}\n`).join(''),
      };
    },
  });
  host.machine.put(nic);
  host.machine.put({ ifname: 'cni0', kind: 'bridge', address: '02:00:00:00:00:99' });
  host.machine.kernel.write('/proc/sys/net/ipv6/conf/eth7/accept_ra', '1');
  return host;
}

const changes = (host: RecordingHost): readonly (readonly string[])[] =>
  host.runs
    .map(({ options: { input = '' } }) => input.split('\n').filter(Boolean))
    .filter((lines) => lines.some((line) => !/ show /.test(line)));

const settings = { device: 'eth7', migrateAddresses: true };

describe('a NIC as uplink', () => {
  test('moves with its addresses and routes in one batch; they are on the bridge before they leave the NIC', async () => {
    using host = withRoutes();
    await ensureUplink(host, 'cni0', settings, true);
    expect(changes(host)).toEqual([
      [
        'link set dev cni0 address 02:00:00:00:00:07',
        'link set dev cni0 up',
        'address replace 192.0.2.5/24 dev cni0 broadcast 192.0.2.255 valid_lft forever preferred_lft forever',
        'address replace 2001:db8::5/64 dev cni0 nodad valid_lft 3600 preferred_lft 1800',
        'link set dev eth7 master cni0',
        'link set dev eth7 up',
        'route replace default via 192.0.2.1 dev cni0 proto dhcp metric 100 src 192.0.2.5',
        'route replace ::/0 via fe80::1 dev cni0 proto ra metric 1024 onlink',
        'address delete 2001:db8::5/64 dev eth7',
        'address delete 192.0.2.5/24 dev eth7',
      ],
    ]);
    // A forwarding node hears router advertisements with 2 only.
    expect(host.kernel.read('/proc/sys/net/ipv6/conf/cni0/accept_ra')).toBe('2');
    host.typedRuns();
  });

  test('keeps its addresses where they are not to move', async () => {
    using host = withRoutes();
    await ensureUplink(host, 'cni0', { ...settings, migrateAddresses: false }, false);
    expect(changes(host)).toEqual([
      [
        'link set dev cni0 address 02:00:00:00:00:07',
        'link set dev cni0 up',
        'link set dev eth7 master cni0',
        'link set dev eth7 up',
      ],
    ]);
    expect(host.kernel.read('/proc/sys/net/ipv6/conf/cni0/accept_ra')).toBe('1');
  });

  test('that is one already is left alone', async () => {
    using host = withRoutes();
    host.machine.put({ ...nic, master: 'cni0' });
    await ensureUplink(host, 'cni0', settings, true);
    expect(changes(host)).toEqual([]);
  });

  test.each([
    [{ master: 'br9' }, /"eth7" is a port of br9 already/],
    [{ kind: 'bridge', linkinfo: { info_kind: 'bridge' } }, /"eth7" is itself a bridge/],
    [{ flags: ['LOOPBACK'] }, /"eth7" is the loopback/],
  ])('that is unfit is refused: %j', async (more, message) => {
    using host = withRoutes();
    host.machine.put({ ...nic, ...more });
    await expect(ensureUplink(host, 'cni0', settings, true)).rejects.toThrow(
      expect.objectContaining({ code: 7, message: expect.stringMatching(message) }),
    );
    expect(changes(host)).toEqual([]);
  });

  test('that is not there is refused', async () => {
    using host = recordingHost();
    await expect(ensureUplink(host, 'cni0', settings, true)).rejects.toThrow(
      expect.objectContaining({
        code: 7,
        message: expect.stringMatching(/^uplink\.device: there is no link "eth7"/),
      }),
    );
  });

  test('half moved is moved back, and the error is told', async () => {
    using host = withRoutes(({ options: { input = '' } }) =>
      input.startsWith('link set dev cni0 address 02:00:00:00:00:07')
        ? { status: 1, stderr: 'RTNETLINK answers: Boom\nCommand failed -:7\n' }
        : undefined,
    );
    await expect(ensureUplink(host, 'cni0', settings, true)).rejects.toThrow(/route replace default .*Boom/);
    const [, back = []] = changes(host);
    expect(back.slice(0, 2)).toEqual([
      'link set dev eth7 nomaster',
      'link set dev cni0 address 02:00:00:00:00:99',
    ]);
    expect(back).toContain(
      'address replace 192.0.2.5/24 dev eth7 broadcast 192.0.2.255 valid_lft forever preferred_lft forever',
    );
    expect(back).toContain('address delete 192.0.2.5/24 dev cni0');
    expect(back.findIndex((line) => line.startsWith('route replace default'))).toBeGreaterThan(
      back.findIndex((line) => line.startsWith('address replace 192.0.2.5')),
    );
  });

  test('is given back what is its own', async () => {
    using host = withRoutes();
    await ensureUplink(host, 'cni0', settings, false);
    host.machine.put({ ...nic, master: 'cni0', addr_info: [] });
    host.machine.put({ ifname: 'cni0', kind: 'bridge', address: nic.address, addr_info: nic.addr_info });
    expect(await releaseUplink(host, 'cni0')).toBe('eth7');
    expect(changes(host).at(-1)).toEqual([
      'address replace 192.0.2.5/24 dev eth7 broadcast 192.0.2.255 valid_lft forever preferred_lft forever',
      'address replace 2001:db8::5/64 dev eth7 nodad valid_lft 3600 preferred_lft 1800',
      'link set dev eth7 nomaster',
      'link set dev eth7 up',
      'address delete 2001:db8::5/64 dev cni0',
      'address delete 192.0.2.5/24 dev cni0',
    ]);
  });
});
