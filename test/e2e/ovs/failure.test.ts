/** An Open vSwitch that is away, or hangs: an error that says which part of it, in time, and nothing half-made. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import {
  type CniOutcome,
  cni,
  createContainer,
  createTestIpam,
  type Daemon,
  describeOutcome,
  expectPing,
  type Node,
  type Ovs,
  pace,
  spotChecks,
  startCni,
  testNeeds,
} from '../../support/index.ts';
import { expectNoRows, forOvs, ovsConfig, ovsNetwork, portTypes, stateOf } from './pods.ts';

interface Outage {
  begin(ovs: Ovs): Promise<void>;
  end(ovs: Ovs): Promise<void>;
  readonly says: RegExp;
  /** Whether the database answers meanwhile. */
  readonly readable: boolean;
}

const killed = (daemon: Daemon, says: RegExp): Outage => ({
  begin: (ovs) => ovs.stop(daemon, 'SIGKILL'),
  end: (ovs) => ovs.start(daemon),
  says,
  readable: daemon === 'ovs-vswitchd',
});
const hanging = (daemon: Daemon, says: RegExp): Outage => ({
  begin: async (ovs) => ovs.pause(daemon),
  end: async (ovs) => ovs.resume(daemon),
  says,
  readable: daemon === 'ovs-vswitchd',
});

const noDatabase = /database of Open vSwitch at unix:\/run\/openvswitch\/db\.sock cannot be reached/;
const outages: Readonly<Record<string, Outage>> = {
  'the database is down': {
    ...killed('ovsdb-server', noDatabase),
    begin: (ovs) => ovs.stop('ovsdb-server'),
  },
  'the database has crashed, and left its socket': killed('ovsdb-server', noDatabase),
  'the database hangs': hanging('ovsdb-server', /ovsdb-server at unix:\S+ has not answered/),
  'ovs-vswitchd is dead': killed('ovs-vswitchd', /ovs-vswitchd has not carried the change out/),
  'ovs-vswitchd hangs': hanging('ovs-vswitchd', /ovs-vswitchd has not carried the change out/),
};

/** An error of code 11 within ten seconds. */
function expectInTime(outcome: CniOutcome, says: RegExp): void {
  expect(outcome.error?.code, describeOutcome(outcome)).toBe(11);
  expect(outcome.error?.msg).toMatch(says);
  expect(outcome.milliseconds).toBeLessThan(10_000 * pace);
}

for (const portType of portTypes) {
  describe(`ADD of ${portType} ports where`, () => {
    for (const [what, { begin, end, says, readable }] of Object.entries(outages)) {
      testNeeds(forOvs, what, async ({ node, ovs }) => {
        // An internal port in another namespace is lost to a daemon that is restarted; a veth's end is not.
        const others = ovsNetwork(node);
        const red = await others.start('red');
        const pods = ovsNetwork(node, { portType });
        const blue = await createContainer(node, { name: 'blue' });
        const before = await stateOf(node, ovs);
        await begin(ovs);
        expectInTime(await cni(node, { command: 'ADD', config: pods.config, container: blue }), says);
        expect(await blue.link('eth0')).toBeUndefined();
        if (readable) expect(await ovs.ports('br-int')).toEqual([red.port]);
        await end(ovs);
        expect(await stateOf(node, ovs)).toBe(before);

        // As soon as it is back, all is well.
        const green = await pods.start('green');
        await expectPing(green, red);
        await pods.clear();
        await others.clear();
        await expectNoRows(ovs);
      });
    }

    for (const daemon of ['ovsdb-server', 'ovs-vswitchd'] as const) {
      testNeeds(forOvs, `${daemon} dies in its course`, async ({ node, ovs }) => {
        const ipam = createTestIpam(node, { ips: [{ address: '10.40.0.9/24' }] });
        ipam.delay('ADD', 1.5 * pace);
        const config = ovsConfig(node, { portType, ipam: { type: ipam.type } });
        const blue = await createContainer(node, { name: 'blue' });
        const before = await stateOf(node, ovs);
        const running = startCni(node, { command: 'ADD', config, container: blue, path: ipam.path });
        await sleep(700 * pace);
        expect(ipam.commands()).toEqual(['ADD']);
        await ovs.stop(daemon, 'SIGKILL');
        const outcome = await running.done;
        expectInTime(outcome, daemon === 'ovsdb-server' ? noDatabase : /ovs-vswitchd/);
        expect(ipam.commands()).toEqual(['ADD', 'DEL']);
        expect(await blue.link('eth0')).toBeUndefined();
        await ovs.start(daemon);
        expect(await stateOf(node, ovs)).toBe(before);
      });
    }
  });

  describe(`DEL of ${portType} ports where`, () => {
    for (const [what, { begin, end, says, readable }] of spotChecks(Object.entries(outages))) {
      testNeeds(forOvs, what, async ({ node, ovs }) => {
        const pods = ovsNetwork(node, { portType });
        const [blue, red] = [await pods.start('blue'), await pods.start('red')];
        const call = { config: { ...pods.config, prevResult: blue.result }, container: blue };
        await begin(ovs);
        const outcome = await cni(node, { ...call, command: 'DEL' });
        expect(outcome.milliseconds).toBeLessThan(10_000 * pace);
        // What must not wait for it is done: nobody answers for the address any more.
        if (readable) expect(outcome.code, describeOutcome(outcome)).toBe(0);
        else expectInTime(outcome, says);
        if (readable) expect(await ovs.ports('br-int')).toEqual([red.port]);
        await expectSilent(node, blue.port, () => blue.link('eth0'));
        await end(ovs);
        expect((await cni(node, { ...call, command: 'DEL' })).code).toBe(0);
        expect(await ovs.ports('br-int')).toEqual([red.port]);
        await pods.clear();
        await expectNoRows(ovs);
      });
    }
  });
}

/** The container has no link, or one that is down; nor has the node one of that port's name. */
async function expectSilent(node: Node, port: string, inside: () => ReturnType<Node['link']>): Promise<void> {
  const link = await inside();
  expect(link?.flags ?? []).not.toContain('UP');
  expect((await node.link(port))?.flags ?? []).not.toContain('UP');
}

describe('GC and CHECK where', () => {
  for (const [what, { begin, end, says, readable }] of spotChecks(Object.entries(outages))) {
    testNeeds(forOvs, what, async ({ node, ovs }) => {
      const pods = ovsNetwork(node);
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      await blue.remove();
      await begin(ovs);
      const valid = [{ containerID: red.id, ifname: 'eth0' }];
      const config = { ...pods.config, 'cni.dev/valid-attachments': valid };
      const collected = await cni(node, { command: 'GC', config });
      const known = { ...pods.config, prevResult: red.result };
      const checked = await cni(node, { command: 'CHECK', config: known, container: red });
      for (const outcome of [collected, checked]) {
        if (readable) expect(outcome.code, describeOutcome(outcome)).toBe(0);
        else expectInTime(outcome, says);
      }
      await end(ovs);
      expect((await cni(node, { command: 'GC', config })).code).toBe(0);
      expect(await ovs.ports('br-int')).toEqual([red.port]);
      await pods.check(red);
      await pods.clear();
      await expectNoRows(ovs);
    });
  }
});

describe('a socket that is none', () => {
  const sockets: Readonly<Record<string, { readonly script: string; readonly says: RegExp }>> = {
    'missing, with its folder': { script: ':', says: /No such file or directory/ },
    'a plain file': { script: 'mkdir /run/x; echo x >/run/x/db.sock', says: /Connection refused/ },
    'a folder': { script: 'mkdir -p /run/x/db.sock', says: /Connection refused|Is a directory/ },
  };
  for (const [what, { script, says }] of spotChecks(Object.entries(sockets))) {
    testNeeds(forOvs, what, async ({ node, ovs }) => {
      await node.sh(script);
      const blue = await createContainer(node, { name: 'blue' });
      const before = await stateOf(node, ovs);
      const config = ovsConfig(node, { socket_file: '/run/x/db.sock' });
      const outcome = await cni(node, { command: 'ADD', config, container: blue });
      expectInTime(outcome, says);
      expect(outcome.error?.msg).toMatch(/unix:\/run\/x\/db\.sock cannot be reached/);
      expect(await stateOf(node, ovs)).toBe(before);
    });
  }

  testNeeds(forOvs, 'a port that nobody listens at, and one that never answers', async ({ node, ovs }) => {
    const blue = await createContainer(node, { name: 'blue' });
    const listen = `$s = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1:6641") or die;
      $| = 1; print "ready\\n"; <STDIN>;`;
    const mute = node.start('perl', '-MIO::Socket::INET', '-e', listen);
    await mute.ready(/ready/);
    for (const socket_file of ['tcp:127.0.0.1:6640', 'tcp:127.0.0.1:6641']) {
      const config = ovsConfig(node, { socket_file });
      const outcome = await cni(node, { command: 'ADD', config, container: blue });
      expectInTime(outcome, new RegExp(socket_file));
    }
    await mute.stop('SIGKILL');
    await expectNoRows(ovs);
  });
});
