/**
 * A container's wire is what a person would have made with ip and ovs-vsctl: the same attributes, the same offloads. So
 * traffic takes the same way through the kernel and Open vSwitch; how fast it is, `make bench` measures.
 */
import { describe, expect } from 'vitest';
import { byHand, nameInside } from '../../support/by-hand.ts';
import {
  type Component,
  createContainer,
  type Datapath,
  eventually,
  expectPing,
  isNewHere,
  startOvs,
  testNeeds,
} from '../../support/index.ts';
import { differences, type LinkFacts, linkFactsOf } from '../../support/link-facts.ts';
import { forOvs, hostLocal, ovsNetwork, portTypes } from './pods.ts';

const datapaths: Readonly<Record<Datapath, readonly Component[]>> = {
  netdev: [...forOvs, 'ethtool'],
  system: [...forOvs, 'ethtool', 'ovs-kernel'],
};

for (const [datapath, needs] of Object.entries(datapaths) as [Datapath, readonly Component[]][]) {
  if (!isNewHere(needs)) continue;
  describe(`on the ${datapath} datapath`, () => {
    for (const portType of portTypes) {
      testNeeds(
        needs,
        `the links are those of the same wiring made by hand: ${portType}`,
        async ({ node, leaks }) => {
          const ovs = await startOvs(node, { datapath });
          await ovs.addBridge('br-int');
          await leaks.startHere();
          const pods = ovsNetwork(node, { portType, ipam: hostLocal(node, '10.40.0.0/24') });
          const blue = await pods.start('blue');
          const red = await createContainer(node, { name: 'red' });
          const wiring = `ovs-${portType}` as const;
          const link = {
            name: 'handmade0',
            netns: red.path,
            address: '10.40.0.200/24',
            gateway: '10.40.0.1',
            trunk: 'br-int',
            database: `unix:${ovs.socket}`,
          };
          await node.run(...asCommand(byHand('ADD', wiring, link)));
          await expectPing(blue, red);
          await expectPing(red, blue);

          const ends = {
            container: [() => linkFactsOf(blue, 'eth0'), () => linkFactsOf(red, nameInside(wiring, link))],
            node: [() => linkFactsOf(node, blue.port), () => linkFactsOf(node, link.name)],
          } as const;
          for (const [end, [ours, theirs]] of Object.entries(ends)) {
            const isThere = end === 'container' || portType === 'veth';
            expect((await ours()) !== undefined, `ours has a link: ${end}`).toBe(isThere);
            expect((await theirs()) !== undefined, `the hand-made one has a link: ${end}`).toBe(isThere);
            const different = async () => differences((await ours()) ?? none, (await theirs()) ?? none);
            // The state of a link follows what happens to it a moment later.
            await eventually(async () => (await different()).length === 0);
            expect(await different(), end).toEqual([]);
          }
          // What was compared is what there is to compare.
          const compared = [...((await linkFactsOf(blue, 'eth0')) ?? none).keys()];
          expect(compared).toEqual(
            expect.arrayContaining(['mtu', 'flags', 'qdisc', 'linkinfo.info_kind', 'num_tx_queues']),
          );
          expect(compared.filter((name) => name.startsWith('offload ')).length).toBeGreaterThan(40);

          await node.run(...asCommand(byHand('DEL', wiring, link)));
          await pods.clear();
          await red.remove();
        },
      );
    }
  });
}

const none: LinkFacts = new Map();

const asCommand = ([program = '', ...args]: readonly string[]) => [program, ...args] as const;
