/** From the config, the runtime and the node's own file to the settings of a call; errors name field and value. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseArgs } from '../../../lib/cni/args.ts';
import { parseConfig } from '../../../lib/cni/config.ts';
import type { Context } from '../../../lib/cni/plugin.ts';
import { type Config, configSchema } from '../../../plugins/ovs/config.ts';
import { readFlatFile } from '../../../plugins/ovs/flat-file.ts';
import { databaseOf, type Settings, settingsOf } from '../../../plugins/ovs/settings.ts';

type Fields = Readonly<Record<string, unknown>>;

function contextOf(fields: Fields, args = ''): Context<Config> {
  const config = parseConfig(configSchema(), { name: 'pods', type: 'ovs', ...fields });
  return { config, request: { args: parseArgs(args) } } as unknown as Context<Config>;
}
const settings = (fields: Fields = {}, args = ''): Settings =>
  settingsOf(contextOf({ bridge: 'br0', ...fields }, args));

const folder = mkdtempSync(join(tmpdir(), 'plumbline-ovs-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** Writes a file of the node. */
function put(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('defaults', () => {
  test('of a config that names the bridge alone', () => {
    expect(settings()).toEqual({
      database: { remote: 'unix:/run/openvswitch/db.sock' },
      bridge: 'br0',
      portType: 'veth',
      deviceId: undefined,
      createBridge: false,
      vlans: { mode: 'trunk', tag: undefined, trunks: [] },
      mtu: undefined,
      mac: undefined,
      ofportRequest: undefined,
      interfaceType: '',
      ovnPort: undefined,
      externalIds: {},
      policing: undefined,
      shaping: undefined,
      patience: 3000,
    });
  });

  test('zeros and empty texts are as good as absent', () => {
    const zeros = { mtu: 0, ofport_request: 0, link_state_check_retries: 0, link_state_check_interval: 0 };
    const texts = { mac: '', interface_type: '', socket_file: '', deviceID: '', configuration_path: '' };
    const limits = { ingressPolicingRate: 0, ingressPolicingBurst: 0, runtimeConfig: { bandwidth: {} } };
    expect(settings({ ...zeros, ...texts, ...limits })).toEqual(settings());
  });

  test('keys in any case', () => {
    expect(settings({ VLAN: 7, OfPort_Request: 9 })).toMatchObject({ vlans: { tag: 7 }, ofportRequest: 9 });
  });
});

describe('which bridge', () => {
  test.each<[string, Fields, string, string | undefined]>([
    ['the one that is named', { bridge: 'br1' }, '', 'br1'],
    ['the one that is named, with ovnPort too', { bridge: 'br1' }, 'OvnPort=p', 'br1'],
    ['br-int with ovnPort in CNI_ARGS, in any case', {}, 'ovnport=p', 'br-int'],
    ['br-int with args.cni.ovnPort', { args: { cni: { ovnPort: 'p' } } }, '', 'br-int'],
    ['that of the uplink, with deviceID', { deviceID: '0000:03:00.2' }, '', undefined],
    ['br-int with both', { deviceID: '0000:03:00.2' }, 'OvnPort=p', 'br-int'],
  ])('%s', (_what, fields, args, bridge) => {
    expect(settingsOf(contextOf(fields, args)).bridge).toBe(bridge);
  });

  test('CNI_ARGS go over args.cni', () => {
    expect(settings({ args: { cni: { ovnPort: 'a' } } }, 'OvnPort=b').ovnPort).toBe('b');
  });
});

describe('VLANs', () => {
  const range = { minID: 10, maxID: 12 };
  test.each<[Fields, Settings['vlans']]>([
    [{}, { mode: 'trunk', tag: undefined, trunks: [] }],
    [{ vlan: 100 }, { mode: 'access', tag: 100, trunks: [] }],
    [{ vlan: 0 }, { mode: 'access', tag: 0, trunks: [] }],
    [{ trunk: [{ id: 5 }, range, { id: 5 }] }, { mode: 'trunk', tag: undefined, trunks: [5, 10, 11, 12] }],
    [{ trunk: [{ id: 0, ...range }] }, { mode: 'trunk', tag: undefined, trunks: [0, 10, 11, 12] }],
    [{ trunk: [] }, { mode: 'trunk', tag: undefined, trunks: [] }],
    [
      { vlan: 100, trunk: [] },
      { mode: 'access', tag: 100, trunks: [] },
    ],
    [
      { vlan: 100, trunk: [{ id: 5 }] },
      { mode: 'trunk', tag: undefined, trunks: [5] },
    ],
    [
      { vlan: 100, vlanMode: 'access' },
      { mode: 'access', tag: 100, trunks: [] },
    ],
    [
      { vlan: 100, vlanMode: 'trunk' },
      { mode: 'trunk', tag: undefined, trunks: [] },
    ],
    [
      { vlan: 100, vlanMode: 'native-tagged' },
      { mode: 'native-tagged', tag: 100, trunks: [] },
    ],
    [
      { vlan: 100, vlanMode: 'native-untagged', trunk: [{ id: 5 }] },
      { mode: 'native-untagged', tag: 100, trunks: [5] },
    ],
  ])('%j', (fields, vlans) => {
    expect(settings(fields).vlans).toEqual(vlans);
  });
});

describe('limits', () => {
  const bandwidth = (limits: Fields): Fields => ({ runtimeConfig: { bandwidth: limits } });
  test.each<[string, Fields, Pick<Settings, 'policing' | 'shaping'>]>([
    [
      'ingressRate is what the container receives, in bit/s',
      bandwidth({ ingressRate: 50_000_000, ingressBurst: 1_000_000 }),
      { policing: undefined, shaping: { rate: 50_000_000, burst: 1_000_000 } },
    ],
    [
      'egressRate is what it sends, in kbit/s',
      bandwidth({ egressRate: 50_000_000, egressBurst: 1_000_000 }),
      { policing: { rate: 50_000, burst: 1000 }, shaping: undefined },
    ],
    [
      'less than a kilobit is not nothing',
      bandwidth({ egressRate: 1, egressBurst: 1 }),
      { policing: { rate: 1, burst: 1 }, shaping: undefined },
    ],
    [
      'a burst of all that 32 bits hold is none',
      bandwidth({
        ingressRate: 1000,
        ingressBurst: 2 ** 31 - 1,
        egressRate: 1000,
        egressBurst: 2 ** 31 - 1,
      }),
      { policing: { rate: 1, burst: 0 }, shaping: { rate: 1000, burst: undefined } },
    ],
    [
      'a burst without a rate is nothing',
      bandwidth({ ingressBurst: 1000, egressBurst: 1000 }),
      { policing: undefined, shaping: undefined },
    ],
    [
      'ingressPolicingRate as it is',
      { ingressPolicingRate: 3000, ingressPolicingBurst: 300 },
      { policing: { rate: 3000, burst: 300 }, shaping: undefined },
    ],
    [
      'the runtime goes over the config',
      { ingressPolicingRate: 3000, ingressPolicingBurst: 300, ...bandwidth({ egressRate: 5_000_000 }) },
      { policing: { rate: 5000, burst: 0 }, shaping: undefined },
    ],
  ])('%s', (_what, fields, limits) => {
    const { policing, shaping } = settings(fields);
    expect({ policing, shaping }).toEqual(limits);
  });
});

describe('other fields', () => {
  test.each<[Fields, string, Partial<Settings>]>([
    [{ portType: 'internal' }, '', { portType: 'internal', interfaceType: 'internal' }],
    [{ portType: 'internal', interface_type: 'internal' }, '', { interfaceType: 'internal' }],
    [{ interface_type: 'afxdp' }, '', { portType: 'veth', interfaceType: 'afxdp' }],
    [
      { deviceID: '0000:AF:00.2' },
      '',
      { deviceId: '0000:af:00.2', portType: 'representor', interfaceType: '' },
    ],
    [
      { deviceID: '0000:03:00.2', runtimeConfig: { deviceID: '0000:03:00.3' } },
      '',
      { deviceId: '0000:03:00.3' },
    ],
    [{ mac: '02-00-00-00-00-AA' }, '', { mac: '02:00:00:00:00:aa' }],
    [{ mac: '02:00:00:00:00:01' }, 'MAC=02:00:00:00:00:02', { mac: '02:00:00:00:00:02' }],
    [{ link_state_check_retries: 2, link_state_check_interval: 50 }, '', { patience: 100 }],
    [{ link_state_check_retries: 2 }, '', { patience: 1200 }],
    [{ externalIds: { 'my key': 'ü "x"' } }, '', { externalIds: { 'my key': 'ü "x"' } }],
    [{ createBridge: true }, '', { createBridge: true }],
  ])('%j %s', (fields, args, wanted) => {
    expect(settings(fields, args)).toMatchObject(wanted);
  });

  test.each([
    ['/run/a.sock', 'unix:/run/a.sock'],
    ['unix:/run/a.sock', 'unix:/run/a.sock'],
    ['tcp:192.0.2.1:6640', 'tcp:192.0.2.1:6640'],
    ['ssl:[2001:db8::1]:6640', 'ssl:[2001:db8::1]:6640'],
  ])('socket_file %s', (socket, remote) => {
    expect(settings({ socket_file: socket }).database).toEqual({ remote });
    expect(databaseOf(contextOf({ socket_file: socket }))).toEqual({ remote });
  });
});

describe("the node's own file", () => {
  test('says what the config leaves out, and nothing else', () => {
    const path = put('ovs.conf', { bridge: 'br-file', socket_file: '/run/file.sock', vlan: 7, unknown: 1 });
    const context = contextOf({ configuration_path: path, vlan: 8 });
    expect(settingsOf(context)).toMatchObject({
      bridge: 'br-file',
      database: { remote: 'unix:/run/file.sock' },
      vlans: { mode: 'access', tag: 8 },
    });
    expect(databaseOf(context)).toEqual({ remote: 'unix:/run/file.sock' });
  });

  test('the first that is there is the one', () => {
    const [a, b] = [put('a.conf', { bridge: 'a' }), put('b.conf', { bridge: 'b' })];
    const missing = join(folder, 'missing.conf');
    expect(readFlatFile(undefined, [a, b])).toEqual({ bridge: 'a' });
    expect(readFlatFile(b, [a])).toEqual({ bridge: 'b' });
    expect(readFlatFile(missing, [missing, b])).toEqual({ bridge: 'b' });
    expect(readFlatFile(`${a}/below-a-file`, [b])).toEqual({ bridge: 'b' });
    expect(readFlatFile(missing, [missing])).toEqual({});
  });

  test.each<[string, () => string, RegExp]>([
    ['no JSON', () => put('x', '{'), /\/x is no JSON object$/],
    ['no object', () => put('x', '[]'), /\/x is no JSON object$/],
    ['a wrong field', () => put('x', { vlan: 5000 }), /\/x: vlan: 5000, expected at most 4094$/],
    ['no plain file', () => folder, /cannot be read: it is no plain file of at most 1 MiB$/],
    ['a device without end', () => '/dev/zero', /"\/dev\/zero" cannot be read: it is no plain file/],
    ['too long a path', () => `/${'x'.repeat(300)}`, /cannot be read: ENAMETOOLONG$/],
    ['a relative path', () => 'ovs.conf', /^configuration_path: "ovs.conf" is not an absolute path$/],
  ])('%s is error 7 that names it', (_what, path, message) => {
    expect(() => readFlatFile(path(), [])).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringMatching(message) }),
    );
  });

  test('a secret in it is not repeated', () => {
    expect(() => readFlatFile(put('x', 'secret: 1'), [])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});

describe('what does not fit is error 7 that names field and value', () => {
  const device = { deviceID: '0000:03:00.2' };
  test.each<[Fields, RegExp]>([
    [{ bridge: undefined }, /^bridge: missing; name the Open vSwitch bridge/],
    [{ bridge: '--may-exist' }, /^bridge: "--may-exist", expected no "-" at its beginning/],
    [{ bridge: 'a/b' }, /^bridge: "a\/b", expected an interface name/],
    [{ portType: 'tap' }, /^portType: "tap", expected one of "veth", "internal"/],
    [{ vlan: 4095 }, /^vlan: 4095, expected at most 4094/],
    [{ vlanMode: 'dot1q-tunnel' }, /^vlanMode: "dot1q-tunnel", expected one of "access", "trunk"/],
    [{ vlanMode: 'access' }, /^vlan: missing; vlanMode "access" needs/],
    [{ vlanMode: 'native-tagged', trunk: [{ id: 5 }] }, /^vlan: missing; vlanMode "native-tagged"/],
    [{ vlan: 5, vlanMode: 'access', trunk: [{ id: 6 }] }, /^vlanMode: "access" does not go with trunk/],
    [{ trunk: [{}] }, /^trunk: names no VLAN/],
    [{ trunk: [{ minID: 5 }] }, /^trunk\[0\]: .*minID and maxID together/],
    [{ trunk: [{ minID: 6, maxID: 5 }] }, /^trunk\[0\]: .*minID no larger than maxID/],
    [{ trunk: [{ id: -1 }] }, /^trunk\[0\]\.id: -1, expected at least 0/],
    [{ mtu: 67 }, /^mtu: 67, expected at least 68/],
    [{ ofport_request: 65280 }, /^ofport_request: 65280, expected at most 65279/],
    [{ interface_type: 'a b' }, /^interface_type: "a b", expected a type of interface/],
    [{ interface_type: 'internal' }, /^interface_type: "internal".*set portType to "internal"/],
    [{ interface_type: 'dpdk', portType: 'internal' }, /^interface_type: "dpdk" does not go with portType/],
    [{ ...device, portType: 'veth' }, /^portType and deviceID exclude each other \("veth", "0000:03:00.2"\)/],
    [{ deviceID: '../../x' }, /^deviceID: "..\/..\/x" is not a PCI address/],
    [{ externalIds: { owner: 'me' } }, /^externalIds: the key "owner" is one that plumbline sets itself/],
    [{ externalIds: { 'device-id': '0000:03:00.2' } }, /^externalIds: the key "device-id"/],
    [{ externalIds: { 'device-name': 'eth0' } }, /^externalIds: the key "device-name"/],
    [{ externalIds: { a: '' } }, /^externalIds\.a: "", expected a text of 1 to 1024 characters/],
    [{ externalIds: { a: 'x\n' } }, /^externalIds\.a: "x\\n", expected a text/],
    [{ externalIds: { a: '\ud800' } }, /^externalIds\.a: "\\ud800", expected a text/],
    [{ externalIds: { '': 'x' } }, /^externalIds/],
    [{ args: { cni: { ovnPort: '\0' } } }, /^ovnPort: "\\u0000" is not a text/],
    [{ socket_file: 'db.sock' }, /^socket_file: "db.sock" is neither an absolute path nor/],
    [{ socket_file: '/run/a b' }, /^socket_file: "\/run\/a b" has white space/],
    [{ socket_file: 'exec:ls' }, /^socket_file: "exec:ls" is neither/],
    [{ ingressPolicingRate: 2 ** 32 }, /^ingressPolicingRate: 4294967296, expected at most/],
    [
      { portType: 'internal', ingressPolicingRate: 1 },
      /^ingressPolicingRate: Open vSwitch limits no internal/,
    ],
    [
      { portType: 'internal', runtimeConfig: { bandwidth: { egressRate: 1000 } } },
      /^runtimeConfig\.bandwidth: Open vSwitch limits no internal port.*use portType "veth"/,
    ],
    [{ runtimeConfig: { bandwidth: { ingressRate: -1 } } }, /^runtimeConfig\.bandwidth\.ingressRate: -1/],
    [{ mac: '01:00:00:00:00:01' }, /^mac: "01:00:00:00:00:01" is no unicast MAC address/],
    [{ link_state_check_retries: 1001 }, /^link_state_check_retries: 1001/],
  ])('%j', (fields, message) => {
    expect(() => settings(fields)).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringMatching(message) }),
    );
  });
});
