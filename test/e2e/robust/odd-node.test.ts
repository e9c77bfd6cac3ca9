/** Odd nodes: folders that cannot be written, a kernel without IPv6, a result that nobody takes. */
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  binDir,
  createContainer,
  del,
  describeNeeds,
  expectFailure,
  expectPing,
  type Node,
  test,
} from '../../support/index.ts';
import { forRules, hostLocal, podNetwork } from '../veth-bridge/support.ts';

const v4 = (node: Node) => ({ isGateway: true, ipam: hostLocal(node, '10.22.0.0/24') });

describeNeeds(['root', 'built', ...forRules], 'a kernel without IPv6', () => {
  test('is fine for IPv4', async ({ node }) => {
    // As far as the settings go; the addresses and routes of IPv6 are still there.
    await node.sh('mkdir /run/none; mount --bind /run/none /proc/sys/net/ipv6');
    const pods = podNetwork(node, { ...v4(node), ipMasq: true, macspoofchk: true });
    const blue = await pods.start();
    await expectPing(blue, '10.22.0.1');
    await pods.check(blue);
    await pods.clear();
  });
});

describeNeeds(['root', 'built', ...forRules], '/run/plumbline', () => {
  const ways = [
    ['read-only', 'mount -o remount,ro /run', 'mount -o remount,rw /run', /read-only file system/],
    [
      'full',
      'mkdir -p /run/plumbline; mount -t tmpfs -o nr_inodes=1 tmpfs /run/plumbline',
      'umount /run/plumbline',
      /no space left/,
    ],
    ['no folder', 'rm -rf /run/plumbline; touch /run/plumbline', 'rm /run/plumbline', /ENOTDIR/],
  ] as const;

  test.for(ways)(
    '%s: what is wrong and what to do, and DEL later finds all',
    async ([, spoil, mend, why], { node }) => {
      const pods = podNetwork(node, { ...v4(node), ipMasq: true });
      const blue = await pods.start();
      const late = { config: pods.config, container: await createContainer(node) };
      await node.sh(spoil);
      const says = new RegExp(`${why.source}.*make it a folder that can be written and has room`);
      await expectFailure(node, { ...late, command: 'ADD' }, { code: 5, says });
      await expectFailure(node, { ...late, command: 'DEL' }, { code: 5, says });
      await expectFailure(node, { command: 'STATUS', config: pods.config }, { code: 50, says });
      await expectPing(blue, '10.22.0.1');
      await node.sh(mend);
      await del(node, late);
      await pods.clear();
    },
  );
});

describeNeeds(['root', 'built'], 'dataDir', () => {
  // Node's own way of making folders never ends there.
  test('below a folder that takes no new one is an error', async ({ node }) => {
    const { config } = podNetwork(node, {
      ipam: { ...hostLocal(node, '10.22.0.0/24'), dataDir: '/proc/below/it' },
    });
    const call = { config, container: await createContainer(node) };
    await expectFailure(node, { ...call, command: 'ADD' }, { code: 5, says: /^\/proc\/below/ });
    await del(node, call);
  });

  test('that is a link to nowhere is an error', async ({ node }) => {
    await node.sh(`ln -s /nowhere ${node.dataDir}`);
    const { config } = podNetwork(node);
    const call = { config, container: await createContainer(node) };
    await expectFailure(
      node,
      { ...call, command: 'ADD' },
      { code: 5, says: /move it away, or set ipam\.dataDir/ },
    );
    await del(node, call);
  });
});

describeNeeds(['root', 'built'], 'CNI_NETNS', () => {
  test('that is a namespace of another kind is none for DEL, and all is removed', async ({ node }) => {
    const pods = podNetwork(node);
    const blue = await pods.start();
    await blue.remove();
    const netns = join(node.dir, 'uts');
    await node.sh(`touch ${netns}; unshare --uts=${netns} true`);
    const call = { config: pods.config, containerId: blue.id, netns };
    await del(node, call);
    await expectFailure(
      node,
      { ...call, command: 'ADD' },
      { code: 8, says: /uts" is not a network namespace/ },
    );
    await node.sh(`umount ${netns}`);
  });
});

describeNeeds(['root', 'built'], 'standard output', () => {
  test('that takes nothing makes ADD a failure, for the runtime to answer it with DEL', async ({ node }) => {
    const pods = podNetwork(node);
    const container = await createContainer(node);
    const { code } = await node.exec(['sh', '-c', 'exec "$0" >/dev/full', join(binDir, 'veth-bridge')], {
      input: JSON.stringify(pods.config),
      env: {
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: container.id,
        CNI_NETNS: container.path,
        CNI_IFNAME: 'eth0',
        CNI_PATH: binDir,
      },
    });
    expect(code).toBe(1);
    await del(node, { config: pods.config, container });
  });
});

describeNeeds(['root', 'built', 'ipv6'], 'an uplink', () => {
  test('beside another one is refused, and the node keeps its network', async ({ node, outside }) => {
    const withUplink = (device: string) =>
      podNetwork(node, { uplink: { device, migrateAddresses: true }, ipam: {} });
    const pods = withUplink(outside.uplink);
    await pods.start();
    await node.sh('ip link add nic1 type veth peer name wire1; ip address add 198.51.100.1/24 dev nic1');
    const late = { config: withUplink('nic1').config, container: await createContainer(node) };
    const says = /cni0 has the uplink "uplink" already, and cannot have "nic1" too.*release-uplink cni0/;
    await expectFailure(node, { ...late, command: 'ADD' }, { code: 7, says });
    await del(node, late);
    await expectPing(node, outside.ip4);
    expect(await node.addresses('nic1')).toEqual(['198.51.100.1/24']);
    await node.run('ip', 'link', 'delete', 'nic1');
    await pods.clear();
    await node.run(join(binDir, 'plumbline'), 'release-uplink', 'cni0');
    await expectPing(node, outside.ip4);
  });
});
