/** Kills calls at moments spread over their duration, each followed by the DEL that must find all that was made. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type CniCall, cni, startCni } from './cni.ts';
import { describeOutcome } from './cni-commands.ts';
import { findLeaks, snapshot } from './leaks.ts';
import type { Node } from './node.ts';
import { roundsOf } from './pace.ts';

/** The call that is killed and repeated, without its command. */
export type KilledCall = Omit<CniCall, 'command'>;

/**
 * Kills ADD, again and again; after each DEL the node is as it was before.
 * @param last what is different in every second one of these DELs: where the runtime has lost the namespace, say
 */
export async function killAdds(
  node: Node,
  call: KilledCall,
  rounds: number,
  last: Partial<KilledCall> = {},
): Promise<void> {
  const whole = await duration(node, { ...call, command: 'ADD' });
  const before = await snapshot(node);
  for (let round = 0; round < rounds; round += 1) {
    await killAt(node, { ...call, command: 'ADD' }, momentOf(whole, round, rounds));
    await expectGone(node, round % 2 === 0 ? call : { ...call, ...last }, before, round);
  }
}

/** Kills DEL, half of them called with the result of ADD and half without; the DEL after it ends its work. */
export async function killDels(node: Node, call: KilledCall, rounds: number): Promise<void> {
  const whole = await duration(node, { ...call, command: 'DEL' }, { ...call, command: 'ADD' });
  const before = await snapshot(node);
  for (let round = 0; round < rounds; round += 1) {
    const { result, stdout } = await cni(node, { ...call, command: 'ADD' });
    expect(result, `round ${round}: ${stdout}`).toBeDefined();
    const config = { ...(call.config as object), prevResult: result };
    const known = round % 2 === 0 ? { ...call, config } : call;
    await killAt(node, { ...known, command: 'DEL' }, momentOf(whole, round, rounds));
    await expectGone(node, known, before, round);
  }
}

/** Spread over the real duration, and a bit beyond. */
const momentOf = (whole: number, round: number, rounds: number): number =>
  (whole * 1.1 * (round + Math.random())) / rounds;

async function expectGone(
  node: Node,
  call: KilledCall,
  before: Awaited<ReturnType<typeof snapshot>>,
  round: number,
): Promise<void> {
  const outcome = await cni(node, { ...call, command: 'DEL' });
  expect(outcome.code, `round ${round}: ${describeOutcome(outcome)}`).toBe(0);
  const { left, missing } = await findLeaks(before, node);
  expect([...left, ...missing], `round ${round}`).toEqual([]);
}

/** How long a call takes here and now, from start to end. */
async function duration(node: Node, call: CniCall, before?: CniCall): Promise<number> {
  const times: number[] = [];
  const rounds = roundsOf({ usual: 5, full: 5, vm: 1 });
  for (let round = 0; round < rounds; round += 1) {
    if (before) await cni(node, before);
    const outcome = await cni(node, call);
    expect(outcome.code, describeOutcome(outcome)).toBe(0);
    times.push(outcome.milliseconds);
    if (call.command === 'ADD') await cni(node, { ...call, command: 'DEL' });
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 100;
}

/** Starts a call and kills it at a part of its duration; those that had ended by then count as well. */
async function killAt(node: Node, call: CniCall, milliseconds: number): Promise<void> {
  const running = startCni(node, call);
  await Promise.race([sleep(milliseconds), running.done]);
  running.kill9();
  await running.done;
}
