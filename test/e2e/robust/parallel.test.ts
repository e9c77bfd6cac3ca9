/** Many at once: one bridge, one range, as when a node comes back and starts all its pods. */
import { expect } from 'vitest';
import {
  addressIn,
  type Container,
  cni,
  createContainer,
  describeNeeds,
  describeOutcome,
  expectFailure,
  expectPing,
  type Node,
  roundsOf,
  test,
} from '../../support/index.ts';

const count = roundsOf({ usual: 100, full: 100, vm: 10 });
const races = roundsOf({ usual: 5, full: 50, vm: 2 });

/** A range with exactly as many addresses. */
const config = (node: Node): Record<string, unknown> => ({
  cniVersion: '1.0.0',
  name: 'pods',
  type: 'veth-bridge',
  bridge: 'cni0',
  isDefaultGateway: true,
  ipMasq: true,
  macspoofchk: true,
  ipam: {
    type: 'host-local',
    dataDir: node.dataDir,
    ranges: [[{ subnet: '10.77.0.0/24', rangeStart: '10.77.0.100', rangeEnd: `10.77.0.${99 + count}` }]],
  },
});

describeNeeds(['nft-bridge', 'nft-masquerade'], 'in parallel', () => {
  test(`${count} ADDs, one too many, ${count} DELs`, async ({ node, outside }) => {
    const containers: Container[] = [];
    for (let index = 0; index < count; index += 1) containers.push(await createContainer(node));
    const call = { config: config(node) };

    const added = await Promise.all(
      containers.map((container) => cni(node, { ...call, container, command: 'ADD' })),
    );
    expect(added.filter(({ code }) => code !== 0).map(describeOutcome)).toEqual([]);
    const addresses = added.flatMap(({ result }) => (result ? [addressIn(result)] : []));
    expect(new Set(addresses).size).toBe(count);
    for (const index of [0, count / 2, count - 1])
      await expectPing(containers[index] as Container, outside.ip4);

    const late = await createContainer(node);
    const error = await expectFailure(
      node,
      { ...call, container: late, command: 'ADD' },
      { says: /10\.77\.0/ },
    );
    expect(error.msg).toMatch(/no .*free|exhausted|all .* taken/i);
    expect(await node.run('ip', '-brief', 'link', 'show', 'type', 'veth')).not.toContain(late.id.slice(0, 8));

    const deleted = await Promise.all(
      containers.map((container, index) =>
        cni(node, {
          ...call,
          config: { ...call.config, prevResult: added[index]?.result },
          container,
          command: 'DEL',
        }),
      ),
    );
    expect(deleted.filter(({ code }) => code !== 0).map(describeOutcome)).toEqual([]);
  });

  test('ADD and DEL of the same container at once leave all or nothing', async ({ node }) => {
    const call = { config: config(node) };
    for (let round = 0; round < races; round += 1) {
      const container = await createContainer(node);
      await Promise.all([
        cni(node, { ...call, container, command: 'ADD' }),
        cni(node, { ...call, container, command: 'ADD' }),
        cni(node, { ...call, container, command: 'DEL' }),
        cni(node, { ...call, container, command: 'DEL' }),
      ]);
      const last = await cni(node, { ...call, container, command: 'DEL' });
      expect(last.code, describeOutcome(last)).toBe(0);
    }
  });

  test('two ADDs of one container at once: one of them, whole', async ({ node, outside }) => {
    const call = { config: config(node) };
    const container = await createContainer(node);
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => cni(node, { ...call, container, command: 'ADD' })),
    );
    expect(outcomes.filter(({ code }) => code === 0)).toHaveLength(1);
    for (const { error } of outcomes) if (error) expect(error.code).toBe(102);
    await expectPing(container, outside.ip4);
    await cni(node, { ...call, container, command: 'DEL' });
  });
});
