/** What macvlan asks of the kernel does not grow with the containers on the node. */
import { expect } from 'vitest';
import { createContainer, testNeeds } from '../../support/index.ts';
import { childNetwork } from '../child/pods.ts';
import { serveMany } from './crowd.ts';
import { effortsOf, expectSame } from './effort.ts';

testNeeds(
  ['macvlan', 'strace'],
  'hostAccess that serves 1,000: no call asks for more than with one',
  async ({ node, lan: _lan, leaks }) => {
    leaks.off();
    const access = { hostAccess: { interface: 'node0', address: '10.30.0.200/32' } };
    const pods = childNetwork(node, 'macvlan', access);
    await pods.add(await createContainer(node));
    const empty = await effortsOf(node, pods.config);
    expect(empty.ADD?.children).toBeLessThanOrEqual(5);
    expect(empty.CHECK?.children).toBeLessThanOrEqual(4);

    await serveMany(node, 'others', 'node0', '10.31.0.1/16', 1_000);
    expectSame(empty, await effortsOf(node, pods.config));
  },
  120_000,
);
