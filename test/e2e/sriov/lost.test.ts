/** A namespace that dies with a virtual function in it: the function is found by its PCI address, whatever its name. */
import { beforeEach, describe, expect, test } from 'vitest';
import { cni, describeOutcome, eventually, expectPing, gc } from '../../support/index.ts';
import { describeNic, ifname, type Nic, type VfPod } from '../../support/sriov.ts';

const mac = '02:00:5e:00:53:42';
const fields = { mac, vlan: 7, trust: 'on', mtu: 1400, max_tx_rate: 100 };
const stateFolder = '/var/lib/cni/plumbline/sriov';

/** A pod on the first function, renamed inside to a name that the host has too, whose namespace then dies. */
async function die({ start, vfs, node }: Nic, inside = 'eth0'): Promise<VfPod> {
  const { address, name } = vfs[0]!;
  const pod = await start({ deviceID: address, ...fields });
  await pod.sh(`ip link set ${ifname} down; ip link set ${ifname} name ${inside}; ip link set ${inside} up`);
  await pod.remove();
  const home = `/sys/bus/pci/devices/${address}/net`;
  expect(await eventually(async () => (await node.try('ls', home)).stdout !== '')).toBe(true);
  const back = await node.run('ls', home);
  // The host has an eth0.
  expect(back).toMatch(inside === 'eth0' ? /^dev\d+$/ : new RegExp(`^${inside}$`));
  expect(back).not.toBe(name);
  return pod;
}

/** GC of the network, with nothing that is valid. */
const collect = ({ node, config, vfs }: Nic, more = {}): Promise<void> =>
  gc(node, { config: config({ deviceID: vfs[0]!.address, ...more }) });

async function expectUsable({ start, vfs, wireIp4 }: Nic): Promise<void> {
  const pod = await start({ deviceID: vfs[0]!.address });
  await expectPing(pod, wireIp4);
  await pod.del();
}

describeNic('a namespace that died', 1, (nic) => {
  describe('with its record', () => {
    test('DEL restores a function that came back as devN, and it can be used again', async () => {
      const pod = await die(nic());
      await pod.del();
      await expectUsable(nic());
    });

    test('DEL restores one that came back under the name it had inside', async () => {
      const pod = await die(nic(), 'inner0');
      await pod.del();
    });

    test('GC restores it', async () => {
      await die(nic());
      await collect(nic());
      await expectUsable(nic());
    });

    test('GC leaves what is valid, and what is another network’s', async () => {
      const { start, vfs, node, config, letters } = nic();
      const pod = await start({ deviceID: vfs[0]!.address });
      const before = await letters();
      const valid = { 'cni.dev/valid-attachments': [{ containerID: pod.id, ifname }] };
      await gc(node, { config: config(valid) });
      await gc(node, { config: config({ name: 'others', ipam: {} }) });
      expect(await letters()).toBe(before);
      await pod.check();
      await pod.del();
    });

    test('the next ADD of it takes it back, and restores what was first', async () => {
      const { start, vfs, wireIp4 } = nic();
      const old = await die(nic());
      const pod = await start({ deviceID: vfs[0]!.address });
      expect(pod.mac).not.toBe(mac);
      await expectPing(pod, wireIp4);
      // A late DEL of the one before takes nothing away.
      await old.del();
      await pod.check();
      await expectPing(pod, wireIp4);
      await pod.del();
    });

    test('the next ADD by master takes it back, too', async () => {
      const { start } = nic();
      const old = await die(nic());
      const pod = await start();
      expect(pod.pciId).toBe(old.pciId);
      await pod.del();
      await old.del();
    });
  });

  describe('whose record is lost', () => {
    let own = '';
    beforeEach(async () => {
      const { node, vfs } = nic();
      own = (await node.link(vfs[0]!.name))?.address ?? '';
    });

    /** What it was, set by hand. */
    const makeWhole = ({ node, vfs }: Nic): Promise<string> =>
      node.sh(`
        ip link set eth0 vf 0 vlan 0 trust off
        ip link set eth0v0 name ${vfs[0]!.name} address ${own} mtu 1500
      `);

    /** What it has by then: the driver's defaults, and a name of its own. */
    async function expectDefaults({ node, vfLine, vfs }: Nic): Promise<void> {
      const line = await vfLine(0);
      for (const word of [mac, 'vlan 7', 'trust on', 'max_tx_rate']) expect(line).not.toContain(word);
      const name = await node.run('ls', `/sys/bus/pci/devices/${vfs[0]!.address}/net`);
      expect(name).toBe('eth0v0');
      const link = await node.link(name);
      expect(link?.mtu).toBe(1500);
      expect(link?.ifalias).toBeUndefined();
      // Its NIC has set no address, so it may have another.
      await node.run('ip', 'link', 'set', name, 'address', '02:00:5e:00:53:4f');
    }

    test("DEL: the driver's defaults, a free name, and the log says so", async () => {
      const pod = await die(nic());
      await nic().node.sh(`rm ${stateFolder}/*.json`);
      const { config, vfs, node, letters } = nic();
      const call = {
        command: 'DEL',
        config: config({ deviceID: vfs[0]!.address, ...fields }),
        containerId: pod.id,
        ifname,
      };
      const outcome = await cni(node, call);
      expect(outcome.code, describeOutcome(outcome)).toBe(0);
      expect(outcome.stderr).toMatch(/no record tells what .* was before: it gets the driver's defaults/);
      await expectDefaults(nic());
      // What the owner sets from here on is not taken away by another DEL.
      await node.sh(`ip link set eth0 vf 0 vlan 7 trust on; ip link set eth0v0 mtu 1400`);
      const before = await letters();
      const again = await cni(node, call);
      expect(again.code, describeOutcome(again)).toBe(0);
      expect(await letters()).toBe(before);
      await makeWhole(nic());
    });

    test('GC finds it by the mark on its link; here the record is cut short', async () => {
      await die(nic());
      await nic().node.sh(`truncate -s 20 ${stateFolder}/*.json`);
      await collect(nic());
      await expectDefaults(nic());
      await makeWhole(nic());
    });

    test('the next ADD by master takes it, with the driver’s defaults, and it works', async () => {
      const { node, start, wireIp4 } = nic();
      const old = await die(nic());
      await node.sh(`rm ${stateFolder}/*.json`);
      const pod = await start();
      await expectPing(pod, wireIp4);
      await old.del();
      await expectPing(pod, wireIp4);
      await pod.del();
      await expectDefaults(nic());
      await makeWhole(nic());
    });

    test('DEL finds it in a sandbox that lives', async () => {
      const pod = await nic().start(fields);
      await nic().node.sh(`rm ${stateFolder}/*.json`);
      await pod.del();
      await expectDefaults(nic());
      await makeWhole(nic());
    });
  });

  test('another link has the name by now: it gets a free one, and the other is left alone', async () => {
    const { start, node, vfs } = nic();
    const { name } = vfs[0]!;
    const pod = await start(fields);
    await node.run('ip', 'link', 'add', name, 'mtu', '1450', 'type', 'dummy');
    const other = await node.run('ip', '-details', 'link', 'show', 'dev', name);
    await pod.del();
    expect(await node.run('ip', '-details', 'link', 'show', 'dev', name)).toBe(other);
    await node.run('ip', 'link', 'del', name);
    expect(await node.run('ls', `/sys/bus/pci/devices/${pod.pciId}/net`)).toBe('eth0v0');
    await node.run('ip', 'link', 'set', 'eth0v0', 'name', name);
  });

  test('a reboot has reset the hardware: the record is dropped, and nothing is changed', async () => {
    const { start, node, letters, wireIp4 } = nic();
    const pod = await start(fields);
    await node.sh(`cp -r ${stateFolder} ${node.dir}/kept`);
    await pod.del();
    await node.sh(`cp ${node.dir}/kept/* ${stateFolder}`);
    await node.setBootId('22222222-2222-4222-8222-222222222222');
    const next = await start();
    expect(next.mac).not.toBe(mac);
    await expectPing(next, wireIp4);
    await next.del();
    expect(await letters()).not.toContain('.json');
  });
});
