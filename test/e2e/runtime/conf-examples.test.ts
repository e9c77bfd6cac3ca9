/** Every file of conf-examples does what it says: it is read, run and pinged through. */
import { describe, expect } from 'vitest';
import {
  type AttachOptions,
  type CniResult,
  type Container,
  confExamples,
  createContainer,
  expectNoPing,
  expectPing,
  type Fixtures,
  isNewHere,
  network,
  readExample,
  testNeeds,
} from '../../support/index.ts';
import { type Expected, promises } from './promises.ts';
import { exerciseOnNic } from './sriov-promises.ts';

describe('conf-examples', () => {
  for (const file of confExamples) {
    // An IPAM's example names the addresses; any interface plugin may use it.
    const promise = promises[file] ?? { pods: true };
    if (!isNewHere(promise.needs ?? [])) continue;
    const { onNic } = promise;
    if (onNic !== undefined) {
      testNeeds(promise.needs ?? [], `${file}: ADD, pings, CHECK, DEL`, () =>
        exerciseOnNic(readExample(file), onNic),
      );
      continue;
    }
    testNeeds(promise.needs ?? [], `${file}: ADD, pings, CHECK, DEL`, ({ node, outside, leaks }) =>
      exercise({ node, outside, leaks }, file, promise),
    );
  }

  testNeeds([], 'names no example that is not there', async () => {
    expect(Object.keys(promises).filter((file) => !confExamples.includes(file))).toEqual([]);
  });
});

async function exercise(
  { node, outside, leaks }: Pick<Fixtures, 'node' | 'outside' | 'leaks'>,
  file: string,
  promise: Expected,
): Promise<void> {
  const config = readExample(file);
  // What the chain's portmap declares once for the node, and an uplink that stays as documented.
  leaks.allow(
    /CNI-HOSTPORT/,
    /route_localnet/,
    /uplink/,
    /lan0/,
    /203\.0\.113|2001:db8/,
    /: link (inner|other)$/,
  );
  await promise.prepare?.({ node, outside });
  // What was prepared stays.
  if (promise.prepare) await leaks.startHere();
  const pods = network(node, config);
  const attached: [Container, AttachOptions][] = [];
  for (const name of promise.single ? ['blue'] : ['blue', 'green']) {
    const pod = await createContainer(node, { name });
    await promise.preparePod?.(pod);
    // A second pod cannot have the same host port.
    const { capabilityArgs } = promise;
    const more = attached.length > 0 ? { portMappings: [] } : {};
    const options = capabilityArgs ? { capabilityArgs: { ...capabilityArgs, ...more } } : {};
    await pods.add(pod, options);
    attached.push([pod, options]);
  }
  const [[blue] = [], [green] = []] = attached;
  if (blue) await expectReach(promise, { node, outside }, blue, green, pods.result(blue));
  for (const [pod, options] of attached) if (promise.check !== false) await pods.check(pod, options);
  for (const [pod, options] of attached.toReversed()) await pods.del(pod, options);
}

async function expectReach(
  promise: Expected,
  { node, outside }: Pick<Fixtures, 'node' | 'outside'>,
  blue: Container,
  green: Container | undefined,
  result: CniResult | undefined,
): Promise<void> {
  if (green && promise.pods === true) await expectPing(blue, green);
  if (green && promise.pods === false) await expectNoPing(blue, green);
  if (promise.gateway) for (const { gateway = '' } of result?.ips ?? []) await expectPing(blue, gateway);
  if (promise.outside) await expectPing(blue, outside.ip4);
  if (promise.node) await expectPing(node, blue);
  for (const address of promise.beyond ?? []) await expectFullSizePing(blue, address);
}

/** A packet that fills the MTU of the container's interface and must not be fragmented is answered. */
async function expectFullSizePing(from: Container, address: string): Promise<void> {
  await expectPing(from, address);
  const mtu = Number((await from.link('eth0'))?.mtu);
  const { code, stdout } = await from.exec([
    ...['ping', '-n', '-q', '-c', '3', '-i', '0.2', '-W', '1', '-M', 'do', '-s', `${mtu - 28}`, address],
  ]);
  expect(code, `${mtu} bytes to ${address}: ${stdout}`).toBe(0);
}
