import { describe, expect, test } from 'vitest';
import type { Netns } from '../../../lib/exec/host.ts';
import { waitForLink, waitForUniqueAddresses } from '../../../lib/ip/port.ts';
import { type RecordingHost, recordingHost } from '../../support/recording-host.ts';

const mac = '02:00:00:00:00:01';
const up = { ifname: 'veth0', address: mac, operstate: 'UP' };
const down = { ...up, operstate: 'LOWERLAYERDOWN' };
const sandbox: Netns = {
  path: '/run/netns/blue',
  ref: '/proc/7/fd/9',
  fd: 9,
  id: '4:7',
  [Symbol.dispose]: () => undefined,
};

describe('the wait for a link', () => {
  test('ends at once where /sys says that it is up: no child', async () => {
    using host = recordingHost();
    host.machine.put(up);
    await waitForLink(host, 'veth0', mac);
    expect(host.runs).toEqual([]);
  });

  test('goes on until it is up', async () => {
    using host = recordingHost();
    host.machine.put(down);
    setTimeout(() => host.machine.put(up), 30);
    await waitForLink(host, 'veth0', mac);
    expect(host.machine.link('veth0')?.operstate).toBe('UP');
  });

  test('asks ip where /sys shows another namespace\u2019s link, or none', async () => {
    using host = recordingHost();
    host.machine.put(up);
    await waitForLink(host, 'veth0', '02:00:00:00:00:02');
    expect(host.runs).toHaveLength(1);
  });

  test('ends after 2.5 s with the state that the link is in', async () => {
    using host = recordingHost();
    host.machine.put(down);
    const begin = performance.now();
    await expect(waitForLink(host, 'veth0', mac)).rejects.toThrow(
      expect.objectContaining({
        code: 105,
        message: expect.stringMatching(/veth0 is lowerlayerdown and not up after 2\.5 s/),
      }),
    );
    expect(performance.now() - begin).toBeGreaterThan(2_300);
  });
});

describe('the wait for a link that has its carrier, whose state the kernel is late to tell', () => {
  const lateHost = (host: RecordingHost, read: (file: string) => string | undefined): RecordingHost => ({
    ...host,
    kernel: {
      ...host.kernel,
      read: (path) => (path.startsWith('/sys/class/net/veth0/') ? read(path.slice(21)) : undefined),
    },
    [Symbol.dispose]: () => undefined,
  });

  test('ends at once where to ask for the carrier brings the state up to date', async () => {
    using host = recordingHost();
    let asked = false;
    const begin = performance.now();
    const files = (): Readonly<Record<string, string>> => ({
      address: mac,
      carrier: '1',
      operstate: asked ? 'up' : 'lowerlayerdown',
    });
    const late = lateHost(host, (file) => {
      asked ||= file === 'carrier';
      return files()[file];
    });
    await waitForLink(late, 'veth0', mac);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  test('goes on for longer than 2.5 s', async () => {
    using host = recordingHost();
    const begin = performance.now();
    const files = (): Readonly<Record<string, string>> => ({
      address: mac,
      carrier: '1',
      operstate: performance.now() - begin > 3_000 ? 'up' : 'down',
    });
    await waitForLink(
      lateHost(host, (file) => files()[file]),
      'veth0',
      mac,
    );
    expect(performance.now() - begin).toBeGreaterThan(3_000);
  });
});

describe('the wait for unique addresses', () => {
  /** Each look shows the next of these, the last one for ever. */
  const looks = (...infos: readonly object[]): RecordingHost => {
    let look = -1;
    const answer = (): { stdout: string } => {
      look = Math.min(look + 1, infos.length - 1);
      const addr_info = [{ family: 'inet6', local: 'fd00::2', prefixlen: 64, ...infos[look] }];
      return {
        stdout: `${JSON.stringify([{ ifindex: 2, ifname: 'eth0', flags: [], mtu: 1500, addr_info }])}\n`,
      };
    };
    return recordingHost({ answer });
  };

  test('ends when none is tentative any more', async () => {
    using host = looks({ tentative: true }, { tentative: true }, {});
    await waitForUniqueAddresses(host, sandbox, 'eth0');
    expect(host.runs).toHaveLength(3);
  });

  test('fails where another machine has the address', async () => {
    using host = looks({ tentative: true }, { dadfailed: true, tentative: true });
    await expect(waitForUniqueAddresses(host, sandbox, 'eth0')).rejects.toThrow(
      expect.objectContaining({
        code: 103,
        message: expect.stringMatching(/another machine on the network has fd00::2/),
      }),
    );
  });

  test('fails after 5 s', async () => {
    using host = looks({ tentative: true });
    await expect(waitForUniqueAddresses(host, sandbox, 'eth0')).rejects.toThrow(
      expect.objectContaining({
        code: 105,
        message: expect.stringMatching(/fd00::2 on eth0 has not ended after 5 s/),
      }),
    );
  });
});
