/** Kill -9 at any moment: the DEL that follows finds all that was made. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import {
  type CniCall,
  cni,
  createContainer,
  describeNeeds,
  describeOutcome,
  findLeaks,
  type Node,
  snapshot,
  startCni,
  test,
} from '../../support/index.ts';

const rounds = process.env['PLUMBLINE_TEST_FULL'] ? 1000 : 200;

const config = (node: Node): Record<string, unknown> => ({
  cniVersion: '1.0.0',
  name: 'pods',
  type: 'veth-bridge',
  bridge: 'cni0',
  isDefaultGateway: true,
  ipMasq: true,
  macspoofchk: true,
  ipam: {
    type: 'host-local',
    dataDir: node.dataDir,
    ranges: [[{ subnet: '10.77.0.0/24' }], [{ subnet: 'fd77::/64' }]],
  },
});

/** How long a call takes here and now, from start to end. */
async function duration(node: Node, call: CniCall, before?: CniCall): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    if (before) await cni(node, before);
    const { code, milliseconds } = await cni(node, call);
    expect(code).toBe(0);
    times.push(milliseconds);
    if (call.command === 'ADD') await cni(node, { ...call, command: 'DEL' });
  }
  return times.sort((a, b) => a - b)[2] ?? 100;
}

/** Starts a call and kills it at a part of its duration; those that had ended by then count as well. */
async function killAt(node: Node, call: CniCall, milliseconds: number): Promise<void> {
  const running = startCni(node, call);
  await Promise.race([sleep(milliseconds), running.done]);
  running.kill9();
  await running.done;
}

describeNeeds(['nft-bridge', 'nft-masquerade'], 'kill -9', () => {
  test(`at ${rounds} moments of ADD, each followed by DEL`, async ({ node, leaks }) => {
    const blue = await createContainer(node);
    const call = { config: config(node), container: blue };
    const whole = await duration(node, { ...call, command: 'ADD' });
    await leaks.startHere();
    const before = await snapshot(node);
    for (let round = 0; round < rounds; round += 1) {
      // Spread over the real duration, and a bit beyond.
      await killAt(node, { ...call, command: 'ADD' }, (whole * 1.1 * (round + Math.random())) / rounds);
      const outcome = await cni(node, { ...call, command: 'DEL' });
      expect(outcome.code, `round ${round}: ${describeOutcome(outcome)}`).toBe(0);
      const { left, missing } = await findLeaks(before, node);
      expect([...left, ...missing], `round ${round}`).toEqual([]);
    }
  }, 600_000);

  test(`at ${rounds} moments of DEL, each followed by DEL`, async ({ node, leaks }) => {
    const blue = await createContainer(node);
    const call = { config: config(node), container: blue };
    const whole = await duration(node, { ...call, command: 'DEL' }, { ...call, command: 'ADD' });
    await leaks.startHere();
    const before = await snapshot(node);
    for (let round = 0; round < rounds; round += 1) {
      const { result } = await cni(node, { ...call, command: 'ADD' });
      expect(result, `round ${round}`).toBeDefined();
      // Half of them as a runtime calls it, with the result, half without.
      const known = round % 2 === 0 ? { ...call, config: { ...call.config, prevResult: result } } : call;
      await killAt(node, { ...known, command: 'DEL' }, (whole * 1.1 * (round + Math.random())) / rounds);
      const outcome = await cni(node, { ...known, command: 'DEL' });
      expect(outcome.code, `round ${round}: ${describeOutcome(outcome)}`).toBe(0);
      const { left, missing } = await findLeaks(before, node);
      expect([...left, ...missing], `round ${round}`).toEqual([]);
    }
  }, 600_000);
});
