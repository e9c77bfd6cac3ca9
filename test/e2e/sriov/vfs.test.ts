/** `plumbline vfs` on a real NIC: a table for people, and all of it as JSON. */
import { expect, test } from 'vitest';
import { binDir, hubOf } from '../../support/index.ts';
import { describeNic, ifname } from '../../support/sriov.ts';

interface Listed {
  readonly address: string;
  readonly name?: string;
  readonly totalVfs: number;
  readonly vfs: readonly {
    readonly address: string;
    readonly container?: { readonly id: string; readonly alive: boolean };
  }[];
}

describeNic('plumbline vfs', 2, (nic) => {
  test('tells of each function what it is set to, and who has it', async () => {
    const { node, start, vfs, address } = nic();
    const mac = '02:00:5e:00:53:45';
    const pod = await start({ mac, vlan: 7, vlanQoS: 2, trust: 'on', max_tx_rate: 100 });
    const table = (await node.run(`${binDir}/plumbline`, 'vfs'))
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    const row = (start: string): string => table.find((cells) => cells.includes(start))?.join('|') ?? '';
    expect(row(address)).toMatch(/^0000:.*\|igb\|eth0\|52:54:00:00:00:01\|2 of 7$/);
    expect(row(vfs[0]!.address)).toContain(`igbvf|-|${mac}|7 qos 2|trust|0-100|${pod.id} ${ifname} (vfs)`);
    expect(row(vfs[1]!.address)).toMatch(
      new RegExp(`igbvf\\|${vfs[1]!.name}\\|([0-9a-f:]+)\\|-\\|-\\|-\\|-$`),
    );

    const listed = JSON.parse(await node.run(`${binDir}/plumbline`, 'vfs', '--json')) as readonly Listed[];
    const own = listed.find((pf) => pf.address === address);
    expect(own).toMatchObject({ name: 'eth0', totalVfs: 7 });
    expect(own?.vfs.map(({ container }) => container?.id)).toEqual([pod.id, undefined]);
    const hub = await hubOf(node, 'eth0');
    expect(hub).toMatchObject({ kind: 'pf', ours: true, pci: address });
    const taken = {
      ours: true,
      mac,
      vlan: { mode: 'access', tag: 7 },
      container: { id: pod.id, ifname, mac },
    };
    expect(hub?.ports.filter(({ kind }) => kind === 'vf')).toMatchObject([{ ours: false }, taken]);
    await pod.del();
  });
});
