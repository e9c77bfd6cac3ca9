/** By hand, as the README shows it: the reference runtime's own cnitool, a net.d, a namespace. */
import { expect } from 'vitest';
import {
  addressIn,
  cni,
  cnitool,
  createContainer,
  describeNeeds,
  expectPing,
  type Node,
  test,
  tryCnitool,
} from '../../support/index.ts';

const list = (node: Node): Record<string, unknown> => ({
  cniVersion: '1.1.0',
  name: 'pods',
  plugins: [
    {
      type: 'veth-bridge',
      bridge: 'cni0',
      isDefaultGateway: true,
      ipMasq: true,
      macspoofchk: true,
      ipam: {
        type: 'host-local',
        dataDir: node.dataDir,
        ranges: [[{ subnet: '10.88.0.0/24' }], [{ subnet: 'fd88::/64' }]],
      },
    },
  ],
});

describeNeeds(['cnitool', 'nft-bridge', 'nft-masquerade'], 'cnitool', () => {
  test('status, add, check, del, del again', async ({ node, outside }) => {
    const config = list(node);
    const blue = await createContainer(node, { name: 'blue' });
    await cnitool(node, { command: 'status', config });
    const result = await cnitool(node, { command: 'add', config, container: blue });
    expect(addressIn(result)).toBe('10.88.0.2');
    await expectPing(blue, '10.88.0.1');
    await expectPing(blue, outside.ip4);
    await expectPing(blue, outside.ip6);
    await cnitool(node, { command: 'check', config, container: blue });
    await cnitool(node, { command: 'del', config, container: blue });
    await cnitool(node, { command: 'del', config, container: blue });
  });

  test('add twice is an error that leaves the first attachment as it was', async ({ node, outside }) => {
    const config = list(node);
    const blue = await createContainer(node, { name: 'blue' });
    await cnitool(node, { command: 'add', config, container: blue });
    const before = await stateOf(node);
    const { code, stderr } = await tryCnitool(node, { command: 'add', config, container: blue });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/already/);
    expect(await stateOf(node)).toEqual(before);
    await expectPing(blue, outside.ip4);
    await cnitool(node, { command: 'check', config, container: blue });
    await cnitool(node, { command: 'del', config, container: blue });
  });

  test('del after the namespace is gone frees everything', async ({ node }) => {
    const config = list(node);
    const blue = await createContainer(node, { name: 'blue' });
    await cnitool(node, { command: 'add', config, container: blue });
    await blue.remove();
    await cnitool(node, { command: 'del', config, netns: blue.path });
    // An address is free again: the range begins anew where it must.
    expect(await node.run('sh', '-c', `ls ${node.dataDir}/pods`)).not.toMatch(/10\.88\.0|fd88/);
  });

  test('a direct GC with an empty list leaves nothing that names a container', async ({ node }) => {
    const config = list(node);
    const containers = [await createContainer(node), await createContainer(node)];
    for (const container of containers) await cnitool(node, { command: 'add', config, container });
    const [plugin] = config['plugins'] as [Record<string, unknown>];
    const direct = { ...plugin, name: 'pods', cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] };
    const { code, stdout } = await cni(node, { command: 'GC', config: direct });
    expect(stdout).toBe('');
    expect(code).toBe(0);
    // The cached results are cnitool's own; its del finds nothing left to do.
    for (const container of containers) await cnitool(node, { command: 'del', config, container });
  });

  test('cnitool gc', async ({ node }) => {
    const config = list(node);
    const blue = await createContainer(node);
    await cnitool(node, { command: 'add', config, container: blue });
    await cnitool(node, { command: 'gc', config });
  });
});

async function stateOf(node: Node): Promise<readonly string[]> {
  return Promise.all([
    node.run('ip', '-brief', 'link'),
    node.run('ip', '-brief', 'address'),
    node.run('nft', '-s', 'list', 'ruleset'),
    node.run('sh', '-c', `cd ${node.dataDir}/pods && grep -r '' . | sort`),
  ]);
}
