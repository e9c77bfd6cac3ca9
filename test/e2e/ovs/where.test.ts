/** Which database and which bridge: socket_file, the node's own file, createBridge. */
import { describe, expect } from 'vitest';
import {
  type Config,
  createContainer,
  expectFailure,
  expectPing,
  type Node,
  spotChecks,
  startOvs,
  testNeeds,
} from '../../support/index.ts';
import { expectNoRows, forOvs, ovsConfig, ovsNetwork, portTypes, stateOf } from './pods.ts';

/** A second Open vSwitch of the node, whose socket nobody finds by himself. */
const secondOvs = async (node: Node) => {
  const ovs = await startOvs(node, { folder: '/run/ovs-b' });
  await ovs.addBridge('br-b');
  return ovs;
};

describe('socket_file', () => {
  for (const socket of [
    '/run/ovs-b/db.sock',
    'unix:/run/ovs-b/db.sock',
    'tcp:127.0.0.1:6640',
    'tcp:[::1]:6640',
  ]) {
    testNeeds(forOvs, socket, async ({ node, leaks }) => {
      const ovs = await secondOvs(node);
      if (socket.startsWith('tcp:')) {
        const host = socket.includes('[') ? '[::1]' : '127.0.0.1';
        await ovs.appctl('ovsdb-server', 'ovsdb-server/add-remote', `ptcp:6640:${host}`);
      }
      await leaks.startHere();
      const pods = ovsNetwork(node, { bridge: 'br-b', socket_file: socket });
      await pods.status();
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      expect(await ovs.ports('br-b')).toEqual([blue.port, red.port].sort());
      await expectPing(blue, red);
      await pods.check(blue);
      await pods.del(blue);
      await red.remove();
      await pods.gc();
      await expectNoRows(ovs, 'br-b');
    });
  }
});

describe("the node's own file", () => {
  const kubernetesFile = '/etc/kubernetes/cni/net.d/ovs.d/ovs.conf';
  const cniFile = '/etc/cni/net.d/ovs.d/ovs.conf';
  const right = { bridge: 'br-b', socket_file: '/run/ovs-b/db.sock' };
  const wrong = { bridge: 'br-wrong', socket_file: '/run/nowhere.sock' };

  /** Gives the node an /etc of its own, with these files in it. */
  async function withFiles(node: Node, files: Readonly<Record<string, Config | string>>): Promise<void> {
    await node.run('mount', '-t', 'tmpfs', 'tmpfs', '/etc');
    for (const [file, content] of Object.entries(files)) {
      await node.run('mkdir', '-p', file.slice(0, file.lastIndexOf('/')));
      const input = typeof content === 'string' ? content : JSON.stringify(content);
      await node.exec(['tee', file], { input });
    }
  }

  const cases: Readonly<
    Record<string, { readonly files: Readonly<Record<string, Config>>; readonly fields?: Config }>
  > = {
    'in the folder of CNI': { files: { [cniFile]: right } },
    'in the folder of Kubernetes, before it': { files: { [kubernetesFile]: right, [cniFile]: wrong } },
    'that the config names, before both': {
      files: { '/etc/mine.conf': right, [kubernetesFile]: wrong, [cniFile]: wrong },
      fields: { configuration_path: '/etc/mine.conf' },
    },
    'the usual ones, where the one that the config names is not there': {
      files: { [cniFile]: right },
      fields: { configuration_path: '/etc/none.conf' },
    },
    'the config wins over it': { files: { [cniFile]: wrong }, fields: right },
    'the config wins field by field': {
      files: { [cniFile]: { ...wrong, socket_file: right.socket_file } },
      fields: { bridge: 'br-b' },
    },
  };
  for (const [what, { files, fields }] of spotChecks(Object.entries(cases))) {
    testNeeds(forOvs, what, async ({ node, leaks }) => {
      const ovs = await secondOvs(node);
      await withFiles(node, files);
      await leaks.startHere();
      const pods = ovsNetwork(node, { bridge: undefined, ...fields });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      expect(await ovs.ports('br-b')).toEqual([blue.port, red.port].sort());
      await pods.check(blue);
      await pods.del(blue);
      await pods.gc();
      await expectNoRows(ovs, 'br-b');
      await red.remove();
    });
  }

  const broken: Readonly<Record<string, { readonly content: Config | string; readonly says: RegExp }>> = {
    'that is no JSON': { content: '{ "bridge": ', says: /\/etc\/cni\/net\.d\/ovs\.d\/ovs\.conf/ },
    'that is no object': { content: '["br-b"]', says: /ovs\.conf is no JSON object/ },
    'with a field of the wrong type': {
      content: { socket_file: 7 },
      says: /ovs\.conf: socket_file: 7, expected/,
    },
  };
  for (const [what, { content, says }] of spotChecks(Object.entries(broken))) {
    testNeeds(forOvs, `${what}: error 7 that names it`, async ({ node, ovs }) => {
      await withFiles(node, { [cniFile]: content });
      const blue = await createContainer(node);
      const call = { command: 'ADD', config: ovsConfig(node), container: blue };
      await expectFailure(node, call, { code: 7, says });
      await expectNoRows(ovs);
    });
  }
});

describe('createBridge', () => {
  for (const portType of portTypes) {
    testNeeds(forOvs, `makes the bridge where it is missing: ${portType}`, async ({ node, ovs, leaks }) => {
      // A bridge stays, as one of Linux does.
      leaks.allow(/\bbr-new\b/);
      const pods = ovsNetwork(node, { portType, bridge: 'br-new', createBridge: true });
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      expect(await ovs.ports('br-new')).toEqual([blue.port, red.port].sort());
      expect((await ovs.row('Bridge', 'br-new'))?.['datapath_type']).toMatch(
        ovs.datapath === 'netdev' ? /^netdev$/ : /^(system)?$/,
      );
      await expectPing(blue, red);
      await pods.check(blue);
      await pods.clear();
      await expectNoRows(ovs, 'br-new');
      await pods.status();
      await ovs.vsctl('del-br', 'br-new');
    });
  }

  testNeeds(forOvs, 'makes one bridge of many ADDs at once', async ({ node, ovs, leaks }) => {
    leaks.allow(/\bbr-new\b/);
    const pods = ovsNetwork(node, { bridge: 'br-new', createBridge: true });
    const started = await Promise.all(Array.from({ length: 6 }, () => pods.start()));
    expect(await ovs.ports('br-new')).toEqual(started.map(({ port }) => port).sort());
    await expectPing(started[0]!, started[5]!);
    await pods.clear();
    await ovs.vsctl('del-br', 'br-new');
  });

  testNeeds(forOvs, 'takes the bridge that is there', async ({ node, ovs }) => {
    const pods = ovsNetwork(node, { createBridge: true });
    const blue = await pods.start('blue');
    expect(await ovs.vsctl('list-br')).toBe('br-int');
    expect(await ovs.ports('br-int')).toEqual([blue.port]);
    await pods.clear();
  });

  testNeeds(forOvs, 'false: a bridge that is missing is error 7, and is not made', async ({ node, ovs }) => {
    const blue = await createContainer(node, { name: 'blue' });
    const before = await stateOf(node, ovs);
    for (const createBridge of [undefined, false]) {
      const config = ovsConfig(node, { bridge: 'br-new', createBridge });
      const call = { command: 'ADD', config, container: blue };
      await expectFailure(node, call, { code: 7, says: /bridge.*"br-new"/ });
    }
    expect(await stateOf(node, ovs)).toBe(before);
  });
});
