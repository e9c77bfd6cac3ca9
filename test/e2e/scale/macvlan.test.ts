/** What macvlan asks of the kernel does not grow with the containers on the node. */
import { expect } from 'vitest';
import { createContainer, testNeeds } from '../../support/index.ts';
import { childNetwork } from '../child/pods.ts';
import { serveMany } from './crowd.ts';
import { type Efforts, effortsOf, expectSame } from './effort.ts';

testNeeds(
  ['macvlan', 'strace'],
  'hostAccess that serves 1,000: no call asks for more than with one',
  async ({ node, lan: _lan, leaks }) => {
    leaks.off();
    const access = { hostAccess: { interface: 'node0', address: '10.30.0.200/32' } };
    const pods = childNetwork(node, 'macvlan', access);
    await pods.add(await createContainer(node));
    const configs = [pods.config, { ...pods.config, master: undefined }];
    const empty: Efforts[] = [];
    for (const config of configs) empty.push(await effortsOf(node, config));
    for (const { ADD, CHECK } of empty) {
      expect(ADD?.children).toBeLessThanOrEqual(5);
      expect(CHECK?.children).toBeLessThanOrEqual(4);
    }

    // Each has a route of its own on the node, among which the default one is found.
    await serveMany(node, 'others', 'node0', '10.31.0.1/16', 1_000);
    for (const [index, config] of configs.entries())
      expectSame(empty[index] ?? {}, await effortsOf(node, config));
  },
  120_000,
);
