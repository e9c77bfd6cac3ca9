/** VLANs: who sees whom, what the rows say, and which tag the frames have. */
import { describe, expect } from 'vitest';
import {
  type Component,
  type Config,
  type Container,
  createContainer,
  expectFailure,
  expectNoPing,
  expectPing,
  framesDuring,
  inVirtualMachine,
  type Node,
  testNeeds,
  valuesOf,
} from '../../support/index.ts';
import {
  expectNoRows,
  forOvs,
  hostLocal,
  layer2,
  ovsConfig,
  ovsNetwork,
  type Pods,
  portTypes,
  rowsOf,
} from './pods.ts';

/** Networks of the same subnet on one bridge, told apart by VLAN. */
function vlanNetwork(node: Node, vlan: number, fields: Config): Pods {
  const ranges = [[{ subnet: '10.40.0.0/24', rangeStart: `10.40.0.${vlan}` }]];
  const ipam = { ...hostLocal(node), ranges };
  return ovsNetwork(node, { name: `vlan${vlan}`, ipam, vlan, ...fields });
}

/** An access port of a VLAN, with an address that is free there. */
async function accessPod(node: Node, vlan: number, address: string): Promise<{ pod: Container; pods: Pods }> {
  const pods = layer2(node, `access${vlan}`, { vlan });
  const pod = await pods.start();
  await pod.run('ip', 'address', 'add', address, 'dev', 'eth0');
  return { pod, pods };
}

for (const portType of portTypes) {
  describe(`${portType} ports`, () => {
    testNeeds(
      [...forOvs, 'vlan'] satisfies Component[],
      'a router on a trunk reaches both VLANs by its subinterfaces',
      async ({ node, ovs }) => {
        const trunk = layer2(node, 'trunk', { portType, trunk: [{ id: 100 }, { id: 200 }] });
        const router = await trunk.start('router');
        const blue = await accessPod(node, 100, '10.40.1.2/24');
        const green = await accessPod(node, 200, '10.40.2.2/24');
        for (const vlan of [100, 200])
          await router.sh(`ip link add link eth0 name eth0.${vlan} type vlan id ${vlan}
            ip link set eth0.${vlan} up; ip address add 10.40.${vlan / 100}.1/24 dev eth0.${vlan}`);
        await expectPing(router, blue.pod);
        await expectPing(router, green.pod);
        await expectNoPing(blue.pod, green.pod);
        for (const pods of [trunk, blue.pods, green.pods]) await pods.clear();
        await expectNoRows(ovs);
      },
    );

    // The frames are the same on the kernel's datapath; what it does with tags, the router above has seen.
    if (inVirtualMachine) return;
    testNeeds(forOvs, 'VLAN 100 and VLAN 200 do not see each other', async ({ node, ovs }) => {
      const [first, second] = [100, 200].map((vlan) => vlanNetwork(node, vlan, { portType }));
      const [blue, red] = [await first!.start('blue'), await first!.start('red')];
      const [green, gold] = [await second!.start('green'), await second!.start('gold')];
      expect([blue.ip4, green.ip4]).toEqual(['10.40.0.100', '10.40.0.200']);
      await expectPing(blue, red.ip4);
      await expectPing(green, gold.ip4);
      await expectNoPing(blue, green.ip4);
      await expectNoPing(gold, red.ip4);
      const { port } = await rowsOf(ovs, blue);
      expect(port).toMatchObject({ vlan_mode: 'access', tag: 100, trunks: [] });
      await first!.check(blue);
      await first!.clear();
      await second!.clear();
    });

    testNeeds(
      [...forOvs, 'tcpdump'],
      'a trunk carries the VLANs that it lists, tagged, and no other',
      async ({ node, ovs }) => {
        const trunk = layer2(node, 'trunk', { portType, trunk: [{ id: 100 }, { minID: 200, maxID: 203 }] });
        const router = await trunk.start('router');
        const accesses = [
          await accessPod(node, 100, '10.40.0.1/24'),
          await accessPod(node, 202, '10.40.0.1/24'),
          await accessPod(node, 300, '10.40.0.1/24'),
        ];
        const heard = await framesDuring(router, '', async () => {
          for (const { pod } of accesses) await pod.ping('10.40.0.9');
        });
        expect(heard.filter((line) => /vlan 100,.*who-has 10\.40\.0\.9/i.test(line))).not.toEqual([]);
        expect(heard.filter((line) => /vlan 202,.*who-has 10\.40\.0\.9/i.test(line))).not.toEqual([]);
        expect(heard.filter((line) => /vlan 300/.test(line))).toEqual([]);
        expect(heard.filter((line) => /who-has 10\.40\.0\.9/.test(line) && !/vlan/.test(line))).toEqual([]);

        // And the other way: what the router sends with a tag arrives without it, in that VLAN alone.
        const [in100, in202, in300] = accesses.map(({ pod }) => pod);
        for (const [tag, receivers] of [
          [100, [true, false, false]],
          [202, [false, true, false]],
          [300, [false, false, false]],
          [undefined, [false, false, false]],
        ] as const) {
          const told = await Promise.all(
            [in100, in202, in300].map((pod) => framesDuring(pod!, '', () => sendArp(router, tag))),
          );
          expect(
            told.map((lines) =>
              lines.some((line) => /who-has 10\.40\.0\.77/i.test(line) && !/vlan/.test(line)),
            ),
            `tag ${tag}`,
          ).toEqual(receivers);
        }
        await trunk.clear();
        for (const { pods } of accesses) await pods.clear();
        await expectNoRows(ovs);
      },
    );

    testNeeds(
      [...forOvs, 'tcpdump'],
      'native-untagged: the native VLAN without a tag, the others with theirs',
      async ({ node, ovs }) => {
        const fields = {
          portType,
          vlan: 100,
          vlanMode: 'native-untagged',
          trunk: [{ id: 100 }, { id: 200 }],
        };
        const pods = layer2(node, 'native', fields);
        const blue = await pods.start('blue');
        await blue.run('ip', 'address', 'add', '10.40.0.2/24', 'dev', 'eth0');
        expect((await rowsOf(ovs, blue)).port).toMatchObject({ vlan_mode: 'native-untagged', tag: 100 });
        const accesses = [
          await accessPod(node, 100, '10.40.0.1/24'),
          await accessPod(node, 200, '10.40.0.8/24'),
        ];
        await expectPing(blue, accesses[0]!.pod);
        await expectNoPing(accesses[1]!.pod, blue);
        const heard = await framesDuring(blue, '', () => accesses[1]!.pod.ping('10.40.0.9'));
        expect(heard.filter((line) => /vlan 200,.*who-has 10\.40\.0\.9/i.test(line))).not.toEqual([]);
        await pods.check(blue);
        await pods.clear();
        for (const access of accesses) await access.pods.clear();
      },
    );

    testNeeds(
      [...forOvs, 'tcpdump'],
      'native-tagged: untagged frames go into the native VLAN, and come back with a tag',
      async ({ node, ovs }) => {
        const pods = layer2(node, 'native', { portType, vlan: 100, vlanMode: 'native-tagged' });
        const blue = await pods.start('blue');
        await blue.run('ip', 'address', 'add', '10.40.0.2/24', 'dev', 'eth0');
        expect((await rowsOf(ovs, blue)).port).toMatchObject({ vlan_mode: 'native-tagged', tag: 100 });
        const access = await accessPod(node, 100, '10.40.0.1/24');
        const atAccess = await framesDuring(access.pod, '', async () => void (await blue.ping('10.40.0.1')));
        expect(atAccess.filter((line) => /who-has 10\.40\.0\.1 tell 10\.40\.0\.2/i.test(line))).not.toEqual(
          [],
        );
        const heard = await framesDuring(blue, '', async () => void (await blue.ping('10.40.0.1')));
        expect(heard.filter((line) => /vlan 100,.*10\.40\.0\.1 is-at/i.test(line))).not.toEqual([]);
        await pods.check(blue);
        await pods.clear();
        await access.pods.clear();
      },
    );
  });
}

describe('what the Port row says', () => {
  // On every kernel the same.
  const cases: Readonly<Record<string, { readonly fields: Config; readonly row: Config }>> = {
    'nothing: a trunk of all VLANs': { fields: {}, row: { vlan_mode: 'trunk', tag: [], trunks: [] } },
    'vlan: an access port': { fields: { vlan: 7 }, row: { vlan_mode: 'access', tag: 7, trunks: [] } },
    'vlan 4094': { fields: { vlan: 4094 }, row: { vlan_mode: 'access', tag: 4094 } },
    'trunk: ids and ranges, each once': {
      fields: { trunk: [{ minID: 10, maxID: 12 }, { id: 11 }, { id: 4094 }] },
      row: { vlan_mode: 'trunk', tag: [], trunks: [10, 11, 12, 4094] },
    },
    'vlan beside trunk says nothing': {
      fields: { vlan: 7, trunk: [{ id: 5 }] },
      row: { vlan_mode: 'trunk', tag: [], trunks: 5 },
    },
    'vlanMode trunk': { fields: { vlanMode: 'trunk' }, row: { vlan_mode: 'trunk', tag: [], trunks: [] } },
    'vlanMode access': { fields: { vlan: 9, vlanMode: 'access' }, row: { vlan_mode: 'access', tag: 9 } },
    'vlanMode native-tagged with trunk': {
      fields: { vlan: 9, vlanMode: 'native-tagged', trunk: [{ id: 5 }, { id: 6 }] },
      row: { vlan_mode: 'native-tagged', tag: 9, trunks: [5, 6] },
    },
  };
  for (const [what, { fields, row }] of inVirtualMachine ? [] : Object.entries(cases)) {
    testNeeds(forOvs, what, async ({ node, ovs }) => {
      const pods = ovsNetwork(node, fields);
      const blue = await pods.start('blue');
      expect((await rowsOf(ovs, blue)).port).toMatchObject(row);
      await pods.check(blue);
      await pods.clear();
    });
  }

  testNeeds(forOvs, 'one port can be a trunk of 4,000 VLANs', async ({ node, ovs }) => {
    const pods = ovsNetwork(node, { trunk: [{ minID: 1, maxID: 4000 }] });
    const blue = await pods.start('blue');
    expect(valuesOf((await rowsOf(ovs, blue)).port, 'trunks')).toHaveLength(4000);
    await pods.check(blue);
    await pods.clear();
  });
});

describe('is refused', () => {
  const refusals: Readonly<Record<string, { readonly fields: Config; readonly says: RegExp }>> = {
    'a VLAN out of range': { fields: { vlan: 4095 }, says: /^vlan: 4095, expected .*4094/ },
    'a negative VLAN': { fields: { vlan: -1 }, says: /^vlan: -1, expected/ },
    'a VLAN as text': { fields: { vlan: '100' }, says: /^vlan: "100", expected/ },
    'an unknown mode': {
      fields: { vlan: 5, vlanMode: 'hybrid' },
      says: /^vlanMode: "hybrid", expected one of .*native-tagged/,
    },
    'access without a VLAN': { fields: { vlanMode: 'access' }, says: /vlan: missing.*"access"/ },
    'native without a VLAN': {
      fields: { vlanMode: 'native-tagged' },
      says: /vlan: missing.*"native-tagged"/,
    },
    'access with a trunk': {
      fields: { vlan: 5, vlanMode: 'access', trunk: [{ id: 5 }] },
      says: /vlanMode: "access".*trunk/,
    },
    'a range that ends before it begins': {
      fields: { trunk: [{ minID: 20, maxID: 10 }] },
      says: /trunk.*(20.*10|10.*20)/,
    },
    'a range without an end': { fields: { trunk: [{ minID: 20 }] }, says: /trunk.*maxID/ },
    'a trunk of VLANs out of range': { fields: { trunk: [{ id: 4095 }] }, says: /trunk\[0\]\.id: 4095/ },
  };
  // The config alone is to blame: no kernel is asked.
  for (const [what, { fields, says }] of inVirtualMachine ? [] : Object.entries(refusals)) {
    testNeeds(forOvs, what, async ({ node, ovs }) => {
      const blue = await createContainer(node, { name: 'blue' });
      const before = await ovs.facts();
      const call = { command: 'ADD', config: ovsConfig(node, fields), container: blue };
      await expectFailure(node, call, { code: 7, says });
      expect(await ovs.facts()).toEqual(before);
      expect(await blue.link('eth0')).toBeUndefined();
    });
  }
});

/** Broadcasts "who has 10.40.0.77?" with a tag, or without: a raw frame, since not every kernel has 8021q. */
async function sendArp(container: Container, tag: number | undefined): Promise<void> {
  const hex = [
    'ffffffffffff',
    '020000000077',
    ...(tag === undefined ? [] : ['8100', tag.toString(16).padStart(4, '0')]),
    '0806',
    '0001080006040001',
    ...['020000000077', '0a280001', '000000000000', '0a28004d'],
    '00'.repeat(18),
  ].join('');
  const index = (await container.link('eth0'))?.ifindex ?? 0;
  // socket(AF_PACKET, SOCK_RAW, 0), sendto(sockaddr_ll): packet(7).
  const script = `socket(my $s, 17, 3, 0) or die "socket: $!";
    send($s, pack("H*", $ARGV[0]), 0, pack("SnlSCCa8", 17, 3, $ARGV[1], 0, 0, 6, "")) or die "send: $!";`;
  await container.run('perl', '-e', script, hex, `${index}`);
}
