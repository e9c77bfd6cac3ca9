/** What sriov refuses: with the field and its value, and with nothing changed, as describeNic sees after each. */
import { expect, test } from 'vitest';
import { type Config, createContainer, expectFailure } from '../../support/index.ts';
import { describeNic, ifname, type Nic } from '../../support/sriov.ts';

type Refusal = readonly [fields: (nic: Nic) => Config, says: RegExp];

const refusals: Readonly<Record<string, Refusal>> = {
  'a deviceID that is no PCI address': [
    () => ({ deviceID: '03:00.1' }),
    /deviceID: "03:00.1" is not a PCI address such as 0000:03:10.2/,
  ],
  'a deviceID that is not there': [
    () => ({ deviceID: '0000:ff:1f.7' }),
    /deviceID: "0000:ff:1f.7" is no PCI device of this node/,
  ],
  'a deviceID that is no virtual function': [
    ({ address }) => ({ deviceID: address }),
    /deviceID: "[0-9a-f:.]+" is no virtual function/,
  ],
  'a runtimeConfig.deviceID that is none': [
    () => ({ runtimeConfig: { deviceID: 'eth0' } }),
    /runtimeConfig.deviceID: "eth0" is not a PCI address/,
  ],
  'a deviceID of another NIC than master': [
    ({ vfs }) => ({ deviceID: vfs[0]!.address, master: 'wired' }),
    /master: "wired" is neither a NIC of this node nor the PCI address of one/,
  ],
  'a master that is a virtual function': [
    ({ vfs }) => ({ master: vfs[0]!.name }),
    /master: ".*" is a virtual function itself; name its NIC, or use deviceID/,
  ],
  'a master without SR-IOV': [() => ({ master: '0000:00:00.0' }), /master: "0000:00:00.0" has no SR-IOV/],
  'vlanQoS without vlan': [() => ({ vlanQoS: 3 }), /vlanQoS: 3 needs a vlan/],
  'min over max': [
    () => ({ min_tx_rate: 200, max_tx_rate: 100 }),
    /min_tx_rate: 200 is more than max_tx_rate, 100/,
  ],
};

describeNic('refused', 1, (nic) => {
  for (const [what, [fields, says]] of Object.entries(refusals)) {
    test(what, async () => {
      const { node, config, wire } = nic();
      const call = { command: 'ADD', config: config(fields(nic())), container: wire, ifname };
      await expectFailure(node, call, { code: 7, says });
    });
  }

  test('an interface name that is taken inside: what is there stays, and the function comes back', async () => {
    const { node, config } = nic();
    const container = await createContainer(node);
    await container.run('ip', 'link', 'add', ifname, 'type', 'dummy');
    const call = { command: 'ADD', config: config({ vlan: 7 }), container, ifname };
    await expectFailure(node, call, { code: 102, says: /CNI_IFNAME: "net1" exists in .* already/ });
    expect(await container.link(ifname)).toBeDefined();
  });

  test('an IPAM that fails: the function comes back', async () => {
    const { node, config } = nic();
    const container = await createContainer(node);
    const ipam = { type: 'host-local', dataDir: node.dataDir, ranges: [[{ subnet: '10.40.0.0/32' }]] };
    const call = { command: 'ADD', config: config({ vlan: 7, ipam }), container, ifname };
    await expectFailure(node, call, { says: /10\.40\.0\.0\/32/ });
  });
});
