/** The helpers of these tests: a node's own Open vSwitch, wired by hand. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Container,
  createContainer,
  createNode,
  eventually,
  expectNoLeaks,
  expectPing,
  findLeaks,
  mapOf,
  type Ovs,
  snapshot,
  startOvs,
  testNeeds,
  valuesOf,
} from '../../support/index.ts';

/** What a person would type: a veth whose end is a port. */
async function wireVeth(ovs: Ovs, container: Container, address: string): Promise<void> {
  const port = `v-${container.name}`;
  await ovs.node.sh(`
    ip link add ${port} type veth peer name eth0 netns ${container.path}
    ip link set ${port} up
  `);
  await ovs.vsctl('add-port', 'br-int', port);
  await container.sh(`ip address add ${address} dev eth0; ip link set eth0 up`);
}

/** And an internal port, moved into the container. */
async function wireInternal(ovs: Ovs, container: Container, address: string): Promise<void> {
  const port = `i-${container.name}`;
  await ovs.vsctl('add-port', 'br-int', port, '--', 'set', 'Interface', port, 'type=internal');
  await ovs.node.run('ip', 'link', 'set', port, 'netns', container.path);
  await container.sh(
    `ip link set ${port} name eth0; ip address add ${address} dev eth0; ip link set eth0 up`,
  );
}

testNeeds(['ovs'], 'two namespaces ping each other, and nothing stays', async ({ node, ovs }) => {
  const [blue, red] = [
    await createContainer(node, { name: 'blue' }),
    await createContainer(node, { name: 'red' }),
  ];
  const before = await snapshot(node);
  await wireVeth(ovs, blue, '10.40.0.1/24');
  await wireInternal(ovs, red, '10.40.0.2/24');
  await expectPing(blue, red);
  expect(await ovs.ports('br-int')).toEqual(['i-red', 'v-blue']);
  expect(await ovs.ofctl('show', 'br-int')).toMatch(/\(v-blue\): addr/);

  const { left } = await findLeaks(before, node, { within: 0 });
  for (const what of [/^ovs Port .*"v-blue"/, /^ovs Interface .*"i-red".*"internal"/, /^link v-blue veth/])
    expect(left.some((text) => what.test(text))).toBe(true);
  await ovs.vsctl('del-port', 'v-blue', '--', 'del-port', 'i-red');
  await node.run('ip', 'link', 'del', 'v-blue');
  await expectNoLeaks(before, node);
});

testNeeds(['ovs'], 'rows that outlive their port are told', async ({ node, ovs }) => {
  const before = await snapshot(node);
  const uuid = await ovs.vsctl('--', '--id=@q', 'create', 'QoS', 'type=linux-htb', 'external_ids:a=b');
  const { left } = await findLeaks(before, node, { within: 0 });
  expect(left).toHaveLength(1);
  expect(left[0]).toMatch(new RegExp(`^ovs QoS _uuid="${uuid}" .*"linux-htb"`));
  const [row] = await ovs.rows('QoS');
  expect(mapOf(row, 'external_ids')).toEqual({ a: 'b' });
  expect(valuesOf(row, 'type')).toEqual(['linux-htb']);
  expect(valuesOf(row, 'nothing')).toEqual([]);
  await ovs.vsctl('destroy', 'QoS', uuid);
});

describe('the daemons', () => {
  testNeeds(['ovs'], 'stop and start, and the database stays', async ({ node, ovs }) => {
    const blue = await createContainer(node, { name: 'blue' });
    const red = await createContainer(node, { name: 'red' });
    await wireVeth(ovs, blue, '10.40.0.1/24');
    await wireVeth(ovs, red, '10.40.0.2/24');
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await ovs.stop('ovs-vswitchd', signal);
      await ovs.stop('ovsdb-server', signal);
      expect((await node.try('ovs-vsctl', '--timeout=1', '--no-wait', 'show')).code).not.toBe(0);
      await ovs.start('ovsdb-server');
      await ovs.start('ovs-vswitchd');
      await expectPing(blue, red);
    }
    expect(await ovs.ports('br-int')).toEqual(['v-blue', 'v-red']);
    await node.sh('ip link del v-blue; ip link del v-red');
    await ovs.vsctl('del-port', 'v-blue', '--', 'del-port', 'v-red');
  });

  testNeeds(['ovs'], 'hang while they are paused', async ({ node, ovs }) => {
    ovs.pause('ovs-vswitchd');
    const change = ['ovs-vsctl', '--timeout=1', 'set', 'Bridge', 'br-int', 'external_ids:x=y'];
    expect((await node.exec(change)).code).not.toBe(0);
    ovs.resume('ovs-vswitchd');
    await ovs.vsctl('remove', 'Bridge', 'br-int', 'external_ids', 'x');
    ovs.pause('ovsdb-server');
    expect((await node.exec(['ovs-vsctl', '--timeout=1', '--no-wait', 'show'])).code).not.toBe(0);
    ovs.resume('ovsdb-server');
    await ovs.vsctl('show');
  });

  testNeeds(['ovs'], 'are of one node, and go with it', async ({ node }) => {
    const [first, other] = [await startOvs(node), await createNode()];
    const second = await startOvs(other);
    await first.addBridge('one');
    await second.addBridge('two');
    expect(await first.vsctl('list-br')).toBe('one');
    expect(await second.vsctl('list-br')).toBe('two');
    // The default socket is the node's own.
    expect(await other.run('ovs-vsctl', 'list-br')).toBe('two');
    expect(existsSync(second.socket)).toBe(false);
    const pids = [second.pid('ovsdb-server'), second.pid('ovs-vswitchd')];
    await other.dispose();
    // Their parent may not have been told yet that they have ended.
    expect(await eventually(async () => !pids.some((pid) => existsSync(`/proc/${pid}`)))).toBe(true);
    await first[Symbol.asyncDispose]();
    expect(await node.run('ls', '/run')).not.toContain('openvswitch');
  });

  testNeeds(['ovs'], 'end with the process that started them, however it ends', async ({ node }) => {
    // A process of its own, as a worker of vitest is, that is killed in the middle of its test.
    const script = `
      const { createNode } = await import(process.argv[1] + '/node.ts');
      const { startOvs } = await import(process.argv[1] + '/ovs.ts');
      const ovs = await startOvs(await createNode());
      console.log('pids', ovs.node.pid, ovs.pid('ovsdb-server'), ovs.pid('ovs-vswitchd'), ovs.node.dir);
      setInterval(() => {}, 1000);`;
    const support = join(import.meta.dirname, '../../support');
    const child = node.start(process.execPath, '--input-type=module', '--eval', script, support);
    await child.ready(/^pids .*\n/m, 20_000);
    const [, ...words] = child.stdout.trim().split(' ');
    const dir = words.pop() ?? '';
    const isAlive = (pid: string): boolean => existsSync(`/proc/${pid}`);
    expect(words.filter(isAlive)).toHaveLength(3);
    await child.stop('SIGKILL');
    expect(await eventually(async () => !words.some(isAlive))).toBe(true);
    // What a killed test leaves in the folder for temporary files is swept when the next run begins.
    rmSync(dir, { recursive: true });
  });
});
