/** What macvlan and ipvlan tell ip to do, and what they keep below /run. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { call, podConfig } from '../../support/calls.ts';
import { type RecordingHost, type RecordingOptions, recordingHost } from '../../support/recording-host.ts';

type Fields = Readonly<Record<string, unknown>>;

function hostWithMaster(options: RecordingOptions = {}): RecordingHost {
  const host = recordingHost(options);
  host.machine.put({ ifname: 'uplink', address: '02:00:00:00:00:aa' });
  return host;
}

const add = (host: RecordingHost, plugin: string, fields: Fields = {}, env: Record<string, string> = {}) =>
  call(host, { command: 'ADD', plugin, config: podConfig(host, { master: 'uplink', ...fields }), env });
const del = (host: RecordingHost, plugin: string, fields: Fields = {}, env: Record<string, string> = {}) =>
  call(host, { command: 'DEL', plugin, config: podConfig(host, { master: 'uplink', ...fields }), env });
/** Every line that was sent to ip. */
const batchLines = (host: RecordingHost): readonly string[] =>
  host.runs.flatMap(({ options: { input = '' } }) => input.split('\n').filter(Boolean));
const claims = (host: RecordingHost): readonly string[] => {
  const folder = join(host.runDir, 'ipvlan/uplink');
  const modes = existsSync(folder) ? readdirSync(folder) : [];
  return modes.flatMap((mode) => readdirSync(join(folder, mode)).map((key) => join(mode, key)));
};

describe('the link', () => {
  test('is made on the host under a name of its own, and moved with its final name in the same batch', async () => {
    using host = hostWithMaster();
    await add(host, 'macvlan', { mac: '02:00:00:00:00:07', mode: 'private', mtu: 1400, bcqueuelen: 9 });
    const [read, make, alias, move] = batchLines(host);
    expect(read).toBe('address show dev uplink');
    expect(make).toMatch(
      /^link add link uplink name (veth[0-9a-f]{11}) address 02:00:00:00:00:07 mtu 1400 type macvlan mode private bcqueuelen 9$/,
    );
    const [, name] = /name (\S+)/.exec(make ?? '') ?? [];
    expect(alias).toMatch(new RegExp(`^link set dev ${name} alias plumbline:`));
    expect(move).toMatch(new RegExp(`^link set dev ${name} netns /proc/\\d+/fd/\\d+ name eth0$`));
  });

  test('of a passthru child gets its MAC address afterwards: the kernel forgets it when it makes one', async () => {
    using host = hostWithMaster();
    await add(host, 'macvlan', { mode: 'passthru', mac: '02:00:00:00:00:07' });
    expect(batchLines(host)[2]).toMatch(/^link set dev veth\S+ address 02:00:00:00:00:07$/);
  });

  test('of an ipvlan has a mode, a flag, and no MAC address', async () => {
    using host = hostWithMaster();
    const { result } = await add(host, 'ipvlan', { mode: 'l3s', flag: 'vepa' });
    expect(batchLines(host)[1]).toMatch(/^link add link uplink name veth\S+ type ipvlan mode l3s vepa$/);
    expect(result?.interfaces).toEqual([expect.objectContaining({ mac: '02:00:00:00:00:aa' })]);
  });

  test("with an MTU above its master's is not left, even where the kernel takes it", async () => {
    using host = hostWithMaster();
    const { error } = await add(host, 'ipvlan', { mtu: 1501 });
    expect(error).toMatchObject({ code: 7, msg: expect.stringContaining('mtu: 1501 is more than the 1500') });
    expect(host.machine.links('/proc/4194304/fd/10')).toEqual([]);
    expect(claims(host)).toEqual([]);
  });

  test('that the kernel does not know is told so', async () => {
    const stderr = 'Error: Unknown device type.\nCommand failed -:2\n';
    using host = hostWithMaster({
      answer: (_run, typed) =>
        typed?.action.kind === 'ip' && typed.action.lines.length > 2
          ? { status: 1, stdout: '[{"ifindex":2,"ifname":"uplink","flags":[],"mtu":1500}]\n', stderr }
          : undefined,
    });
    const { error } = await add(host, 'ipvlan');
    expect(error).toMatchObject({
      code: 101,
      msg: expect.stringContaining('this kernel has no ipvlan links'),
    });
  });
});

describe('in ipvlan layer 3 routes go by the device alone', () => {
  const routes = [{ dst: '0.0.0.0/0' }, { dst: '192.0.2.0/24', gw: '10.1.0.9' }];
  for (const [mode, via] of [
    ['l2', ' via 10.1.0.1'],
    ['l3', ''],
    ['l3s', ''],
  ] as const) {
    test(mode, async () => {
      using host = hostWithMaster();
      const ipam = {
        type: 'host-local',
        dataDir: host.dataDir,
        ranges: [[{ subnet: '10.1.0.0/16' }]],
        routes,
      };
      await add(host, 'ipvlan', { mode, ipam });
      expect(batchLines(host)).toContain(`route append 0.0.0.0/0${via} dev eth0`);
    });
  }
});

describe('the claim on a mode', () => {
  const other = { CNI_CONTAINERID: 'c2', CNI_IFNAME: 'eth1' };

  test('is noted with ADD and gone with DEL', async () => {
    using host = hostWithMaster();
    await add(host, 'ipvlan');
    expect(claims(host)).toHaveLength(1);
    expect(readFileSync(join(host.runDir, 'ipvlan/uplink', claims(host)[0] ?? ''), 'utf8')).toBe(
      '/run/netns/blue\n4:10\npods\neth0',
    );
    await del(host, 'ipvlan');
    expect(claims(host)).toEqual([]);
  });

  test('is taken back where the ADD fails', async () => {
    using host = hostWithMaster();
    const ipam = { type: 'nothing' };
    expect((await add(host, 'ipvlan', { ipam })).error?.code).toBe(7);
    expect(claims(host)).toEqual([]);
  });

  test('keeps another mode out as long as the link lives, and no longer', async () => {
    using host = hostWithMaster();
    await add(host, 'ipvlan');
    const refused = await add(host, 'ipvlan', { mode: 'l3' }, other);
    expect(refused.error).toMatchObject({ code: 7, msg: expect.stringMatching(/"l3".*of mode "l2"/) });
    expect(claims(host)).toHaveLength(1);
    // Deleted by hand.
    await host.runner.run('nsenter', [`--net=/proc/4194304/fd/10`, '--', { tool: 'ip' }, '-batch', '-'], {
      input: 'link delete dev eth0\n',
    });
    expect((await add(host, 'ipvlan', { mode: 'l3' }, other)).error).toBeUndefined();
    expect(claims(host)).toHaveLength(1);
  });

  test('does not look at others of the mode that is asked for, however many there are', async () => {
    using host = hostWithMaster();
    await add(host, 'ipvlan');
    const [claim = ''] = claims(host);
    const folder = join(host.runDir, 'ipvlan/uplink', dirname(claim));
    // To read it would be an error.
    mkdirSync(join(folder, '0123456789abcde'));
    expect((await add(host, 'ipvlan', {}, other)).error).toBeUndefined();
  });

  test('keeps a second ADD of its own in another mode out, before the kernel switches it', async () => {
    using host = hostWithMaster();
    await add(host, 'ipvlan');
    const before = host.runs.length;
    expect((await add(host, 'ipvlan', { flag: 'private' })).error).toMatchObject({ code: 7 });
    expect(JSON.stringify(host.runs.slice(before))).not.toContain('link add');
    expect(claims(host)).toHaveLength(1);
  });

  test('that was cut short by a crash is no claim', async () => {
    using host = hostWithMaster();
    await add(host, 'ipvlan');
    writeFileSync(join(host.runDir, 'ipvlan/uplink', claims(host)[0] ?? ''), '/run/netns/bl');
    expect((await add(host, 'ipvlan', { mode: 'l3s' }, other)).error).toBeUndefined();
  });

  test('of stale attachments goes with GC', async () => {
    using host = hostWithMaster();
    await add(host, 'ipvlan');
    await add(host, 'ipvlan', {}, other);
    const valid = [{ containerID: 'c2', ifname: 'eth1' }];
    const config = podConfig(host, { master: 'uplink', 'cni.dev/valid-attachments': valid });
    expect((await call(host, { command: 'GC', plugin: 'ipvlan', config })).exitCode).toBe(0);
    expect(claims(host)).toHaveLength(1);
    expect((await add(host, 'ipvlan', { mode: 'l3' })).error?.msg).toMatch(/of mode "l2"/);
  });
});
