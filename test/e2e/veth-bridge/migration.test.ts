/** A node changes plugins while pods run: what the reference bridge has made goes with DEL of veth-bridge. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import {
  add,
  binDir,
  type CniResult,
  type Config,
  type Container,
  createContainer,
  del,
  describeNeeds,
  expectPing,
  has,
  type Node,
  reference,
  referenceBridge,
  sampled,
} from '../../support/index.ts';
import { hostLocal, podNetwork, stateOf } from './support.ts';

const { testNeeds } = sampled();

/** A config as it was written for the reference. */
const referenceConfig = (node: Node, fields: Config = {}): Config => ({
  ...referenceBridge,
  macspoofchk: true,
  ipam: hostLocal(node, '10.22.0.0/24', 'fd22::/64'),
  ...fields,
});

interface Migrated {
  readonly container: Container;
  readonly config: Config;
  readonly result: CniResult;
}

/** A pod that the reference has attached. */
async function startOld(node: Node, name: string, fields: Config = {}): Promise<Migrated> {
  const container = await createContainer(node, { name });
  const config = referenceConfig(node, fields);
  const result = await add(node, { ...reference, config, container });
  return { container, config, result };
}

interface Detaching {
  readonly cached?: boolean;
  readonly netns?: string;
}

/** DEL by ours, with the result where the runtime keeps one. */
async function detach(
  node: Node,
  { container, config, result }: Migrated,
  how: Detaching = {},
): Promise<void> {
  const { cached = true, ...path } = how;
  const given = cached ? { ...config, prevResult: result } : config;
  await del(node, { plugin: 'veth-bridge', path: [binDir], config: given, container, ...path });
}

/** What of a container is named anywhere on the node. */
async function remainsOf(node: Node, { container, result }: Migrated): Promise<readonly string[]> {
  const chain = createHash('sha512').update(`pods${container.id}`).digest('hex').slice(0, 20);
  const saved = has('iptables') ? await node.sh('iptables-save -t nat; ip6tables-save -t nat') : '';
  const lines = [...(await stateOf(node)).split('\n'), ...saved.split('\n')];
  const port = result.interfaces?.[1]?.name ?? 'no port';
  const marks = [container.id.slice(0, 16), chain, port, ...(result.ips ?? []).map(({ address }) => address)];
  return lines.filter((line) => marks.some((mark) => line.includes(mark)));
}

describeNeeds(
  ['reference', 'iptables', 'nft-bridge'],
  'DEL of a pod that the reference bridge has made',
  () => {
    /** Runtimes give a result back from 0.4.0 on. */
    const specs: readonly (readonly [cniVersion: string, cached: boolean])[] = [
      ['0.3.1', false],
      ['0.4.0', true],
      ['1.0.0', true],
      ['1.0.0', false],
    ];
    for (const [cniVersion, cached] of specs) {
      const title = `leaves nothing of it, and all of the others: ${cniVersion}, ${cached ? 'with' : 'without'} its result`;
      testNeeds([], title, async ({ node, outside }) => {
        const old = await startOld(node, 'old', { cniVersion });
        const other = await startOld(node, 'other', { cniVersion });
        expect((await remainsOf(node, old)).length).toBeGreaterThan(4);
        const before = await remainsOf(node, other);
        await expectPing(old.container, outside.ip4);

        await detach(node, old, { cached });
        expect(await old.container.link('eth0')).toBeUndefined();
        expect(await remainsOf(node, old)).toEqual([]);
        await detach(node, old, { cached });
        expect(await remainsOf(node, other)).toEqual(before);
        await expectPing(other.container, outside.ip4);
        await expectPing(other.container, outside.ip6);
        await detach(node, other, { cached });
      });
    }

    testNeeds([], 'leaves nothing where its sandbox is gone', async ({ node }) => {
      for (const cached of [true, false]) {
        const old = await startOld(node, 'old');
        await old.container.remove();
        await detach(node, old, { cached, netns: '' });
        expect(await remainsOf(node, old)).toEqual([]);
      }
    });

    testNeeds(
      [],
      'leaves nothing where no path leads to its sandbox any more, though it lives',
      async ({ node }) => {
        const old = await startOld(node, 'old');
        await detach(node, old, { netns: '/run/netns/nothing' });
        expect(await old.container.link('eth0')).toBeUndefined();
        expect(await remainsOf(node, old)).toEqual([]);
      },
    );

    testNeeds(
      [],
      'leaves nothing where its path has become that of a pod of ours, which goes on',
      async ({ node, outside }) => {
        const old = await startOld(node, 'blue', { cniVersion: '0.3.1' });
        await old.container.remove();
        const pods = podNetwork(node, { isDefaultGateway: true, ipMasq: true, macspoofchk: true });
        const blue = await pods.start('blue');
        for (const cached of [false, true]) {
          await del(node, {
            plugin: 'veth-bridge',
            path: [binDir],
            config: cached ? { ...old.config, prevResult: old.result } : old.config,
            containerId: old.container.id,
            netns: blue.path,
          });
        }
        await pods.clear();
        await expectPing(node, outside.ip4);
      },
    );

    testNeeds(
      [],
      'of ours beside it: both kinds live on one bridge and out of one range',
      async ({ node, outside }) => {
        const old = await startOld(node, 'old');
        const pods = podNetwork(node, { isDefaultGateway: true, ipMasq: true, macspoofchk: true });
        const blue = await pods.start('blue');
        await expectPing(blue, old.container);
        await expectPing(old.container, blue);
        await detach(node, old);
        await pods.check(blue);
        await expectPing(blue, outside.ip4);
        await pods.clear();
      },
    );

    testNeeds([], 'by a runtime that calls the name bridge', async ({ node }) => {
      const old = await startOld(node, 'old');
      // As `plumbline install --as-bridge` puts it there.
      await node.sh(`mkdir /run/bin; cp -l '${binDir}/veth-bridge' /run/bin/bridge 2>/dev/null ||
      ln -s '${binDir}/veth-bridge' /run/bin/bridge; ln -s '${binDir}/host-local' /run/bin/host-local`);
      const config = { ...old.config, prevResult: old.result };
      await del(node, {
        plugin: 'bridge',
        binDir: '/run/bin',
        path: ['/run/bin'],
        config,
        container: old.container,
      });
      expect(await remainsOf(node, old)).toEqual([]);
      await node.sh('rm -r /run/bin');
    });
  },
);

describeNeeds(
  ['nft-masquerade', 'nft-bridge'],
  'DEL removes the nft rules of newer reference plugins',
  () => {
    const sha512 = (text: string): string => createHash('sha512').update(text).digest('hex').slice(0, 16);

    /** The rules as plugins 1.6 to 1.9 make them: masquerading by a rule with a comment, anti-spoofing by two chains. */
    async function makeRules(node: Node, id: string, ifname: string, address: string): Promise<void> {
      const comment = `${sha512('pods')}-${sha512(`${ifname}:${id}`)}, net: pods, if: ${ifname}, id: ${id}`;
      const ref = `${id}-${ifname}`;
      await node.nft(`
      table inet cni_plugins_masquerade {
        comment "Masquerading for plugins from github.com/containernetworking/plugins"
        chain masq_checks { ip saddr ${address} ip daddr != 10.22.0.0/24 masquerade comment "${comment.slice(0, 128)}"; }
        chain postrouting { type nat hook postrouting priority srcnat; }
      }
      table bridge nat {
        chain PREROUTING { type filter hook prerouting priority -300; }
        chain cni-br-iface-${ref}-mac {
          ether saddr 02:00:00:00:00:01 return comment "macspoofchk-${ref}"
          drop comment "macspoofchk-${ref}"
        }
        chain cni-br-iface-${ref} { jump cni-br-iface-${ref}-mac comment "macspoofchk-${ref}"; }
      }
      add rule bridge nat PREROUTING iifname "veth-${ifname}" jump cni-br-iface-${ref} comment "macspoofchk-${ref}"
    `);
    }

    testNeeds(
      [],
      "its own only: another pod's stay, and another interface's of the same pod",
      async ({ node, leaks }) => {
        const [blue, red] = [
          await createContainer(node, { name: 'blue' }),
          await createContainer(node, { name: 'red' }),
        ];
        await makeRules(node, red.id, 'eth0', '10.22.0.3');
        // A name that begins with the other one.
        await makeRules(node, blue.id, 'eth01', '10.22.0.4');
        await node.nft(
          'add rule inet cni_plugins_masquerade masq_checks ip saddr 10.22.0.9 masquerade comment "theirs"',
        );
        // Counts what is there now, for blue's ID is in what stays.
        node.marks.clear();
        await leaks.startHere();
        const before = await node.run('nft', '-s', 'list', 'ruleset');
        await makeRules(node, blue.id, 'eth0', '10.22.0.2');
        expect(await node.run('nft', '-s', 'list', 'ruleset')).not.toBe(before);

        const config = referenceConfig(node, { cniVersion: '1.1.0', ipMasqBackend: 'nftables', ipam: {} });
        for (const _ of ['once', 'again']) {
          await del(node, { plugin: 'veth-bridge', config, container: blue });
          expect(await node.run('nft', '-s', 'list', 'ruleset')).toBe(before);
        }
      },
    );

    testNeeds([], 'and is content where there are none', async ({ node }) => {
      const blue = await createContainer(node);
      const config = referenceConfig(node);
      await del(node, { plugin: 'veth-bridge', config, container: blue });
      // Tables of these names that are somebody else's.
      await node.nft('table bridge nat { chain c { }; }; table inet cni_plugins_masquerade { chain c { }; }');
      await del(node, { plugin: 'veth-bridge', config, container: blue });
      await node.nft('delete table bridge nat; delete table inet cni_plugins_masquerade');
    });
  },
);
