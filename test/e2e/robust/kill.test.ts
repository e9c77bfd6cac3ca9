/** Kill -9 at any moment: the DEL that follows finds all that was made. */
import { createContainer, describeNeeds, type Node, roundsOf, test } from '../../support/index.ts';
import { killAdds, killDels } from '../../support/kill.ts';

// Of ADD, and as many of DEL.
const rounds = roundsOf({ usual: 50, full: 1000, vm: 5 });

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
    ranges: [[{ subnet: '10.77.0.0/24' }], [{ subnet: 'fd77::/64' }]],
  },
});

describeNeeds(['nft-bridge', 'nft-masquerade'], 'kill -9', () => {
  test(`at ${rounds} moments of ADD, each followed by DEL`, async ({ node }) => {
    const container = await createContainer(node);
    // The pair is told by its mark alone then.
    await killAdds(node, { config: config(node), container }, rounds, { netns: '' });
  }, 600_000);

  test(`at ${rounds} moments of DEL, each followed by DEL`, async ({ node }) => {
    await killDels(node, { config: config(node), container: await createContainer(node) }, rounds);
  }, 600_000);
});
