/** What sriov tells ip to do, and what it writes down; on a made-up NIC. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sandboxRef } from '../../support/recording-host.ts';
import { bindVfio, hostWithVfs, type MadeUpVfs, sriov, vfAddress, vfName } from './made-up.ts';

const sandboxes = ['/run/netns/blue', '/run/netns/red', '/run/netns/green'];
const mac = '02:00:5e:00:53:01';
const folder = (host: MadeUpVfs): string => join(host.stateDir, 'sriov');
const files = (host: MadeUpVfs): readonly string[] =>
  existsSync(folder(host)) ? readdirSync(folder(host)).sort() : [];
const stateFile = (host: MadeUpVfs, index: number): string => join(folder(host), `${vfAddress(index)}.json`);
const changes = (host: MadeUpVfs): readonly string[] =>
  host.lines.filter((line) => line.startsWith('link set'));

describe('ADD', () => {
  test('marks the function, sets it up and moves it, in one batch; first it writes down what it was', async () => {
    using host = hostWithVfs(2);
    const { result } = await sriov(host, 'ADD', {
      master: 'eth0',
      mac,
      vlan: 5,
      vlanQoS: 1,
      trust: 'on',
      mtu: 1400,
    });
    expect(result?.interfaces).toEqual([
      { name: 'net1', mac, mtu: 1400, sandbox: '/run/netns/blue', pciID: vfAddress(0) },
    ]);
    const batch = host.runs.find(({ options: { input } }) => input?.includes(' netns '))?.options.input;
    expect(batch?.trim().split('\n')).toEqual([
      expect.stringMatching(/^link set dev eth2 alias plumbline:[0-9a-f]{16}-[0-9a-f]{16}:vfs\/c1\/net1$/),
      `link set dev eth2 address ${mac}`,
      `link set dev eth0 vf 0 mac ${mac}`,
      'link set dev eth2 mtu 1400',
      'link set dev eth0 vf 0 vlan 5 qos 1 proto 802.1Q',
      'link set dev eth0 vf 0 trust on',
      `link set dev eth2 netns ${sandboxRef} name net1`,
    ]);
    expect(JSON.parse(readFileSync(stateFile(host, 0), 'utf8'))).toMatchObject({
      version: 1,
      address: vfAddress(0),
      holder: { network: 'vfs', containerId: 'c1', ifname: 'net1' },
      link: { name: 'eth2', mac: '02:00:00:00:02:10', mtu: 1500, up: false },
      vf: { vlan: 0, trust: false, spoofchk: true },
    });
  });

  test('takes the next one for the next container, and none twice', async () => {
    using host = hostWithVfs(2, [], { sandboxes });
    const ids: Awaited<ReturnType<typeof sriov>>[] = [];
    for (const [index, id] of ['c1', 'c2', 'c3'].entries())
      ids.push(
        await sriov(host, 'ADD', { master: 'eth0' }, { CNI_CONTAINERID: id, CNI_NETNS: sandboxes[index] }),
      );
    const given = ids.map(({ result }) => result?.interfaces?.[0]?.pciID);
    expect(given).toEqual([vfAddress(0), vfAddress(1), undefined]);
    expect(ids.find(({ error }) => error)?.error).toMatchObject({
      code: 103,
      msg: expect.stringContaining('is free'),
    });
  });

  test('refuses one that a living container has, and a second function for the same interface', async () => {
    using host = hostWithVfs(2);
    await sriov(host, 'ADD', { deviceID: vfAddress(1) });
    const other = await sriov(host, 'ADD', { deviceID: vfAddress(1) }, { CNI_CONTAINERID: 'c2' });
    expect(other.error).toMatchObject({
      code: 102,
      msg: expect.stringMatching(/in use by container c1 \(net1, network "vfs"\)/),
    });
    expect((await sriov(host, 'ADD', { master: 'eth0' })).error).toMatchObject({ code: 102 });
    expect(files(host)).toHaveLength(1);
  });

  test.each([
    ['spoofchk', { spoofchk: 'off' }, /^spoofchk: the driver igb does not take off for 0000:01:10.0/],
    [
      'vlan',
      { vlan: 5, vlanProto: '802.1ad' },
      /^vlanProto: the driver igb does not take 5 qos 0 proto 802.1ad/,
    ],
    ['state', { link_state: 'enable' }, /^link_state: the driver igb does not take enable/],
  ])(
    'of a driver that does not take %s is an error, and the function is as it was',
    async (word, fields, says) => {
      using host = hostWithVfs(1, [word]);
      const before = JSON.stringify([host.settings, host.machine.link('eth2')]);
      const { error } = await sriov(host, 'ADD', { master: 'eth0', trust: 'on', mtu: 1400, ...fields });
      expect(error).toMatchObject({ code: 7, msg: expect.stringMatching(says) });
      expect(JSON.parse(JSON.stringify([host.settings, host.machine.link('eth2')]))).toMatchObject(
        JSON.parse(before) as object,
      );
      expect(files(host)).toEqual([]);
    },
  );

  // A namespace that is made anew may have the number of one before it, under the same path.
  test('of one that is back on the host takes it, though its holder’s namespace seems to live', async () => {
    using host = hostWithVfs(1);
    await sriov(host, 'ADD', { deviceID: vfAddress(0), vlan: 5 });
    const { id } = host.openNetns('/run/netns/blue', false);
    host.machine.end(sandboxRef);
    expect(host.openNetns('/run/netns/blue', false).id).toBe(id);
    const other = await sriov(host, 'ADD', { deviceID: vfAddress(0) }, { CNI_CONTAINERID: 'c2' });
    expect(other.result?.interfaces?.[0]).toMatchObject({ pciID: vfAddress(0) });
    expect(host.settings[0]).toMatchObject({ vlan_list: [{}] });
    expect(other.stderr.join()).toContain('back from container c1, which is gone');
    // The late DEL of the one before, without its sandbox.
    expect((await sriov(host, 'DEL', { deviceID: vfAddress(0), vlan: 5 }, { CNI_NETNS: '' })).exitCode).toBe(
      0,
    );
    expect(files(host)).toHaveLength(1);
  });

  test('after one of the same attachment that was killed before the move begins anew', async () => {
    using host = hostWithVfs(2);
    await sriov(host, 'ADD', { master: 'eth0', vlan: 5 });
    host.machine.end(sandboxRef);
    const again = await sriov(host, 'ADD', { master: 'eth0' });
    expect(again.result?.interfaces?.[0]).toMatchObject({ pciID: vfAddress(0) });
    expect(host.settings[0]).toMatchObject({ vlan_list: [{}] });
    expect(files(host)).toHaveLength(1);
  });

  test('of one that vfio-pci has moves nothing', async () => {
    using host = hostWithVfs(1);
    bindVfio(host, 0);
    const { result } = await sriov(host, 'ADD', { deviceID: vfAddress(0), mac, vlan: 5 });
    expect(changes(host)).toEqual([
      `link set dev eth0 vf 0 mac ${mac}`,
      'link set dev eth0 vf 0 vlan 5 qos 0 proto 802.1Q',
    ]);
    expect(result?.interfaces?.[0]).toMatchObject({ name: 'net1', mac, pciID: vfAddress(0) });
    await sriov(host, 'DEL', { deviceID: vfAddress(0), mac, vlan: 5 });
    expect(host.settings[0]).toMatchObject({ address: '00:00:00:00:00:00', vlan_list: [{}] });
    expect(files(host)).toEqual([]);
  });
});

describe('one that vfio-pci has', () => {
  const marks = (host: MadeUpVfs): readonly string[] => readdirSync(join(host.runDir, 'sriov'));
  const call = { deviceID: vfAddress(0), vlan: 5, trust: 'on' };

  test.each(['DEL', 'GC'])('and whose record is lost: %s finds it by its mark', async (command) => {
    using host = hostWithVfs(1);
    bindVfio(host, 0);
    await sriov(host, 'ADD', call);
    expect(marks(host)).toEqual([vfAddress(0)]);
    rmSync(stateFile(host, 0));
    expect((await sriov(host, command, { ...call, name: 'others' })).exitCode).toBe(0);
    expect(host.settings[0]).toMatchObject({ vlan_list: [{ vlan: 5 }], trust: true });
    const { exitCode, stderr } = await sriov(host, command, call);
    expect(exitCode).toBe(0);
    expect(stderr.join()).toContain('no record tells what 0000:01:10.0 was before');
    expect(host.settings[0]).toMatchObject({ vlan_list: [{}], trust: false });
    expect([marks(host), files(host)]).toEqual([[], []]);
  });

  test('a second DEL leaves alone what its owner has set, be it what the config asks for', async () => {
    using host = hostWithVfs(1);
    bindVfio(host, 0);
    host.settings[0]!['vlan_list'] = [{ vlan: 5 }];
    await sriov(host, 'ADD', call);
    await sriov(host, 'DEL', call);
    expect(host.settings[0]).toMatchObject({ vlan_list: [{ vlan: 5 }], trust: false });
    await sriov(host, 'DEL', call);
    expect(host.settings[0]).toMatchObject({ vlan_list: [{ vlan: 5 }], trust: false });
  });
});

describe('DEL', () => {
  test('makes the function what it was, and the file goes', async () => {
    using host = hostWithVfs(1);
    const before = { ...host.settings[0] };
    await sriov(host, 'ADD', {
      master: 'eth0',
      vlan: 5,
      trust: 'on',
      spoofchk: 'off',
      mtu: 1400,
      max_tx_rate: 10,
    });
    expect((await sriov(host, 'DEL', { master: 'eth0' })).exitCode).toBe(0);
    expect(host.settings[0]).toMatchObject({ ...before, rate: { max_tx: 0 } });
    expect(host.machine.link('eth2')).toMatchObject({ mtu: 1500, address: '02:00:00:00:02:10' });
    expect(files(host)).toEqual([]);
  });

  test('finds it where it came back under another name, by its PCI address', async () => {
    using host = hostWithVfs(1);
    await sriov(host, 'ADD', { master: 'eth0', vlan: 5 });
    host.machine.end(sandboxRef);
    expect(host.machine.link('net1')).toBeDefined();
    await sriov(host, 'DEL', { master: 'eth0' }, { CNI_NETNS: '' });
    expect(host.machine.link('eth2')).toMatchObject({ parentdev: vfAddress(0) });
    expect(host.settings[0]).toMatchObject({ vlan_list: [{}] });
  });

  test('leaves another link alone that has its name by now', async () => {
    using host = hostWithVfs(1);
    await sriov(host, 'ADD', { master: 'eth0', mtu: 1400 });
    host.machine.put({ ifname: 'eth2', mtu: 1450 });
    const { exitCode, stderr } = await sriov(host, 'DEL', { master: 'eth0' });
    expect(exitCode).toBe(0);
    expect(stderr.join()).toContain('another link has that name');
    expect(host.machine.link('eth2')).toMatchObject({ mtu: 1450 });
    expect(host.machine.link('eth0v0')).toMatchObject({ parentdev: vfAddress(0), mtu: 1500 });
  });

  test('of an attachment that has none changes nothing, whatever the function is set to', async () => {
    using host = hostWithVfs(1);
    host.settings[0]!['trust'] = true;
    host.settings[0]!['vlan_list'] = [{ vlan: 5 }];
    const { exitCode } = await sriov(host, 'DEL', { deviceID: vfAddress(0), vlan: 5, trust: 'on' });
    expect(exitCode).toBe(0);
    expect(changes(host)).toEqual([]);
  });

  test('without a bound driver restores what the NIC has set', async () => {
    using host = hostWithVfs(1);
    await sriov(host, 'ADD', { master: 'eth0', vlan: 5 });
    const { machine } = host;
    machine.drop(machine.link('net1', sandboxRef)!.ifindex);
    machine.files.set(`/sys/bus/pci/devices/${vfAddress(0)}/uevent`, `PCI_SLOT_NAME=${vfAddress(0)}`);
    expect((await sriov(host, 'DEL', { master: 'eth0' })).exitCode).toBe(0);
    expect(host.settings[0]).toMatchObject({ vlan_list: [{}] });
    expect(files(host)).toEqual([]);
  });
});

describe('the file of a state', () => {
  const given = async (host: MadeUpVfs): Promise<void> =>
    void (await sriov(host, 'ADD', { deviceID: vfAddress(0), vlan: 5, trust: 'on' }));

  test.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    ['empty', () => ''],
    ['of another form', () => '{"version": 2}'],
    ['of another function', (text: string) => text.replace(vfAddress(0), vfAddress(1))],
    ['not JSON', () => 'hello'],
  ])('%s: DEL gives the driver’s defaults, and says so', async (_what, harm) => {
    using host = hostWithVfs(1);
    await given(host);
    writeFileSync(stateFile(host, 0), harm(readFileSync(stateFile(host, 0), 'utf8')));
    const { exitCode, stderr } = await sriov(host, 'DEL', { deviceID: vfAddress(0) });
    expect(exitCode).toBe(0);
    expect(stderr.join()).toContain('no record tells what 0000:01:10.0 was before');
    expect(host.settings[0]).toMatchObject({ vlan_list: [{}], trust: false, spoofchk: true });
    expect(host.machine.link('eth0v0')).toBeDefined();
    expect(files(host)).toEqual([]);
  });

  test('broken, of one that nobody names: GC drops it once the function is on the host', async () => {
    using host = hostWithVfs(1);
    mkdirSync(folder(host), { recursive: true });
    writeFileSync(stateFile(host, 0), '{');
    expect((await sriov(host, 'GC', { master: 'eth0' })).exitCode).toBe(0);
    expect(files(host)).toEqual([]);
  });

  test('files of other names are nobody’s', async () => {
    using host = hostWithVfs(1);
    mkdirSync(folder(host), { recursive: true });
    writeFileSync(join(folder(host), 'notes.json'), '{}');
    await given(host);
    await sriov(host, 'DEL', { deviceID: vfAddress(0) });
    expect(files(host)).toEqual(['notes.json']);
  });

  test('that a killed call had not finished goes with the next DEL', async () => {
    using host = hostWithVfs(1);
    mkdirSync(folder(host), { recursive: true });
    writeFileSync(`${stateFile(host, 0)}.new`, '{"version": 1');
    await sriov(host, 'DEL', { deviceID: vfAddress(0) });
    expect(files(host)).toEqual([]);
  });

  test('of an earlier boot is dropped: the hardware was reset', async () => {
    using host = hostWithVfs(1);
    await given(host);
    const text = readFileSync(stateFile(host, 0), 'utf8');
    await sriov(host, 'DEL', { deviceID: vfAddress(0) });
    writeFileSync(
      stateFile(host, 0),
      text.replace(/"boot": ".*"/, '"boot": "another"').replace(/"eth2"/, '"eth9"'),
    );
    const { result } = await sriov(host, 'ADD', { deviceID: vfAddress(0) }, { CNI_CONTAINERID: 'c2' });
    expect(result).toBeDefined();
    await sriov(host, 'DEL', { deviceID: vfAddress(0) }, { CNI_CONTAINERID: 'c2' });
    expect(host.machine.link(vfName(0))).toBeDefined();
  });
});

describe('GC', () => {
  const valid = (id: string) => ({ 'cni.dev/valid-attachments': [{ containerID: id, ifname: 'net1' }] });

  test('gives back what is not valid, of its own network alone', async () => {
    using host = hostWithVfs(3, [], { sandboxes });
    const [, red, green] = sandboxes;
    await sriov(host, 'ADD', { master: 'eth0' });
    await sriov(host, 'ADD', { master: 'eth0' }, { CNI_CONTAINERID: 'c2', CNI_NETNS: red });
    const other = { CNI_CONTAINERID: 'c3', CNI_NETNS: green };
    await sriov(host, 'ADD', { master: 'eth0', name: 'others' }, other);
    expect((await sriov(host, 'GC', { master: 'eth0', ...valid('c2') })).exitCode).toBe(0);
    expect(files(host)).toEqual([`${vfAddress(1)}.json`, `${vfAddress(2)}.json`]);
    expect(host.machine.link('eth2')).toBeDefined();
  });

  test('finds one whose record is lost by the mark on its link', async () => {
    using host = hostWithVfs(1);
    await sriov(host, 'ADD', { master: 'eth0', vlan: 5 });
    host.machine.end(sandboxRef);
    const { ifalias = '' } = host.machine.link('net1') ?? {};
    // The made-up sysfs has no aliases of devices' own.
    host.machine.files.set(`/sys/bus/pci/devices/${vfAddress(0)}/net/net1/ifalias`, ifalias);
    writeFileSync(stateFile(host, 0), '');
    await sriov(host, 'GC', { master: 'eth0' });
    expect(host.settings[0]).toMatchObject({ vlan_list: [{}] });
    expect(files(host)).toEqual([]);
  });
});

describe('STATUS', () => {
  test('is 50 where no function is left, and well where the function is named by the runtime later', async () => {
    using host = hostWithVfs(1);
    expect((await sriov(host, 'STATUS', { master: 'eth0' })).exitCode).toBe(0);
    expect((await sriov(host, 'STATUS', {})).exitCode).toBe(0);
    await sriov(host, 'ADD', { master: 'eth0' });
    expect((await sriov(host, 'STATUS', { master: 'eth0' })).error).toMatchObject({ code: 50 });
    expect((await sriov(host, 'STATUS', { master: 'nic9' })).error).toMatchObject({ code: 50 });
  });
});
