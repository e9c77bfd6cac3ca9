/** A function that a driver of userspace has: nothing is moved, and all else is as for the others. */
import { expect, test } from 'vitest';
import { createContainer, del, expectFailure } from '../../support/index.ts';
import { describeNic, ifname, withUserspace } from '../../support/sriov.ts';

const fields = { mac: '02:00:5e:00:53:44', vlan: 7, trust: 'on', spoofchk: 'off', max_tx_rate: 100 };

describeNic('DPDK', 1, (nic) => {
  for (const driver of ['vfio-pci']) {
    test(`a function of ${driver}: set up by its NIC, its address reserved, and as before after DEL`, async () => {
      await withUserspace(nic(), 0, driver, async (address) => {
        const { node, start, vfLine, letters, config } = nic();
        const before = await letters();
        const pod = await start({ deviceID: address, ...fields });
        expect(pod.result).toMatchObject({
          interfaces: [{ name: ifname, mac: fields.mac, sandbox: pod.path, pciID: address }],
          ips: [{ address: expect.stringMatching(/^10\.40\.0\.1\d\d\/24$/), interface: 0 }],
        });
        expect(await pod.link(ifname)).toBeUndefined();
        const line = await vfLine(0);
        for (const words of [fields.mac, 'vlan 7', 'spoof checking off', 'trust on', 'max_tx_rate 100Mbps'])
          expect(line).toContain(words);
        expect(await node.run('ls', `${node.dataDir}/vfs`)).toContain(pod.ip4);
        await pod.check();

        const call = {
          config: config({ deviceID: address, ipam: {} }),
          container: await createContainer(node),
          ifname,
        };
        await expectFailure(
          node,
          { ...call, command: 'ADD' },
          { code: 102, says: new RegExp(`in use by container ${pod.id}`) },
        );
        await del(node, call);
        expect(await vfLine(0)).toBe(line);
        await pod.del();
        expect(await letters()).toBe(before);

        // A second DEL leaves alone what the owner sets from here on.
        await node.run('ip', 'link', 'set', 'eth0', 'vf', '0', 'trust', 'on', 'spoofchk', 'off');
        const owned = await letters();
        await pod.del();
        expect(await letters()).toBe(owned);
        await node.run('ip', 'link', 'set', 'eth0', 'vf', '0', 'trust', 'off', 'spoofchk', 'on');
      });
    });

    test(`one of ${driver} whose holder is gone is taken back`, async () => {
      await withUserspace(nic(), 0, driver, async (address) => {
        const { start, vfLine } = nic();
        const old = await start({ deviceID: address, ...fields });
        await old.remove();
        const pod = await start({ deviceID: address });
        expect(await vfLine(0)).not.toContain('vlan 7');
        await old.del();
        await pod.check();
        await pod.del();
      });
    });
  }
});
