/** What veth-bridge asks of the kernel does not grow with the containers on the node. */
import { expect } from 'vitest';
import {
  type Config,
  cni,
  createContainer,
  describeChildren,
  describeNeeds,
  describeOutcome,
  type Node,
  network,
  test,
} from '../../support/index.ts';
import { masqueradeMany, plugPorts } from './crowd.ts';
import { effortsOf, expectSame } from './effort.ts';

const config = (node: Node, fields: Config = {}): Config => ({
  cniVersion: '1.1.0',
  name: 'pods',
  type: 'veth-bridge',
  bridge: 'cni0',
  isDefaultGateway: true,
  ipam: {
    type: 'host-local',
    dataDir: node.dataDir,
    ranges: [[{ subnet: '10.77.0.0/16' }], [{ subnet: 'fd77::/64' }]],
  },
  ...fields,
});

/** GC of the crowd: it lists, and takes away what it has found by a few children, however many containers there were. */
async function collectAll(node: Node): Promise<void> {
  const outcome = await cni(node, { command: 'GC', config: config(node, { name: 'others' }), strace: true });
  expect(outcome.code, describeOutcome(outcome)).toBe(0);
  const { children = [] } = outcome;
  expect(children.length, describeChildren(children)).toBeLessThanOrEqual(20);
  expect(await node.run('nft', 'list', 'set', 'inet', 'plumbline', 'owners4')).not.toContain('10.78.');
  expect(await node.run('ip', '-brief', 'link', 'show', 'master', 'cni0')).not.toContain('\n');
}

const rules: Config = { ipMasq: true, macspoofchk: true };
/** Of CHECK: the node, the sandbox, the rules. */
const variants = {
  plain: { fields: {}, checks: 2 },
  'ipMasq and macspoofchk': { fields: rules, checks: 3 },
  'a chosen host name': { fields: { ...rules, hostInterfaceName: 'vethchosen' }, checks: 3 },
} as const;

describeNeeds(
  ['strace', 'nft-bridge', 'nft-masquerade'],
  'on a bridge with 1,000 ports, 10,000 masqueraded',
  () => {
    for (const [name, { fields, checks }] of Object.entries(variants)) {
      test(`${name}: no call asks for more than on an empty one`, { timeout: 300_000 }, async ({
        node,
        leaks,
      }) => {
        // The crowd stays, and the first container, which keeps bridge and chains in their steady state.
        leaks.off();
        await network(node, config(node, { ...fields, hostInterfaceName: undefined })).add(
          await createContainer(node),
        );
        const empty = await effortsOf(node, config(node, fields));
        expect(empty.CHECK?.children).toBeLessThanOrEqual(checks);

        await plugPorts(node, 'others', 'cni0', 1_000);
        await masqueradeMany(node, 'others', '10.78.0.1/16', 10_000);
        expectSame(empty, await effortsOf(node, config(node, fields)));
        if (fields === rules) await collectAll(node);
      });
    }
  },
);
