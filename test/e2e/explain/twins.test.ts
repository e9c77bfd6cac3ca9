/** explain's script, run by a shell, makes what the call makes: for every file of conf-examples, in twin nodes. */
import { writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import {
  type CniResult,
  type Config,
  type Container,
  chain,
  confExamples,
  createContainer,
  createNode,
  createOutside,
  inFull,
  isNewHere,
  type Network,
  type Node,
  network,
  type Outside,
  readExample,
  takesSamples,
  testNeeds,
} from '../../support/index.ts';
import { ifname as netIfname, removePods, startOver, useNic, withUserspace } from '../../support/sriov.ts';
import { type Expected, promises } from '../runtime/promises.ts';
import type { OnNic } from '../runtime/sriov-promises.ts';
import { answerIn, explain } from './command.ts';
import { expectTwins, pictureOf } from './picture.ts';

/** Where files of the plugins are. */
const folders = ['/run/plumbline', '/var/lib/cni'];
const id = 'twin';

/** What these leave behind differs in kind: their DEL is compared as well. Of the others, in `make test-full`. */
const takenBack = new Set([
  'host-local/ranges.conflist',
  'ipvlan/l2.conflist',
  'macvlan/host-access.conflist',
  'ovs/internal.conflist',
  'veth-bridge/iptables.conflist',
  'veth-bridge/isolated-ports.conflist',
  'veth-bridge/port-mapping.conflist',
]);

/** Of what the virtual machine alone can run; `make test-full` runs all of it there. */
const spotChecked = new Set(['ipvlan/l2.conflist', 'ovs/qos.conflist', 'sriov/vlan-qos.conflist']);

describe('explain', () => {
  for (const file of confExamples) {
    const promise = promises[file] ?? { pods: true };
    const needs = promise.needs ?? [];
    const { onNic } = promise;
    // Nobody can know what an IPAM plugin of another project would answer.
    if (file === 'macvlan/dhcp.conflist' || !isNewHere(needs)) continue;
    if (takesSamples && !spotChecked.has(file)) continue;
    testNeeds(needs, `${file}: its script is the call's twin`, async ({ node, leaks }) => {
      leaks.off();
      const config = readExample(file);
      if (onNic !== undefined) return compareOnNic(config, onNic);
      await using other = await createNode();
      // Most bridges need no wire.
      const isWired =
        promise.prepare !== undefined ||
        !/"(?:bridge|veth-bridge)"/.test(JSON.stringify(config)) ||
        /uplink/.test(JSON.stringify(config));
      await using wire = isWired ? await createOutside(node) : undefined;
      await using otherWire = isWired ? await createOutside(other) : undefined;
      const places = [
        { node, outside: wire },
        { node: other, outside: otherWire },
      ] as const;
      await compareTwins(config, promise, places, inFull || takenBack.has(file));
    });
  }
});

interface Place {
  readonly node: Node;
  readonly outside: Outside | undefined;
}

interface Twin {
  readonly node: Node;
  readonly pod: Container;
  readonly pods: Network;
  readonly picture: () => Promise<readonly string[]>;
}

async function prepare(place: Place, config: Config, promise: Expected): Promise<Twin> {
  const { node, outside } = place;
  if (outside !== undefined) await promise.prepare?.({ node, outside });
  const pod = await createContainer(node, { name: 'blue', id });
  await promise.preparePod?.(pod);
  return { node, pod, pods: network(node, config), picture: () => pictureOf(node, pod, folders) };
}

async function compareTwins(
  config: Config,
  promise: Expected,
  [one, two]: readonly [Place, Place],
  isTakenBack: boolean,
): Promise<void> {
  const [real, told] = await Promise.all([prepare(one, config, promise), prepare(two, config, promise)]);
  const { capabilityArgs } = promise;
  const options = capabilityArgs === undefined ? {} : { capabilityArgs };
  const untouched = isTakenBack ? await told.picture() : undefined;
  const [result, script] = await Promise.all([
    real.pods.add(real.pod, options),
    explain(told.pod, 'ADD', config, options),
  ]);
  if (untouched !== undefined) expect(await told.picture()).toEqual(untouched);
  await told.node.sh(script);
  await expectTwins(real.picture, told.picture);
  const answer = answerIn(script);
  expect(answer.ips ?? []).toEqual(result.ips ?? []);
  if (!isTakenBack) return;

  // CHECK and DEL know what the script has made, and the scripts of CHECK and DEL what the call has made.
  if (promise.check !== false) {
    await succeed(told, 'CHECK', answer, options);
    await keep(real.node, config, result);
    await real.node.sh(await explain(real.pod, 'CHECK', config, options));
  }
  await succeed(told, 'DEL', answer, options);
  await keep(real.node, config, result);
  await real.node.sh(await explain(real.pod, 'DEL', config, options));
  await real.node.run('rm', '-r', results);
  await expectTwins(told.picture, real.picture);
}

async function succeed(
  { node, pod, pods }: Twin,
  command: 'CHECK' | 'DEL',
  prevResult: CniResult,
  options: object,
): Promise<void> {
  const { ok, failure } = await chain(node, pods.list, command, { ...options, container: pod, prevResult });
  expect({ ok, failure }).toEqual({ ok: true });
}

const results = '/var/lib/cni/results';

/** As libcni keeps a result. */
async function keep(node: Node, { name }: Config, result: CniResult): Promise<void> {
  await node.run('mkdir', '-p', results);
  writeFileSync(node.path(`${results}/${String(name)}-${id}-eth0`), JSON.stringify({ result }));
}

/** A NIC has no twin: it is given away by the call, given back, and then given away by the script. */
async function compareOnNic(config: Config, { functions, driver }: OnNic): Promise<void> {
  // Those that the call would make must be there: what they are called is for their driver to say.
  const count = functions === 0 ? 4 : functions;
  const nic = await useNic(count);
  const compare = async (): Promise<void> => {
    const { node } = nic;
    const pod = await createContainer(node, { name: 'blue', id });
    const options = { ifname: netIfname, capabilityArgs: { deviceID: nic.vfs[0]?.address } };
    const pods = network(node, config, { ifname: netIfname });
    const picture = async (): Promise<readonly string[]> => [
      await nic.vfLine(0),
      ...(await pictureOf(node, pod, folders)),
    ];
    await node.run('rm', '-rf', '/var/lib/cni/networks');
    await pods.add(pod, options);
    const real = await picture();
    await pods.del(pod, options);
    // The next address would be another.
    await node.run('rm', '-rf', '/var/lib/cni/networks');
    const script = await explain(pod, 'ADD', config, options);
    await node.sh(script);
    await expectTwins(async () => real, picture);
    const container = { ...options, container: pod };
    await chain(node, pods.list, 'DEL', { ...container, prevResult: answerIn(script) });
    await removePods(nic);
  };
  try {
    const before = await nic.letters();
    // The first one comes back first: ip lists links in the order in which they were made.
    if (driver === undefined) await compare();
    else await withUserspace(nic, 1, driver, () => withUserspace(nic, 0, driver, compare));
    expect(await nic.letters()).toBe(before);
  } catch (error) {
    await startOver(nic, count);
    throw error;
  }
}
