/** Which function an ADD gets: never one that somebody has, whoever asks, and however many at once. */
import { describe, expect, test } from 'vitest';
import {
  type CniCall,
  cni,
  createContainer,
  del,
  describeOutcome,
  expectFailure,
  expectPing,
} from '../../support/index.ts';
import { describeNic, ifname } from '../../support/sriov.ts';

describeNic('seven functions', 7, (nic) => {
  test('seven ADDs at once get seven, the eighth gets none, and each comes back as it was', async () => {
    const { node, config, vfs, wireIp4 } = nic();
    const containers = await Promise.all(vfs.map(() => createContainer(node)));
    const call = (container: CniCall['container'], command: string): CniCall => ({
      command,
      config: config(),
      ifname,
      ...(container && { container }),
    });
    const added = await Promise.all(containers.map((container) => cni(node, call(container, 'ADD'))));
    expect(added.filter(({ code }) => code !== 0).map(describeOutcome)).toEqual([]);
    const given = added.map(({ result }) => result?.interfaces?.[0]?.pciID);
    expect(given.toSorted()).toEqual(vfs.map(({ address }) => address).toSorted());
    await expectPing(containers[6]!, wireIp4);

    const late = await createContainer(node);
    const says = /master: none of the 7 virtual functions of "eth0" is free.*plumbline vfs/;
    await expectFailure(node, call(late, 'ADD'), { code: 103, says });
    await expectFailure(node, { command: 'STATUS', config: config() }, { code: 50, says: /none of the 7/ });
    expect(await late.link(ifname)).toBeUndefined();

    const deleted = await Promise.all(containers.map((container) => cni(node, call(container, 'DEL'))));
    expect(deleted.filter(({ code }) => code !== 0).map(describeOutcome)).toEqual([]);
  });

  test('one that is named and in use is refused with its holder; its holder keeps it', async () => {
    const { node, config, start, vfs, wireIp4 } = nic();
    const pod = await start({ deviceID: vfs[2]!.address });
    const container = await createContainer(node);
    const call = { config: config({ deviceID: vfs[2]!.address.toUpperCase() }), container, ifname };
    const says = new RegExp(`deviceID: .* is in use by container ${pod.id} \\(${ifname}, network "vfs"\\)`);
    await expectFailure(node, { ...call, command: 'ADD' }, { code: 102, says });
    // As a runtime does after a failure.
    await del(node, call);
    await expectPing(pod, wireIp4);
    const again = { command: 'ADD', config: config(), container: pod, ifname };
    await expectFailure(node, again, { code: 102, says: /has net1 in network "vfs" already/ });
    await expectPing(pod, wireIp4);
    await pod.del();
  });

  test('one by name and one by master at once: two functions', async () => {
    const { node, config, vfs } = nic();
    const asks = [config({ deviceID: vfs[0]!.address }), config(), config({ master: nic().address })];
    const containers = await Promise.all(asks.map(() => createContainer(node)));
    const outcomes = await Promise.all(
      asks.map((asked, index) =>
        cni(node, { command: 'ADD', config: asked, container: containers[index]!, ifname }),
      ),
    );
    const [named, ...others] = outcomes.map(({ result }) => result?.interfaces?.[0]?.pciID);
    expect(others.every(Boolean)).toBe(true);
    // Whoever names one that was given away a moment before is refused.
    expect(new Set([named ?? 'refused', ...others]).size).toBe(3);
    for (const [index, container] of containers.entries())
      await del(node, { config: asks[index]!, container, ifname });
  });
});

describeNic('a NIC without functions', 0, (nic) => {
  describe('numVfs', () => {
    test('makes them, and waits for their links', async () => {
      const { node, start, address, wireIp4, makeVfs } = nic();
      const folder = `/sys/bus/pci/devices/${address}`;
      const pod = await start({ numVfs: 2 });
      await expectPing(pod, wireIp4);
      expect(await node.run('cat', `${folder}/sriov_numvfs`)).toBe('2');

      const container = await createContainer(node);
      const call = { command: 'ADD', container, ifname };
      const says = /numVfs: "eth0" has 2 virtual functions, not 3; .* never made anew/;
      await expectFailure(node, { ...call, config: nic().config({ numVfs: 3 }) }, { code: 7, says });
      expect(await node.run('cat', `${folder}/sriov_numvfs`)).toBe('2');
      await expectPing(pod, wireIp4);
      await pod.del();
      await makeVfs(0);
    });

    test('more than the NIC can have, and a NIC with none where none are asked for, are errors', async () => {
      const { node, config } = nic();
      const call = { command: 'ADD', container: await createContainer(node), ifname };
      const tooMany = { ...call, config: config({ numVfs: 8 }) };
      await expectFailure(node, tooMany, {
        code: 7,
        says: /numVfs: 8 is more than the 7 that "eth0" can have/,
      });
      const none = { code: 103, says: /master: "eth0" has no virtual functions; .*sriov_numvfs.*numVfs/ };
      await expectFailure(node, { ...call, config: config() }, none);
    });
  });
});
