/** macvlan and ipvlan under blows: killed at any moment, and many at once. */
import { describe, expect } from 'vitest';
import {
  addressIn,
  type Config,
  cni,
  createContainer,
  describeOutcome,
  expectFailure,
  expectPing,
  type Node,
  roundsOf,
  testNeeds,
} from '../../support/index.ts';
import { killAdds, killDels } from '../../support/kill.ts';
import { childConfig, hostLocal, type Kind } from './pods.ts';

const rounds = roundsOf({ usual: 50, full: 500, vm: 20 });
const count = roundsOf({ usual: 30, full: 100, vm: 10 });

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
        for (let round = 0; round < 5; round += 1) {
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
