/** The port must carry traffic before ADD returns. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CniError, ErrorCode } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { waitForLink } from '../../lib/ip/port.ts';
import type { Link } from './link.ts';
import type { Settings } from './settings.ts';

/** @throws CniError 105 where the host's end is not up in time, or Open vSwitch does not take it */
export async function waitForPort(
  host: Host,
  { patience, interfaceType }: Settings,
  { port, hostMac }: Link,
): Promise<void> {
  // An internal port is whole once it is in the sandbox, and up: there is no other end.
  if (hostMac === undefined) return;
  await waitForLink(host, port, hostMac, patience);
  if (['', 'system'].includes(interfaceType)) await waitUntilTaken(host, port, hostMac, patience);
}

/** IFF_PROMISC, linux/if.h. */
const promiscuous = 0x100;
const pause = 50;

/**
 * Open vSwitch listens to all that comes in by its ports. A link that it has not opened looks like one of its ports in
 * the database all the same, where an older one of that name was: then not a frame passes.
 */
async function waitUntilTaken(host: Host, port: string, mac: string, patience: number): Promise<void> {
  const folder = `/sys/class/net/${port}`;
  for (let waited = 0; ; waited += pause) {
    // /sys may show another namespace, where this cannot be seen.
    if (host.kernel.read(`${folder}/address`) !== mac) return;
    if ((Number(host.kernel.read(`${folder}/flags`)) & promiscuous) !== 0) return;
    if (waited >= patience) break;
    await sleep(pause);
  }
  throw new CniError(
    ErrorCode.linkDown,
    `Open vSwitch has not taken the link ${port} as its port within ${(patience / 1000).toFixed(1)} s; is ovs-vswitchd at work?`,
  );
}
