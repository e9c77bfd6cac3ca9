/** What `plumbline doctor` makes of the files of net.d: what they need, and whether it can be read and is installed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { needsOf } from '../../../../cli/doctor/needs.ts';
import { checkPlugins, readNetworks } from '../../../../cli/doctor/networks.ts';
import { find, networkOf, told } from './made-up.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-doctor-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('what networks need', () => {
  const bridge = { type: 'veth-bridge' };
  const dual = { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]] };

  test.each([
    [bridge, ['bridge']],
    [
      { ...bridge, vlan: 5, isGateway: true, ipMasq: true, macspoofchk: true, ipam: dual },
      ['antispoof', 'bridge', 'gateway', 'ipv6', 'masquerade', 'vlan'],
    ],
    [{ ...bridge, ipMasq: true, ipMasqBackend: 'iptables' }, ['bridge', 'iptables']],
    [{ type: 'ovs', bridge: 'br0', capabilities: { bandwidth: true } }, ['limits', 'ovs']],
    [{ type: 'macvlan', vlan: 5 }, ['macvlan']],
    [{ type: 'calico' }, []],
  ])('%j', (config, expected) => {
    expect([...needsOf([networkOf(config)]).keys()].sort()).toEqual(expected);
  });
});

describe('net.d', () => {
  test('that is not there, or empty', () => {
    expect(readNetworks('/nowhere/net.d').checks).toMatchObject([
      { status: 'warning', message: 'there is no such folder: no network is set up' },
    ]);
    expect(readNetworks(mkdtempSync(join(dir, 'empty-'))).checks).toMatchObject([{ status: 'warning' }]);
  });

  test('with a file that is broken', () => {
    const folder = mkdtempSync(join(dir, 'net.d-'));
    writeFileSync(join(folder, '10-good.conf'), '{"name": "good", "type": "bridge"}');
    writeFileSync(join(folder, '20-bad.conflist'), '{\n  "name": "bad",\n  "plugins": [\n}\n');
    writeFileSync(join(folder, '30-late.conf'), '{"name": "late", "type": "bridge", "logLevel": "loud"}');
    const { checks, networks } = readNetworks(folder);
    expect(told(checks)).toEqual({
      '10-good.conf': 'ok',
      '20-bad.conflist': 'problem',
      '30-late.conf': 'warning',
    });
    expect(find(checks, '10-good.conf')?.message).toBe(
      'network "good" (bridge); the one that a runtime takes first',
    );
    expect(find(checks, '20-bad.conflist')).toMatchObject({
      message: expect.stringMatching(/^line 4: /),
      remedy: `plumbline lint ${folder}/20-bad.conflist`,
    });
    expect(networks.map(({ name }) => name)).toEqual(['good', 'late']);
  });

  test('names plugins that are not installed', () => {
    const binDir = mkdtempSync(join(dir, 'bin-'));
    writeFileSync(join(binDir, 'macvlan'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(join(binDir, 'whereabouts'), '', { mode: 0o644 });
    const checks = checkPlugins(
      [
        networkOf({ type: 'macvlan', ipam: { type: 'whereabouts' } }),
        networkOf({ type: 'ovs', bridge: 'b', ipam: { type: 'host-local', subnet: '10.1.0.0/24' } }),
      ],
      binDir,
    );
    expect(told(checks)).toEqual({
      macvlan: 'ok',
      whereabouts: 'problem',
      ovs: 'problem',
      'host-local': 'problem',
    });
    expect(find(checks, 'ovs')?.remedy).toBe(`plumbline install --bin-dir ${binDir}`);
    expect(find(checks, 'whereabouts')?.remedy).toBe(`install it into ${binDir}`);
  });
});
