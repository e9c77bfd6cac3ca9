/** A clock that is set back while containers live: what is reserved, and who is dead, does not hang on it. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import {
  add,
  addressIn,
  type CniResult,
  check,
  createContainer,
  del,
  describeNeeds,
  expectPing,
  gc,
  inFull,
  type Node,
  test,
} from '../../support/index.ts';

/** Sets the machine's clock by seconds, and back at the end. */
async function shiftClock(node: Node, seconds: number): Promise<AsyncDisposable> {
  const shift = (by: number): Promise<string> => node.sh(`date --utc --set "@$(($(date +%s) + ${by}))"`);
  await shift(seconds);
  return { [Symbol.asyncDispose]: async () => void (await shift(-seconds)) };
}

const day = 86_400;

describeNeeds(['clock', 'nft-masquerade'], 'a clock that jumps back', () => {
  const configOf = (node: Node, more: Record<string, unknown> = {}): Record<string, unknown> => ({
    cniVersion: '1.1.0',
    name: 'pods',
    type: 'veth-bridge',
    isDefaultGateway: true,
    ipMasq: true,
    ipam: {
      type: 'host-local',
      dataDir: node.dataDir,
      ranges: [[{ subnet: '10.22.0.0/24', rangeStart: '10.22.0.10', rangeEnd: '10.22.0.12' }]],
      ...more,
    },
  });

  test('a day: each call does its work, and no address is lost or given twice', async ({ node }) => {
    const config = configOf(node);
    const [blue, green, red] = [
      await createContainer(node),
      await createContainer(node),
      await createContainer(node),
    ];
    const ofBlue = await add(node, { config, container: blue });
    await using _yesterday = await shiftClock(node, -day);
    const ofGreen = await add(node, { config, container: green });
    await check(node, { config: { ...config, prevResult: ofBlue }, container: blue });
    await expectPing(blue, addressIn(ofGreen));
    const valid = [blue, green].map(({ id }) => ({ containerID: id, ifname: 'eth0' }));
    await gc(node, { config: { ...config, 'cni.dev/valid-attachments': valid } });
    const ofRed = await add(node, { config, container: red });
    expect(new Set([ofBlue, ofGreen, ofRed].map((result) => addressIn(result))).size).toBe(3);
    for (const container of [blue, green, red]) await del(node, { config, container });
    // All three are free again.
    for (const container of [blue, green, red]) await add(node, { config, container });
    for (const container of [blue, green, red]) await del(node, { config, container });
  });

  for (const reclaimForeign of inFull ? [false, true] : [true]) {
    const name = `over a reboot the dead give back their addresses, and the living keep theirs (reclaimForeign ${reclaimForeign})`;
    test(name, async ({ node }) => {
      const config = configOf(node, { reclaimForeign });
      const dead = [await createContainer(node), await createContainer(node)];
      for (const container of dead) await add(node, { config, container });
      for (const container of dead) await container.remove();
      await node.setBootId(randomUUID());
      // Without a battery for its clock a machine comes up in the past.
      await using _yesterday = await shiftClock(node, -day);
      const living = [await createContainer(node), await createContainer(node), await createContainer(node)];
      const results: CniResult[] = [];
      for (const container of living) results.push(await add(node, { config, container }));
      expect(new Set(results.map((result) => addressIn(result))).size).toBe(3);
      for (const container of dead) await del(node, { config, container, netns: '' });
      await expectPing(living[0]!, addressIn(results[2]!));
      for (const container of living) await del(node, { config, container });
    });
  }
});
