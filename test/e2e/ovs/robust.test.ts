/** Under blows: killed at any moment, many at once, with daemons that are restarted meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import {
  addressIn,
  type ChildProcessTrace,
  type CniOutcome,
  type Config,
  type Container,
  cni,
  createContainer,
  describeChildren,
  describeOutcome,
  expectPing,
  type Node,
  type Ovs,
  roundsOf,
  startCni,
  testNeeds,
} from '../../support/index.ts';
import { killAdds, killDels } from '../../support/kill.ts';
import { expectNoRows, forOvs, ovsConfig, ovsNetwork, podOf, portTypes } from './pods.ts';

/** For each of four: two types of port, ADD and DEL. */
const rounds = roundsOf({ usual: 6, full: 250, vm: 5 });
const count = roundsOf({ usual: 40, full: 100, vm: 10 });
const long = 600_000;

const makeContainers = (node: Node, many: number): Promise<readonly Container[]> =>
  Promise.all(Array.from({ length: many }, () => createContainer(node)));

const callAll = (
  node: Node,
  command: 'ADD' | 'DEL',
  config: Config,
  containers: readonly Container[],
): Promise<readonly CniOutcome[]> =>
  Promise.all(containers.map((container) => cni(node, { command, config, container })));

const failuresOf = (outcomes: readonly CniOutcome[]): readonly string[] =>
  outcomes.filter(({ code }) => code !== 0).map(describeOutcome);

describe('kill -9', () => {
  for (const portType of portTypes) {
    for (const [command, kill] of [
      ['ADD', killAdds],
      ['DEL', killDels],
    ] as const) {
      testNeeds(
        forOvs,
        `at ${rounds} moments of ${command}, each followed by DEL: ${portType}`,
        async ({ node, ovs }) => {
          const config = ovsConfig(node, { portType });
          await kill(node, { config, container: await createContainer(node) }, rounds);
          await expectNoRows(ovs);
        },
        long,
      );
    }
  }

  testNeeds(
    forOvs,
    'of ADD, whose container dies with it: GC finds all that was made',
    async ({ node, ovs }) => {
      for (let round = 0; round < roundsOf({ usual: 10, full: 50, vm: 4 }); round += 1) {
        const portType = portTypes[round % 2];
        const container = await createContainer(node);
        const running = startCni(node, { command: 'ADD', config: ovsConfig(node, { portType }), container });
        await sleep(Math.random() * 150);
        running.kill9();
        await running.done;
        await container.remove();
        // Children of the killed call may still be at work.
        await sleep(300);
        await ovsNetwork(node).gc();
        await expectNoRows(ovs);
      }
    },
    long,
  );
});

describe('in parallel', () => {
  for (const portType of portTypes) {
    testNeeds(
      forOvs,
      `${count} ADDs and DELs on one bridge: ${portType}`,
      async ({ node, ovs }) => {
        const config = ovsConfig(node, { portType });
        const containers = await makeContainers(node, count);
        const added = await callAll(node, 'ADD', config, containers);
        expect(failuresOf(added)).toEqual([]);
        const results = added.flatMap(({ result }) => result ?? []);
        expect(new Set(results.map((result) => addressIn(result))).size).toBe(count);
        expect(await ovs.ports('br-int')).toHaveLength(count);
        const pods = containers.map((container, index) => podOf(container, results[index]!));
        await expectPing(pods[0]!, pods[count - 1]!, 10_000);
        expect(failuresOf(await callAll(node, 'DEL', config, containers))).toEqual([]);
        for (const container of containers) expect(await container.link('eth0')).toBeUndefined();
        await expectNoRows(ovs);
      },
      long,
    );

    testNeeds(
      forOvs,
      `ADD and DEL of the same container leave all or nothing: ${portType}`,
      async ({ node, ovs }) => {
        const config = ovsConfig(node, { portType });
        for (let round = 0; round < 5; round += 1) {
          const container = await createContainer(node);
          const commands = ['ADD', 'ADD', 'DEL', 'DEL'] as const;
          await Promise.all(commands.map((command) => cni(node, { config, container, command })));
          const last = await cni(node, { config, container, command: 'DEL' });
          expect(last.code, describeOutcome(last)).toBe(0);
          expect(await container.link('eth0')).toBeUndefined();
        }
        await expectNoRows(ovs);
      },
    );

    testNeeds(
      forOvs,
      `three ADDs of one container: one of them, whole: ${portType}`,
      async ({ node, ovs }) => {
        const pods = ovsNetwork(node, { portType });
        const red = await pods.start('red');
        const container = await createContainer(node);
        const call = { config: pods.config, container };
        const outcomes = await Promise.all([1, 2, 3].map(() => cni(node, { ...call, command: 'ADD' })));
        expect(outcomes.filter(({ code }) => code === 0).map(describeOutcome)).toHaveLength(1);
        expect(outcomes.flatMap(({ error }) => error?.code ?? [])).toEqual([102, 102]);
        await expectPing(container, red);
        await cni(node, { ...call, command: 'DEL' });
        await pods.clear();
        await expectNoRows(ovs);
      },
    );
  }
});

/** What was told to be there is there; what failed has left nothing; DEL of all leaves nothing at all. */
async function expectWholeOrNothing(
  node: Node,
  ovs: Ovs,
  config: Config,
  containers: readonly Container[],
  added: readonly CniOutcome[],
): Promise<void> {
  const whole = added.flatMap(({ result }) => result?.interfaces?.[0]?.name ?? []);
  expect(await ovs.ports('br-int')).toEqual(whole.sort());
  for (const [index, { result, error }] of added.entries()) {
    if (result === undefined) {
      expect(error?.code, describeOutcome(added[index]!)).toBe(11);
      expect(await containers[index]?.link('eth0')).toBeUndefined();
    } else if (config['portType'] !== 'internal') {
      const known = { ...config, prevResult: result };
      const checked = await cni(node, { command: 'CHECK', config: known, container: containers[index]! });
      expect(failuresOf([checked])).toEqual([]);
    }
  }
  expect(failuresOf(await callAll(node, 'DEL', config, containers))).toEqual([]);
  await ovsNetwork(node).gc();
  await expectNoRows(ovs);
}

describe('a daemon is restarted', () => {
  for (const portType of portTypes) {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      testNeeds(
        forOvs,
        `ovsdb-server, by ${signal}, in the middle of 20 ADDs: ${portType}`,
        async ({ node, ovs }) => {
          const config = ovsConfig(node, { portType });
          const containers = await makeContainers(node, 20);
          const adding = callAll(node, 'ADD', config, containers);
          await sleep(400 + Math.random() * 600);
          await ovs.stop('ovsdb-server', signal);
          await ovs.start('ovsdb-server');
          await expectWholeOrNothing(node, ovs, config, containers, await adding);
        },
        long,
      );
    }

    testNeeds(
      forOvs,
      `ovs-vswitchd is killed in the middle of an ADD, and comes back later: ${portType}`,
      async ({ node, ovs }) => {
        const config = ovsConfig(node, { portType });
        for (
          let round = 0;
          round < roundsOf({ usual: portType === 'veth' ? 4 : 2, full: 40, vm: 3 });
          round += 1
        ) {
          const container = await createContainer(node);
          const adding = cni(node, { command: 'ADD', config, container });
          await sleep(round * 25);
          await ovs.stop('ovs-vswitchd', 'SIGKILL');
          const outcome = await adding;
          await ovs.start('ovs-vswitchd');
          await expectWholeOrNothing(node, ovs, config, [container], [outcome]);
          await container.remove();
        }
      },
      long,
    );
  }
});

describe('children', () => {
  /** The calls of ovsdb-client: those that read, the one that writes, and the one that waits for ovs-vswitchd. */
  const callsOf = (children: readonly ChildProcessTrace[]) =>
    children
      .flatMap(({ exec }) => exec.filter(([program]) => program?.endsWith('ovsdb-client')))
      .map((call) => call.find((word) => ['query', 'transact'].includes(word)));

  for (const portType of portTypes) {
    testNeeds(
      [...forOvs, 'strace'],
      `one writing transaction for ADD, one for DEL: ${portType}`,
      async ({ node, ovs }) => {
        const config = ovsConfig(node, { portType });
        await ovsNetwork(node).start();
        const call = { container: await createContainer(node), strace: true };
        const added = await cni(node, { ...call, config, command: 'ADD' });
        const known = { ...config, prevResult: added.result };
        const deleted = await cni(node, { ...call, config: known, command: 'DEL' });
        const limits = { veth: { ADD: 6, DEL: 6 }, internal: { ADD: 6, DEL: 7 } }[portType];
        for (const [command, { children = [], ...outcome }] of [
          ['ADD', added],
          ['DEL', deleted],
        ] as const) {
          expect(failuresOf([outcome])).toEqual([]);
          expect(callsOf(children), describeChildren(children)).toEqual(['query', 'transact', 'query']);
          expect(children.length, describeChildren(children)).toBeLessThanOrEqual(limits[command]);
        }
        await ovsNetwork(node).gc();
        await expectNoRows(ovs);
      },
    );
  }
});
