/** A function that the kernel gives back to the host when the namespace that its link was in has gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CniError, ErrorCode } from '../errors.ts';
import type { Host } from '../exec/host.ts';
import { netdevOf } from './function.ts';

/** Milliseconds between looks: it is back a moment after its namespace has gone. */
const patience = [0, 20, 50, 100, 200, 400, 700, 1000];

/**
 * Waits for a function's link.
 * @returns its name, be it the one that it had inside or another; undefined where it does not come
 */
export async function awaitNetdev(host: Host, address: string): Promise<string | undefined> {
  for (const pause of patience) {
    await sleep(pause);
    const netdev = netdevOf(host, address);
    if (netdev !== undefined) return netdev;
  }
  return undefined;
}

/** CniError 11 of a link that has not come. */
export function nowhere(address: string): CniError {
  return new CniError(
    ErrorCode.tryAgainLater,
    `the link of ${address} is neither in the sandbox nor back on this node; does another program hold its network namespace?`,
  );
}
