/** What a virtual function is set to, and that it is afterwards what it was. */
import { expect, test } from 'vitest';
import { type Config, createContainer, expectFailure, expectPing } from '../../support/index.ts';
import { describeNic, ifname, type Nic, type VfPod } from '../../support/sriov.ts';

const mac = '02:00:5e:00:53:41';

/** Frames of a forged address that come out on the wire. */
async function forgedFrames({ wire }: Nic, pod: VfPod): Promise<number> {
  const forged = '02:00:5e:00:53:66';
  const capture = wire.start(
    'tcpdump',
    '-nn',
    '-l',
    '-U',
    '--immediate-mode',
    '-i',
    'eth1',
    'ether',
    'src',
    forged,
  );
  await capture.ready(/listening on/);
  // A child of the function's link, which has an address of its own.
  await pod.sh(`
    ip link add link ${ifname} name forged address ${forged} type macvlan mode bridge
    ip address add 10.40.0.240/24 dev forged
    ip link set forged up
    arping -q -c 2 -w 2 -I forged 10.40.0.2 || :
    ip link del forged
  `);
  return (await capture.stop('SIGINT')).split('\n').filter((line) => line.includes('ARP')).length;
}

describeNic('settings', 2, (nic) => {
  const sources: Readonly<Record<string, readonly [Config, Config]>> = {
    'the config': [{ mac: mac.toUpperCase() }, {}],
    'args.cni': [{ args: { cni: { mac } } }, {}],
    'runtimeConfig, over the config': [
      { capabilities: { mac: true }, mac: '02:00:5e:00:53:77' },
      { capabilityArgs: { mac } },
    ],
    CNI_ARGS: [{}, { args: { MAC: mac } }],
  };
  for (const [source, [fields, options]] of Object.entries(sources)) {
    test(`the MAC address of ${source}`, async () => {
      const { start, vfLine, wireIp4 } = nic();
      const pod = await start(fields, options);
      expect(pod.mac).toBe(mac);
      expect(await pod.link(ifname)).toMatchObject({ address: mac });
      expect(await vfLine(0)).toContain(mac);
      await expectPing(pod, wireIp4);
      await pod.del();
    });
  }

  test('trust, spoofchk, max_tx_rate, MTU and a container that changes what it can: all is as before', async () => {
    const { start, vfLine } = nic();
    const pod = await start({
      mac,
      trust: 'on',
      spoofchk: 'off',
      max_tx_rate: 100,
      mtu: 1400,
      vlan: 7,
      vlanQoS: 2,
    });
    const line = await vfLine(0);
    for (const words of [mac, 'vlan 7, qos 2', 'max_tx_rate 100Mbps', 'spoof checking off', 'trust on'])
      expect(line).toContain(words);
    expect(pod.result.interfaces).toMatchObject([{ mac, mtu: 1400 }]);
    await pod.check();
    await pod.sh(`
      ip link set ${ifname} down
      ip link set ${ifname} name other mtu 1300 promisc on allmulticast on multicast off
      ip link set other up
    `);
    await pod.del();
  });

  test('CHECK tells what is not as ADD left it', async () => {
    const { start, node, pf, config } = nic();
    const pod = await start({ vlan: 7, trust: 'on' });
    await node.run('ip', 'link', 'set', pf, 'vf', '0', 'vlan', '8');
    await pod.run('ip', 'link', 'set', ifname, 'mtu', '1300');
    const prevResult = pod.result;
    const call = {
      command: 'CHECK',
      config: config({ vlan: 7, trust: 'on', prevResult }),
      container: pod,
      ifname,
    };
    await expectFailure(node, call, { code: 104, says: /MTU 1300, not 1500.*|vlan of .* is 8, not 7/ });
    await pod.del();
  });

  test('a MAC address that the node’s owner had set comes back', async () => {
    const { start, node, pf, vfs, vfLine, wireIp4, letters } = nic();
    const [own, vf] = ['02:00:5e:00:53:51', vfs[0]!.name];
    const saved = (await node.link(vf))?.address ?? '';
    await node.sh(
      `ip link set ${vf} address ${own}; ip link set ${pf} vf 0 mac ${own} spoofchk off; ip link set ${vf} alias mine`,
    );
    const before = await letters();
    const pod = await start({ mac, spoofchk: 'on', deviceID: vfs[0]!.address });
    expect(await pod.link(ifname)).toMatchObject({ address: mac });
    expect(await vfLine(0)).toContain('spoof checking on');
    await expectPing(pod, wireIp4);
    await pod.del();
    expect(await letters()).toBe(before);
    // A second DEL, as runtimes send it, leaves the owner's settings alone.
    await pod.del();
    expect(await letters()).toBe(before);
    // It is the NIC's again, and not the function's own to change.
    expect((await node.try('ip', 'link', 'set', vf, 'address', saved)).stderr).toMatch(/Cannot assign/);
    await node.sh(`
      ip link set ${pf} vf 0 mac 00:00:00:00:00:00 spoofchk on
      ip link set ${vf} address ${saved}
      printf '\\n' >/sys/class/net/${vf}/ifalias
    `);
  });

  test('a MAC address that was the function’s own is its own again', async () => {
    const { start, node, vfs } = nic();
    const { address, name } = vfs[1]!;
    const saved = (await node.link(name))?.address ?? '';
    const pod = await start({ mac, deviceID: address });
    await pod.del();
    await node.sh(`ip link set ${name} address 02:00:5e:00:53:52; ip link set ${name} address ${saved}`);
  });

  test('keepName leaves the function its name', async () => {
    const { start, vfs, wireIp4 } = nic();
    const pod = await start({ keepName: true, deviceID: vfs[1]!.address });
    expect(pod.result.interfaces?.[0]?.name).toBe(vfs[1]!.name);
    await expectPing(pod, wireIp4);
    await pod.check();
    await pod.del();
  });

  // QEMU's igb passes forged addresses either way, so what can be told of spoofchk "on" is that it is set: see above.
  test('a forged source address gets through with trust and without spoofchk; spoofchk is read back', async () => {
    const { start, vfLine } = nic();
    const free = await start({ mac, spoofchk: 'off', trust: 'on' });
    expect(await forgedFrames(nic(), free)).toBeGreaterThan(0);
    expect(await vfLine(0)).toContain('spoof checking off');
    await free.del();
  });

  for (const [field, fields] of Object.entries({
    min_tx_rate: { min_tx_rate: 50, max_tx_rate: 100 },
    vlanProto: { vlan: 7, vlanProto: '802.1ad' },
    link_state: { link_state: 'disable' },
  })) {
    test(`${field}, which igb does not take, is an error that leaves the function as it was`, async () => {
      const { node, config } = nic();
      const container = await createContainer(node);
      const call = { config: config({ ...fields, mac, trust: 'on' }), container, ifname };
      await expectFailure(
        node,
        { ...call, command: 'ADD' },
        { code: 7, says: new RegExp(`${field}: .*igb`) },
      );
      expect(await container.link(ifname)).toBeUndefined();
    });
  }
});
