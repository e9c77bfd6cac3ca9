/** macvlan and ipvlan under blows: killed at any moment, and many at once. */
import { describe, expect } from 'vitest';
import {
  addressIn,
  type Config,
  cni,
  createContainer,
  describeChildren,
  describeOutcome,
  expectFailure,
  expectPing,
  type Node,
  roundsOf,
  testNeeds,
} from '../../support/index.ts';
import { killAdds, killDels } from '../../support/kill.ts';
import { childConfig, childNetwork, hostLocal, type Kind } from './pods.ts';

// Of ADD, and as many of DEL.
const rounds = roundsOf({ usual: 25, full: 500, vm: 3 });
const races = roundsOf({ usual: 5, full: 50, vm: 2 });
const count = roundsOf({ usual: 30, full: 100, vm: 8 });

/** @param fields of the network that has the most state on the node */
export function robustnessTests(kind: Kind, fields: Config = {}): void {
  const config = (node: Node, more: Config = {}) => childConfig(node, kind, { ...fields, ...more });

  describe('kill -9', () => {
    for (const [command, kill] of [
      ['ADD', killAdds],
      ['DEL', killDels],
    ] as const) {
      const title = `at ${rounds} moments of ${command}, each followed by DEL`;
      testNeeds(
        [kind],
        title,
        async ({ node, lan }) => {
          await kill(node, { config: config(node), container: await createContainer(node) }, rounds);
          await expectPing(node, lan.ip4);
        },
        600_000,
      );
    }
  });

  describe('children', () => {
    const limits = { macvlan: { ADD: 2, DEL: 3 }, ipvlan: { ADD: 3, DEL: 3 } }[kind];
    testNeeds([kind, 'strace'], `${limits.ADD} for ADD, ${limits.DEL} for DEL`, async ({ node, lan }) => {
      // In the steady state: the first address of a network takes one more.
      const pods = childNetwork(node, kind);
      await pods.start();
      const call = { config: pods.config, container: await createContainer(node), strace: true };
      const added = await cni(node, { ...call, command: 'ADD' });
      const known = { ...call, config: { ...call.config, prevResult: added.result } };
      const deleted = await cni(node, { ...known, command: 'DEL' });
      for (const [command, { code, stdout, children = [] }] of [
        ['ADD', added],
        ['DEL', deleted],
      ] as const) {
        expect(code, stdout).toBe(0);
        expect(children.length, describeChildren(children)).toBeLessThanOrEqual(limits[command]);
      }
      await pods.clear();
      await expectPing(node, lan.ip4);
    });
  });

  describe('in parallel', () => {
    testNeeds([kind], `${count} ADDs, one too many, ${count} DELs`, async ({ node, lan }) => {
      const range = { subnet: '10.30.0.0/24', rangeStart: '10.30.0.100', rangeEnd: `10.30.0.${99 + count}` };
      const call = { config: config(node, { ipam: hostLocal(node, [range]) }) };
      const containers = await Promise.all(Array.from({ length: count }, () => createContainer(node)));

      const added = await Promise.all(
        containers.map((container) => cni(node, { ...call, container, command: 'ADD' })),
      );
      expect(added.filter(({ code }) => code !== 0).map(describeOutcome)).toEqual([]);
      const addresses = added.flatMap(({ result }) => (result ? [addressIn(result)] : []));
      expect(new Set(addresses).size).toBe(count);
      for (const index of [0, count - 1]) await expectPing(containers[index]!, lan.ip4);

      const late = await createContainer(node);
      await expectFailure(
        node,
        { ...call, container: late, command: 'ADD' },
        { code: 103, says: /10\.30\.0/ },
      );
      expect(await late.link('eth0')).toBeUndefined();

      const deleted = await Promise.all(
        containers.map((container, index) => {
          const prevResult = added[index]?.result;
          return cni(node, { ...call, config: { ...call.config, prevResult }, container, command: 'DEL' });
        }),
      );
      expect(deleted.filter(({ code }) => code !== 0).map(describeOutcome)).toEqual([]);
      for (const container of containers) expect(await container.link('eth0')).toBeUndefined();
    });

    testNeeds(
      [kind],
      'ADD and DEL of the same container at once leave all or nothing',
      async ({ node, lan }) => {
        const call = { config: config(node) };
        for (let round = 0; round < races; round += 1) {
          const container = await createContainer(node);
          const commands = ['ADD', 'ADD', 'DEL', 'DEL'] as const;
          await Promise.all(commands.map((command) => cni(node, { ...call, container, command })));
          const last = await cni(node, { ...call, container, command: 'DEL' });
          expect(last.code, describeOutcome(last)).toBe(0);
          expect(await container.link('eth0')).toBeUndefined();
        }
        await expectPing(node, lan.ip4);
      },
    );

    testNeeds([kind], 'three ADDs of one container at once: one of them, whole', async ({ node, lan }) => {
      const call = { config: config(node) };
      const container = await createContainer(node);
      const outcomes = await Promise.all(
        [1, 2, 3].map(() => cni(node, { ...call, container, command: 'ADD' })),
      );
      expect(outcomes.filter(({ code }) => code === 0).map(describeOutcome)).toHaveLength(1);
      const refused = outcomes.flatMap(({ error }) => error ?? []);
      expect(refused.filter(({ code }) => code !== 102)).toEqual([]);
      await expectPing(container, lan.ip4);
      await cni(node, { ...call, container, command: 'DEL' });
    });
  });
}
