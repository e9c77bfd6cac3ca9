/** IPAM of type dhcp: the reference's daemon on the node, a real DHCP server behind the master. */
import { describe, expect } from 'vitest';
import { type DhcpServer, startDhcpDaemon, startDhcpServer } from '../../support/dhcp.ts';
import {
  type Component,
  type Config,
  cni,
  createContainer,
  eventually,
  expectFailure,
  expectPing,
  type Lan,
  type Node,
  testNeeds,
} from '../../support/index.ts';
import { childNetwork, type Pods } from '../child/pods.ts';

const needs: readonly Component[] = ['macvlan', 'reference', 'dnsmasq'];

async function startDhcp(node: Node, lan: Lan): Promise<DhcpServer> {
  const server = await startDhcpServer(lan, 'switch', '10.30.0.200,10.30.0.220,255.255.255.0');
  await startDhcpDaemon(node);
  return server;
}

const overDhcp = (node: Node, fields: Config = {}): Pods =>
  childNetwork(node, 'macvlan', { cniVersion: '1.0.0', ipam: { type: 'dhcp' }, ...fields });

describe('dhcp', () => {
  testNeeds(needs, 'ADD takes a lease, DEL gives it back', async ({ node, lan }) => {
    const server = await startDhcp(node, lan);
    const pods = overDhcp(node);
    const blue = await pods.start('blue');
    expect(blue.ip4).toMatch(/^10\.30\.0\.2[01]\d|10\.30\.0\.220$/);
    expect(await server.leases()).toContain(`${blue.mac} ${blue.ip4} `);
    expect(await blue.addresses('eth0')).toEqual([`${blue.ip4}/24`]);
    expect(await blue.run('ip', 'route', 'show', 'default')).toMatch(/^default via 10\.30\.0\.1 dev eth0/);
    await expectPing(blue, lan.ip4);
    await expectPing(lan, blue);
    await pods.check(blue);
    await pods.clear();
    expect(await server.isReleased(blue.ip4)).toBe(true);
  });

  testNeeds(needs, 'DEL gives it back where the sandbox is gone', async ({ node, lan }) => {
    const server = await startDhcp(node, lan);
    const pods = overDhcp(node);
    const blue = await pods.start('blue');
    expect(await server.leases()).toContain(`${blue.mac} ${blue.ip4} `);
    await blue.remove();
    await pods.clear();
    expect(await server.isReleased(blue.ip4)).toBe(true);
  });

  testNeeds(needs, 'an ADD that fails afterwards gives it back', async ({ node, lan }) => {
    const server = await startDhcp(node, lan);
    const blue = await createContainer(node, { name: 'blue' });
    const hostAccess = { interface: 'uplink', address: '10.30.0.250/32' };
    const { config } = overDhcp(node, { hostAccess });
    await expectFailure(node, { command: 'ADD', config, container: blue }, { code: 7, says: /hostAccess/ });
    expect(await eventually(async () => (await server.leases()) === '')).toBe(true);
    expect(await blue.link('eth0')).toBeUndefined();
  });

  testNeeds(needs, 'without a daemon it says so, and leaves nothing', async ({ node, lan }) => {
    const blue = await createContainer(node, { name: 'blue' });
    const { config } = overDhcp(node);
    await expectFailure(node, { command: 'ADD', config, container: blue }, { says: /dhcp\.sock/ });
    expect(await blue.link('eth0')).toBeUndefined();
    // The reference's dhcp cannot do a DEL without its daemon; the link goes all the same.
    const again = await cni(node, { command: 'DEL', config, container: blue });
    expect(again.error?.msg ?? '').toMatch(/dhcp\.sock|^$/);
    await expectPing(node, lan.ip4);
  });
});
