/** What containers on virtual functions reach: each other, the node, the wire; within a VLAN, and across none. */
import { describe, expect, test } from 'vitest';
import { expectNoPing, expectPing } from '../../support/index.ts';
import { describeNic, hostLocal, ifname } from '../../support/sriov.ts';

describeNic('traffic', 3, (nic) => {
  test('two containers reach each other, the node, and a machine on the wire', async () => {
    const { wire, wireIp4, nodeIp4, node, start, vfs } = nic();
    const blue = await start({ deviceID: vfs[0]!.address }, { name: 'blue' });
    const green = await start({}, { name: 'green' });
    expect([blue.pciId, green.pciId]).toEqual([vfs[0]!.address, vfs[1]!.address]);
    for (const target of [green, nodeIp4, wireIp4]) await expectPing(blue, target);
    for (const from of [wire, node]) await expectPing(from, green);
    const link = await blue.link(ifname);
    expect(link).toMatchObject({ address: blue.mac, mtu: 1500 });
    expect(blue.result.interfaces).toEqual([
      { name: ifname, mac: blue.mac, mtu: 1500, sandbox: blue.path, pciID: blue.pciId },
    ]);
    await blue.check();
    await blue.del();
    await green.del();
  });

  test('IPv4 and IPv6; neighbours are told where the addresses are by now', async () => {
    const { wire, start, vfs, node } = nic();
    await wire.run('ip', 'address', 'add', 'fd40::2/64', 'dev', 'eth1', 'nodad');
    const addresses = ['10.40.0.150', 'fd40::150'];
    const ranges = [[{ subnet: '10.40.0.0/24' }], [{ subnet: 'fd40::/64' }]];
    const fields = {
      ipam: { type: 'host-local', dataDir: node.dataDir, ranges },
      args: { cni: { ips: addresses } },
    };
    const blue = await start({ deviceID: vfs[0]!.address, ...fields });
    for (const address of addresses) await expectPing(wire, address);
    await blue.del();
    const green = await start({ deviceID: vfs[1]!.address, ...fields });
    expect(green.mac).not.toBe(blue.mac);
    // Before anybody asks.
    for (const address of addresses)
      expect(await wire.run('ip', 'neighbour', 'show', 'to', address)).toContain(green.mac);
    for (const address of addresses) await expectPing(wire, address);
    await green.del();
    await wire.run('ip', 'address', 'del', 'fd40::2/64', 'dev', 'eth1');
  });

  describe('VLAN', () => {
    test('members see each other and that VLAN on the wire, and nobody without a tag', async () => {
      const { wire, start, vfLine, node } = nic();
      const ipam = hostLocal(node, '10.41.0');
      await wire.sh(`
        ip link add link eth1 name eth1.100 type vlan id 100
        ip address add 10.41.0.2/24 dev eth1.100
        ip link set eth1.100 up
      `);
      const blue = await start({ vlan: 100, vlanQoS: 3, vlanProto: '802.1Q', ipam }, { name: 'blue' });
      const green = await start({ vlan: 100, ipam }, { name: 'green' });
      const untagged = await start({ ipam }, { name: 'untagged' });
      expect(await vfLine(0)).toContain('vlan 100, qos 3');
      await expectPing(blue, green);
      await expectPing(blue, '10.41.0.2');
      await expectPing(wire, green);
      await expectNoPing(untagged, green);
      await expectNoPing(green, untagged);
      await blue.check();
      for (const pod of [blue, green, untagged]) await pod.del();
      await wire.run('ip', 'link', 'del', 'eth1.100');
    });
  });
});
