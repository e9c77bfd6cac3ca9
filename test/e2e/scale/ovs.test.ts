/** What ovs asks of the kernel and the database does not grow with the ports on the node. */
import { expect } from 'vitest';
import { cni, describeChildren, describeOutcome, testNeeds } from '../../support/index.ts';
import { forOvs, ovsConfig, ovsNetwork, portTypes } from '../ovs/pods.ts';
import { fillDatabase } from './crowd.ts';
import { effortsOf, expectSame } from './effort.ts';

testNeeds(
  [...forOvs, 'strace'],
  'beside 3,000 ports no call asks for more than beside none, and GC takes them away by a few children',
  async ({ node, ovs, leaks }) => {
    leaks.off();
    await ovsNetwork(node).start();
    const empty = {
      veth: await effortsOf(node, ovsConfig(node)),
      internal: await effortsOf(node, ovsConfig(node, { portType: 'internal' })),
    };

    await fillDatabase(ovs, 'others', 'br-int', 3_000);
    for (const portType of portTypes)
      expectSame(empty[portType], await effortsOf(node, ovsConfig(node, { portType })));

    const outcome = await cni(node, {
      command: 'GC',
      config: ovsConfig(node, { name: 'others' }),
      strace: true,
    });
    expect(outcome.code, describeOutcome(outcome)).toBe(0);
    expect(await ovs.ports('br-crowd')).toEqual([]);
    expect([await ovs.rows('QoS'), await ovs.rows('Queue')]).toEqual([[], []]);
    // A reading, one for each 500 rows, the waiting, and one for the node's links.
    const { children = [] } = outcome;
    expect(children.length, describeChildren(children)).toBeLessThanOrEqual(12);
  },
  120_000,
);
