/** Each setting of a port: what the rows say, what the links say, and what is refused. */
import { describe, expect } from 'vitest';
import {
  type CniCall,
  type Config,
  createContainer,
  expectFailure,
  expectPing,
  inVirtualMachine,
  mapOf,
  type Node,
  testNeeds,
} from '../../support/index.ts';
import { expectNoRows, forOvs, ovsConfig, ovsNetwork, portTypes, rowsOf, stateOf } from './pods.ts';

const kubernetes = {
  IgnoreUnknown: 'true',
  K8S_POD_NAME: 'web-0',
  K8S_POD_NAMESPACE: 'shop',
  K8S_POD_UID: '5e1c1a7e-0000-4000-8000-000000000001',
  K8S_POD_INFRA_CONTAINER_ID: 'f00',
};

describe('external_ids', () => {
  for (const portType of portTypes) {
    testNeeds(
      forOvs,
      `tell whose the rows are, of Port and Interface: ${portType}`,
      async ({ node, ovs }) => {
        const pods = ovsNetwork(node, { portType }, { args: kubernetes });
        const blue = await pods.start('blue');
        const { port, iface } = await rowsOf(ovs, blue);
        for (const row of [port, iface]) {
          expect(mapOf(row, 'external_ids')).toMatchObject({
            owner: 'plumbline',
            attachment: expect.stringMatching(/^plumbline:[0-9a-f]{16}-[0-9a-f]{16}$/) as string,
            network: 'pods',
            'container-id': blue.id,
            interface: 'eth0',
            netns: blue.path,
            'pod-name': 'web-0',
            'pod-namespace': 'shop',
            'pod-uid': '5e1c1a7e-0000-4000-8000-000000000001',
          });
        }
        expect(mapOf(iface, 'external_ids')['attached-mac']).toBe(blue.mac);
        await pods.clear();
        await expectNoRows(ovs);
      },
    );
  }

  testNeeds(forOvs, 'tell no pod where the runtime names none', async ({ node, ovs }) => {
    const pods = ovsNetwork(node);
    const blue = await pods.start('blue');
    const keys = Object.keys(mapOf((await rowsOf(ovs, blue)).port, 'external_ids'));
    expect(keys).toEqual(expect.arrayContaining(['owner', 'network', 'container-id']));
    expect(keys.filter((key) => key.startsWith('pod-'))).toEqual([]);
    await pods.clear();
  });

  testNeeds(
    forOvs,
    'of the config stand beside them on the Port, whatever they hold',
    async ({ node, ovs }) => {
      const externalIds = {
        tenant: 'blue',
        'a b': 'x="y", z',
        'k:v=w': "{} [] \\ ' # -- %",
        '--opt': '--all',
        'uni-ç': '地図 🗺',
        '5': '@new',
      };
      const pods = ovsNetwork(node, { externalIds });
      const blue = await pods.start('blue');
      const { port } = await rowsOf(ovs, blue);
      expect(mapOf(port, 'external_ids')).toMatchObject({ ...externalIds, owner: 'plumbline' });
      await pods.check(blue);
      await pods.clear();
    },
  );

  for (const [what, call] of Object.entries({
    'by CNI_ARGS': { args: { IgnoreUnknown: '1', OvnPort: 'ns.pod-1' } },
    'by args.cni': { fields: { args: { cni: { ovnPort: 'ns.pod-1' } } } },
    'by args.cni in another case': { fields: { args: { cni: { OVNPort: 'ns.pod-1' } } } },
  }) as [string, Pick<CniCall, 'args'> & { readonly fields?: Config }][]) {
    testNeeds(forOvs, `ovnPort ${what} is the iface-id, and the bridge is br-int`, async ({ node, ovs }) => {
      const { fields, ...options } = call;
      const pods = ovsNetwork(node, { bridge: undefined, ...fields });
      const blue = await pods.start('blue', options);
      expect(await ovs.ports('br-int')).toEqual([blue.port]);
      const { iface } = await rowsOf(ovs, blue);
      expect(mapOf(iface, 'external_ids')).toMatchObject({
        'iface-id': 'ns.pod-1',
        'attached-mac': blue.mac,
      });
      await pods.check(blue, options);
      await pods.clear();
    });
  }
});

describe('ofport_request', () => {
  for (const portType of portTypes) {
    testNeeds(forOvs, `is the OpenFlow port: ${portType}`, async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType, ofport_request: 77 });
      const blue = await pods.start('blue');
      expect(await ovs.ofctl('show', 'br-int')).toMatch(new RegExp(`^ 77\\(${blue.port}\\): addr`, 'm'));
      expect((await rowsOf(ovs, blue)).iface).toMatchObject({ ofport: 77, ofport_request: 77 });
      await pods.check(blue);
      await pods.clear();
      expect(await ovs.ofctl('show', 'br-int')).not.toMatch(/^ 77\(/m);
    });
  }

  testNeeds(forOvs, 'up to 65279', async ({ node, ovs }) => {
    const pods = ovsNetwork(node, { ofport_request: 65279 });
    const blue = await pods.start('blue');
    expect((await rowsOf(ovs, blue)).iface['ofport']).toBe(65279);
    await pods.clear();
  });
});

describe('mtu', () => {
  for (const portType of portTypes) {
    testNeeds(forOvs, `of the port and the container's link: ${portType}`, async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { portType, mtu: 1400 });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      expect((await blue.link('eth0'))?.mtu).toBe(1400);
      expect(blue.result.interfaces?.[1]?.mtu).toBe(1400);
      const { iface } = await rowsOf(ovs, blue);
      if (portType === 'veth') expect((await node.link(blue.port))?.mtu).toBe(1400);
      else expect(iface['mtu_request']).toBe(1400);
      await expectPing(blue, red);
      await pods.check(blue);
      await pods.clear();
    });

    testNeeds(forOvs, `0 or none is the kernel's: ${portType}`, async ({ node, ovs }) => {
      for (const mtu of [0, undefined]) {
        const pods = ovsNetwork(node, { portType, mtu });
        const blue = await pods.start();
        expect((await blue.link('eth0'))?.mtu).toBe(1500);
        expect((await rowsOf(ovs, blue)).iface['mtu_request']).toEqual([]);
        await pods.clear();
      }
    });
  }
});

describe('interface_type', () => {
  for (const [interface_type, type] of [
    ['', ''],
    ['system', 'system'],
  ]) {
    testNeeds(forOvs, `"${interface_type}" of a veth's port`, async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { interface_type });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      expect((await rowsOf(ovs, blue)).iface['type']).toBe(type);
      await expectPing(blue, red);
      await pods.clear();
    });
  }

  testNeeds(
    forOvs,
    'that Open vSwitch does not know: an error that says so, and nothing left',
    async ({ node, ovs }) => {
      const blue = await createContainer(node, { name: 'blue' });
      const before = await stateOf(node, ovs);
      const call = {
        command: 'ADD',
        config: ovsConfig(node, { interface_type: 'nonsense' }),
        container: blue,
      };
      await expectFailure(node, call, {
        code: 101,
        says: /cannot set up the port veth[0-9a-f]+: could not open network device/,
      });
      expect(await stateOf(node, ovs)).toBe(before);
      expect(await blue.link('eth0')).toBeUndefined();
    },
  );
});

describe('is refused, with the field and its value', () => {
  const refusals: Readonly<
    Record<string, { readonly fields: Config; readonly says: RegExp; readonly args?: Record<string, string> }>
  > = {
    'no bridge': { fields: { bridge: undefined }, says: /^bridge: missing/ },
    'a bridge that is not there': { fields: { bridge: 'br-none' }, says: /bridge.*"br-none"/ },
    "a bridge's name that is none": { fields: { bridge: 'br int' }, says: /^bridge: "br int", expected/ },
    'a name that is an option': { fields: { bridge: '--all' }, says: /^bridge: "--all", expected/ },
    'an unknown port type': {
      fields: { portType: 'tap' },
      says: /^portType: "tap", expected one of .*veth.*internal/,
    },
    'port 0 as text': { fields: { ofport_request: '1' }, says: /^ofport_request: "1", expected/ },
    'a port that is reserved': {
      fields: { ofport_request: 65280 },
      says: /^ofport_request: 65280, expected .*65279/,
    },
    'a negative port': { fields: { ofport_request: -1 }, says: /^ofport_request: -1, expected/ },
    'an MTU that no link can have': { fields: { mtu: 65536 }, says: /^mtu: 65536, expected .*65535/ },
    'an MTU below all use': { fields: { mtu: 10 }, says: /^mtu: 10, expected .*68/ },
    'a MAC address that is none': { fields: { mac: '02:00' }, says: /^mac: "02:00"/ },
    'a multicast MAC address': { fields: { mac: '01:00:5e:00:00:01' }, says: /^mac: "01:00:5e:00:00:01"/ },
    'an internal type for a veth': {
      fields: { interface_type: 'internal' },
      says: /interface_type: "internal"/,
    },
    'another type for an internal port': {
      fields: { portType: 'internal', interface_type: 'dpdk' },
      says: /interface_type: "dpdk".*internal/,
    },
    'a type with an option in it': {
      fields: { interface_type: 'system -- del-br br-int' },
      says: /^interface_type: "system -- del-br br-int"/,
    },
    'an external ID that is taken': {
      fields: { externalIds: { owner: 'me' } },
      says: /externalIds.*"owner"/,
    },
    'an external ID that is no text': {
      fields: { externalIds: { a: 1 } },
      says: /^externalIds\.a: 1, expected/,
    },
    'a socket that is no path': {
      fields: { socket_file: 'run/db.sock' },
      says: /socket_file: "run\/db\.sock"/,
    },
    'an ovnPort with a line break': {
      fields: { args: { cni: { ovnPort: 'a\nb' } } },
      says: /ovnPort: "a\\nb"/,
    },
    'policing as text': {
      fields: { ingressPolicingRate: 'fast' },
      says: /^ingressPolicingRate: "fast", expected/,
    },
    'a negative interval': {
      fields: { link_state_check_interval: -5 },
      says: /^link_state_check_interval: -5, expected/,
    },
    'a device that is no PCI address': { fields: { deviceID: 'eth7' }, says: /deviceID: "eth7"/ },
    'a limit of an internal port, which Open vSwitch cannot keep': {
      fields: { portType: 'internal', ingressPolicingRate: 1000 },
      says: /ingressPolicingRate.*portType "veth"/,
    },
  };
  // The config alone is to blame: no kernel is asked.
  for (const [what, { fields, says, args }] of inVirtualMachine ? [] : Object.entries(refusals)) {
    testNeeds(forOvs, what, async ({ node, ovs }) => {
      const blue = await createContainer(node, { name: 'blue' });
      const before = await stateOf(node, ovs);
      const call = {
        command: 'ADD',
        config: ovsConfig(node, fields),
        container: blue,
        ...(args && { args }),
      };
      await expectFailure(node, call, { code: 7, says });
      expect(await stateOf(node, ovs)).toBe(before);
      expect(await blue.link('eth0')).toBeUndefined();
    });
  }

  testNeeds(forOvs, "the node's own namespace as sandbox", async ({ node, ovs }) => {
    const pods = ovsNetwork(node);
    const blue = await pods.start('blue');
    const before = await stateOf(node, ovs);
    await refusedAsSandbox(node, { ...pods.config, prevResult: blue.result }, blue.id);
    expect(await stateOf(node, ovs)).toBe(before);
    await pods.check(blue);
    await pods.clear();
  });
});

async function refusedAsSandbox(node: Node, config: Config, containerId: string): Promise<void> {
  for (const command of ['ADD', 'CHECK', 'DEL']) {
    const call = { command, config, containerId, netns: `/proc/${node.pid}/ns/net` };
    await expectFailure(node, call, { code: 8, says: /namespace that this plugin runs in/ });
  }
}
