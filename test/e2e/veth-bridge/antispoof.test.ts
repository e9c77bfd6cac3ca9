/** Anti-spoofing: only the interface's own MAC address may send. */
import { expect } from 'vitest';
import {
  createContainer,
  del,
  describeNeeds,
  expectNoPing,
  expectPing,
  gc,
  type Node,
  sampled,
} from '../../support/index.ts';
import { type Pod, type Pods, podNetwork } from './support.ts';

const { testNeeds } = sampled();

const forged = '02:66:66:66:66:66';

const guarded = (node: Node, fields: Readonly<Record<string, unknown>> = {}): Pods =>
  podNetwork(node, { macspoofchk: true, isGateway: true, ...fields });

describeNeeds(['nft-bridge'], 'macspoofchk', () => {
  for (const macspoofchk of [true, false]) {
    const title = `${macspoofchk ? 'drops' : 'and without it nobody drops'} what has another source address`;
    testNeeds(['tcpdump'], title, async ({ node }) => {
      const pods = guarded(node, { macspoofchk });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      await expectPing(blue, red);
      await using capture = red.start(
        'tcpdump',
        '-nnel',
        '--immediate-mode',
        '-i',
        'eth0',
        'ether',
        'src',
        forged,
      );
      await capture.ready(/listening on/);
      await setMac(blue, forged);
      // Neighbours are known to both: nothing but the source address is in the way.
      for (const target of [red.ip4, red.ip6]) {
        await blue.run(
          'ip',
          'neighbour',
          'replace',
          target,
          'lladdr',
          red.mac,
          'dev',
          'eth0',
          'nud',
          'permanent',
        );
        expect(await blue.ping(target, { count: 3 })).toBe(!macspoofchk);
      }
      expect((await capture.stop('SIGINT')).includes(forged)).toBe(macspoofchk === false);

      await setMac(blue, blue.mac);
      await expectPing(blue, red);
      await expectPing(red, blue);
      await expectPing(blue, '10.22.0.1');
      await pods.check(blue);
      await pods.clear();
    });
  }

  testNeeds(['macvlan'], 'drops what a link that the container itself has made sends', async ({ node }) => {
    const pods = guarded(node);
    const blue = await pods.start();
    await blue.sh('ip link add mv0 link eth0 type macvlan mode bridge; ip link set mv0 up');
    await blue.sh('ip address add 10.22.0.99/24 dev mv0; ip address add fd22::99/64 dev mv0 nodad');
    for (const gateway of ['10.22.0.1', 'fd22::1']) {
      expect(await blue.ping(gateway, { count: 3, from: 'mv0' })).toBe(false);
      expect(await blue.ping(gateway, { count: 3, from: 'eth0' })).toBe(true);
    }
    await pods.clear();
  });

  testNeeds(
    [],
    "holds with the address that was asked for, and for each of a container's interfaces",
    async ({ node }) => {
      const pods = guarded(node, { ipMasq: true });
      const mac = '02:00:00:00:00:0a';
      const blue = await createContainer(node);
      await pods.add(blue);
      await guarded(node, { ipMasq: true, mac }).add(blue, { ifname: 'net1' });
      const reaches = async (from: string): Promise<boolean> => blue.ping('fd22::1', { count: 3, from });
      expect([await reaches('eth0'), await reaches('net1')]).toEqual([true, true]);
      // The one interface's address is not the other's.
      await blue.sh(`ip link set net1 address ${forged}; ip link set eth0 address ${mac}`);
      expect([await reaches('eth0'), await reaches('net1')]).toEqual([false, false]);
      await blue.sh(`ip link set net1 address ${mac}`);
      expect(await reaches('net1')).toBe(true);
      await pods.del(blue, { ifname: 'net1' });
      await pods.del(blue);
    },
  );

  testNeeds(
    [],
    "is one rule, whatever the number of containers, and leaves others' rules",
    async ({ node, leaks }) => {
      await node.nft('table bridge theirs { set guarded { type ifname; elements = { "x" } }; }');
      await leaks.startHere();
      const pods = guarded(node);
      for (const name of ['blue', 'red', 'green']) await pods.start(name);
      const rules = await node.run('nft', 'list', 'table', 'bridge', 'plumbline');
      expect(rules.match(/\bdrop$/gm)).toHaveLength(1);
      await pods.clear();
      await gc(node, { config: pods.config });
    },
  );

  testNeeds([], 'works with hostInterfaceName, and for whoever has that name now', async ({ node }) => {
    const pods = guarded(node, { hostInterfaceName: 'to-pod' });
    const old = await createContainer(node, { name: 'old' });
    const result = await pods.add(old);
    await old.remove();
    await node.try('ip', 'link', 'delete', 'to-pod');

    const young = await pods.start('young');
    const late = { containerId: old.id, netns: '' };
    await del(node, { ...late, config: { ...pods.config, prevResult: result } });
    await del(node, { ...late, config: pods.config });
    const valid = [{ containerID: young.id, ifname: 'eth0' }];
    await gc(node, { config: { ...pods.config, 'cni.dev/valid-attachments': valid } });

    await pods.check(young);
    await expectPing(young, '10.22.0.1');
    await setMac(young, forged);
    await expectNoPing(young, 'fd22::1');
    await pods.clear();
  });

  testNeeds([], 'works with hostInterfaceName and one MAC address for all', async ({ node }) => {
    const pods = guarded(node, { hostInterfaceName: 'to-pod', mac: '02:00:00:00:00:0a' });
    const old = await createContainer(node, { name: 'old' });
    const result = await pods.add(old);
    await old.remove();
    await node.try('ip', 'link', 'delete', 'to-pod');
    const young = await pods.start('young');
    await del(node, { containerId: old.id, netns: '', config: { ...pods.config, prevResult: result } });
    await pods.check(young);
    await setMac(young, forged);
    await expectNoPing(young, 'fd22::1');
    await pods.clear();
  });
});

async function setMac(pod: Pod, mac: string): Promise<void> {
  await pod.run('ip', 'link', 'set', 'eth0', 'address', mac);
}
