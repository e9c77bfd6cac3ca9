/**
 * Virtual functions of a NIC in switchdev mode, **on a made-up sysfs tree**: no machine of these tests has such a NIC. What
 * the tree looks like is told by the kernel's documentation of switchdev and of representors.
 */
import { describe, expect, test } from 'vitest';
import { findSwitchedFunction, uplinkCandidates } from '../../../lib/pci/representor.ts';
import { addNic, functionAddress, type MadeUpNic } from '../../support/recording/nic.ts';
import { type RecordingHost, type RecordingOptions, recordingHost } from '../../support/recording-host.ts';
import { run as runOvs, sandbox } from './made-up.ts';

const switchId = '0a1b2c';
/** Function 3 of the first NIC. */
const device = functionAddress(3);
const four = [0, 1, 2, 3];

/** A NIC with four functions, whose representors have port names by a pattern. */
const nic = (pattern: string, more: Partial<MadeUpNic> = {}): MadeUpNic => ({
  uplink: 'up0',
  portName: 'p0',
  switchId,
  functions: four.map((index) => ({
    netdev: `vf${index}`,
    representor: `rep${index}`,
    portName: pattern.replace('N', `${index}`),
  })),
  ...more,
});

function hostWith(...nics: readonly MadeUpNic[]): RecordingHost {
  const host = recordingHost();
  for (const one of nics) addNic(host.machine, one);
  return host;
}

/** A bond, which the folder of each member names. */
function addBond({ machine }: RecordingHost, bond: string, ...members: readonly string[]): void {
  machine.files.set(`/sys/class/net/${bond}/bonding/slaves`, members.join(' '));
  for (const member of members) machine.files.set(`/sys/class/net/${member}/upper_${bond}/ifindex`, '9');
}

describe('a representor is found on a made-up sysfs tree', () => {
  test.each<[string, MadeUpNic]>([
    ['of port 0 by pf0vf3', nic('pf0vfN')],
    ['of a port of another host’s controller by c1pf0vf3', nic('c1pf0vfN')],
    ['of port 1 by pf1vf3', nic('pf1vfN', { portName: 'p1' })],
    ['by its number alone, where the uplink has no name', nic('N', { portName: undefined as never })],
    ['by pf1vf3, where the uplink has no name', nic('pf1vfN', { portName: undefined as never })],
  ])('%s', (_what, { portName, ...rest }) => {
    using host = hostWith(portName === undefined ? rest : { ...rest, portName });
    expect(findSwitchedFunction(host, device)).toEqual({
      address: device,
      netdev: 'vf3',
      uplink: 'up0',
      representor: 'rep3',
    });
  });

  test('among those of two ports of one switch, and of another switch', () => {
    const [first, second, other] = ['0000:03:00.0', '0000:04:00.0', '0000:05:00.0'];
    const of = (address: string | undefined, port: number, id: string): MadeUpNic => ({
      uplink: `up${address}`,
      address: address ?? '',
      portName: `p${port}`,
      switchId: id,
      functions: four.map((index) => ({
        representor: `r${index}-${address}`,
        portName: `pf${port}vf${index}`,
      })),
    });
    using host = hostWith(of(other, 0, 'ffff'), of(second, 1, switchId), of(first, 0, switchId));
    for (const address of [first, second, other]) {
      expect(findSwitchedFunction(host, functionAddress(3, address))).toMatchObject({
        uplink: `up${address}`,
        representor: `r3-${address}`,
      });
    }
  });

  test('by all links of the node, on older kernels', () => {
    using host = hostWith(nic('pf0vfN'));
    const { kernel } = host;
    const older = (path: string) => (path.endsWith('/physfn/net') ? ['up0'] : kernel.list(path));
    const made = { ...host, kernel: { ...kernel, list: older } };
    expect(findSwitchedFunction(made, device)).toMatchObject({ uplink: 'up0', representor: 'rep3' });
  });

  test('though a container, or a driver of userspace, has the function itself', () => {
    using host = hostWith(nic('pf0vfN', { functions: [{ representor: 'rep0', portName: 'pf0vf0' }] }));
    expect(findSwitchedFunction(host, functionAddress(0))).toMatchObject({
      netdev: undefined,
      representor: 'rep0',
    });
  });
});

describe('what is none is error 7 that says why, on a made-up sysfs tree', () => {
  test.each<[string, MadeUpNic, string, RegExp]>([
    ['unknown device', nic('pf0vfN'), '0000:99:00.1', /"0000:99:00.1" is no PCI device of this node/],
    ['the NIC itself', nic('pf0vfN'), '0000:03:00.0', /"0000:03:00.0" is no virtual function/],
    [
      'not in switchdev mode',
      { uplink: 'up0', functions: nic('').functions.map(({ netdev = '' }) => ({ netdev })) },
      device,
      /its NIC is not in switchdev mode \("devlink dev eswitch set pci/,
    ],
    ['no representor', nic('pf1vfN'), device, /has no representor among the links of up0/],
  ])('%s', (_what, one, address, message) => {
    using host = hostWith(one);
    expect(() => findSwitchedFunction(host, address)).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringMatching(message) }),
    );
  });

  test('a NIC that does not know the function', () => {
    using host = hostWith(nic('pf0vfN'));
    host.machine.symlinks.delete('/sys/bus/pci/devices/0000:03:00.0/virtfn3');
    expect(() => findSwitchedFunction(host, device)).toThrow(/is not among the virtual functions of/);
  });
});

describe('an uplink is on a bridge, on a made-up sysfs tree,', () => {
  test('by itself', () => {
    using host = hostWith(nic('pf0vfN'));
    expect(uplinkCandidates(host, 'up0')).toEqual(['up0']);
  });

  test('by its bond, or by a member of that', () => {
    using host = hostWith(nic('pf0vfN'));
    addBond(host, 'bond0', 'up0', 'up1');
    expect(uplinkCandidates(host, 'up0')).toEqual(['bond0', 'up0', 'up1']);
    expect(uplinkCandidates(host, 'other')).toEqual(['other']);
  });
});

describe('the plugin with deviceID, on a made-up sysfs tree', () => {
  /** The NIC's uplink is a port of br0. */
  function hostWithUplink(options: RecordingOptions = {}): RecordingHost {
    const host = recordingHost(options);
    addNic(host.machine, nic('pf0vfN'));
    host.ovs.addBridge('br0');
    host.ovs.addPort('br0', 'up0');
    return host;
  }
  const run: typeof runOvs = (host, command, fields, env) =>
    runOvs(host, command, { deviceID: device, bridge: undefined, ...fields }, env);
  const portsOf = ({ ovs }: RecordingHost): readonly unknown[] => ovs.rows('Port').map(({ name }) => name);
  const expectBack = (host: RecordingHost): void => {
    expect(portsOf(host)).toEqual(['br0', 'up0']);
    expect(host.machine.link('vf3')).toMatchObject({ parentdev: device, flags: [] });
    expect(host.machine.link('vf3')).not.toHaveProperty('ifalias');
    expect(host.machine.links(sandbox)).toEqual([]);
  };

  test('ADD takes the bridge of the uplink, the representor as port, the function as interface', async () => {
    using host = hostWithUplink();
    const { result, error } = await run(host, 'ADD', { mtu: 1400, vlan: 100 });
    expect(error).toBeUndefined();
    const mac = '02:00:00:00:00:f3';
    expect(result?.interfaces).toMatchObject([
      { name: 'rep3', mtu: 1400 },
      // A function keeps the address that its NIC knows, unless another is asked for.
      { name: 'eth0', mac, mtu: 1400, sandbox: '/run/netns/blue' },
    ]);
    expect(portsOf(host)).toEqual(['br0', 'up0', 'rep3']);
    expect(host.ovs.row('Port', 'rep3')).toMatchObject({ tag: [100] });
    expect(host.machine.link('eth0', sandbox)).toMatchObject({ parentdev: device, address: mac, mtu: 1400 });
    expect(host.machine.link('rep3')).toMatchObject({ flags: expect.arrayContaining(['UP']), mtu: 1400 });
    expect((await run(host, 'CHECK', { mtu: 1400, vlan: 100, prevResult: result })).error).toBeUndefined();
    expect(host.typedRuns().length).toBeGreaterThan(0);
  });

  test('ADD takes a bridge by the bond of the uplink', async () => {
    using host = recordingHost();
    addNic(host.machine, nic('pf0vfN'));
    addBond(host, 'bond0', 'up0', 'up1');
    host.machine.put({ ifname: 'bond0' });
    host.ovs.addBridge('br1');
    host.ovs.addPort('br1', 'bond0');
    expect((await run(host, 'ADD')).error).toBeUndefined();
    expect(portsOf(host)).toEqual(['br1', 'bond0', 'rep3']);
  });

  test('ADD without such a bridge is error 7, and nothing is moved', async () => {
    using host = recordingHost();
    addNic(host.machine, nic('pf0vfN'));
    host.ovs.addBridge('br0');
    expect((await run(host, 'ADD')).error).toMatchObject({
      code: 7,
      msg: expect.stringMatching(/^deviceID: no Open vSwitch bridge has up0, the uplink of "0000:03:00.5"/),
    });
    expect(host.machine.link('vf3')).toBeDefined();
    expect((await run(host, 'ADD', { bridge: 'br0' })).error).toBeUndefined();
  });

  test('DEL gives the function back under its name', async () => {
    using host = hostWithUplink();
    await run(host, 'ADD');
    expect(host.machine.link('vf3')).toBeUndefined();
    expect((await run(host, 'DEL')).error).toBeUndefined();
    expectBack(host);
    expect((await run(host, 'DEL')).error).toBeUndefined();
    expectBack(host);
  });

  test.each(['DEL', 'GC'] as const)('%s does so where the sandbox is gone', async (command) => {
    using host = hostWithUplink({ sandboxes: ['/run/netns/blue', '/run/netns/gone'] });
    const gone = { CNI_NETNS: '/run/netns/gone' };
    expect((await run(host, 'ADD', {}, gone)).error).toBeUndefined();
    host.machine.end('/proc/4194304/fd/11');
    // The kernel gives it back under the name that it had inside.
    expect(host.machine.link('eth0')?.parentdev).toBe(device);
    expect((await run(host, command, {}, command === 'DEL' ? { CNI_NETNS: '' } : {})).error).toBeUndefined();
    expectBack(host);
  });

  test('DEL leaves another link of that name in the sandbox alone', async () => {
    using host = hostWithUplink();
    await run(host, 'ADD');
    host.machine.end(sandbox);
    host.machine.put({ ifname: 'x' });
    const form = 'link set dev <name> netns <sandbox> name <as:name>';
    host.machine.run({ form, values: { name: 'x', sandbox, as: 'eth0' } }, '');
    expect((await run(host, 'DEL')).error).toBeUndefined();
    expect(host.machine.link('eth0', sandbox)).toBeDefined();
    expect(host.machine.link('vf3')?.parentdev).toBe(device);
  });

  test('where a later step fails, the function is back, too', async () => {
    using host = hostWithUplink();
    expect((await run(host, 'ADD', { ipam: { type: 'nothing' } })).error?.code).toBe(7);
    expectBack(host);
    host.ovs.daemon = 'dead';
    expect((await run(host, 'ADD')).error?.code).toBe(11);
    expectBack(host);
  });

  test('a function that is in use is error 7, and the second ADD error 102', async () => {
    using host = hostWithUplink();
    await run(host, 'ADD');
    expect((await run(host, 'ADD')).error).toMatchObject({ code: 102 });
    const { error } = await run(host, 'ADD', {}, { CNI_CONTAINERID: 'c2', CNI_IFNAME: 'eth1' });
    expect(error).toMatchObject({
      code: 7,
      msg: expect.stringMatching(/^deviceID: "0000:03:00.5" \(representor rep3\) has no link on this node/),
    });
    expect(portsOf(host)).toEqual(['br0', 'up0', 'rep3']);
    expect(host.machine.link('eth0', sandbox)?.parentdev).toBe(device);
  });

  test('an interface that is there already is error 102, and the function stays', async () => {
    using host = hostWithUplink();
    host.machine.put({ ifname: 'x' });
    const form = 'link set dev <name> netns <sandbox> name <as:name>';
    host.machine.run({ form, values: { name: 'x', sandbox, as: 'eth0' } }, '');
    expect((await run(host, 'ADD')).error).toMatchObject({
      code: 102,
      msg: expect.stringMatching(/^CNI_IFNAME: "eth0" exists in \/run\/netns\/blue already/),
    });
    expect(host.machine.link('vf3')?.parentdev).toBe(device);
    expect(portsOf(host)).toEqual(['br0', 'up0']);
  });

  test('externalIds cannot make DEL rename a NIC', async () => {
    using host = hostWithUplink();
    const externalIds = { 'device-id': device, 'device-name': 'evil' };
    const { error } = await run(host, 'ADD', { deviceID: undefined, bridge: 'br0', externalIds });
    expect(error).toMatchObject({ code: 7, msg: expect.stringMatching(/^externalIds: the key "device-id"/) });
  });
});
