/** What host-local asks of the kernel does not grow with the reservations on the node. */
import {
  type Config,
  createContainer,
  describeNeeds,
  type Node,
  referenceDir,
  succeed,
  test,
  testNeeds,
} from '../../support/index.ts';
import { reserveMany } from './crowd.ts';
import { effortsOf, expectSame } from './effort.ts';

const config = (node: Node, ranges: readonly Config[]): Config => ({
  cniVersion: '1.1.0',
  name: 'pods',
  type: 'host-local',
  ipam: { type: 'host-local', dataDir: node.dataDir, ranges: ranges.map((range) => [range]) },
});

const cases = {
  'a range with much room': [{ subnet: '10.64.0.0/12' }],
  'a range of which one address in a hundred is free': [{ subnet: '10.77.0.0/16', rangeEnd: '10.77.195.83' }],
  'IPv6 beside it': [{ subnet: '10.64.0.0/12' }, { subnet: 'fd77::/64' }],
} as const;

describeNeeds(['strace'], 'beside 50,000 reservations', () => {
  for (const [name, ranges] of Object.entries(cases)) {
    test(`${name}: no call asks for more than beside none`, { timeout: 300_000 }, async ({ node, leaks }) => {
      leaks.off();
      await succeed(node, {
        command: 'ADD',
        config: config(node, ranges),
        container: await createContainer(node),
      });
      const empty = await effortsOf(node, config(node, ranges));
      reserveMany(node, 'pods', '10.77.0.3/16', 50_000);
      // It sees that no reservation is of the reference's making.
      await succeed(node, {
        command: 'DEL',
        config: config(node, ranges),
        container: await createContainer(node),
      });
      // The addresses that are looked at until one is free: a matter of how full the range is.
      expectSame(empty, await effortsOf(node, config(node, ranges)), 120);
    });
  }
});

testNeeds(['reference'], 'what the reference reserves meanwhile is found all the same', async ({ node }) => {
  const call = { config: { ...config(node, [{ subnet: '10.77.0.0/16' }]), cniVersion: '1.0.0' } };
  const [own, peers] = [await createContainer(node), await createContainer(node)];
  await succeed(node, { ...call, command: 'ADD', container: own });
  await succeed(node, { ...call, command: 'ADD', container: own, ifname: 'eth1' });
  await succeed(node, { ...call, command: 'DEL', container: own });
  await succeed(node, { ...call, command: 'DEL', container: own });
  await succeed(node, { ...call, command: 'ADD', container: peers, binDir: referenceDir });
  await succeed(node, { ...call, command: 'DEL', container: peers });
  await succeed(node, { ...call, command: 'DEL', container: own, ifname: 'eth1' });
});
