/** The port must carry traffic before ADD returns. */
import type { Host } from '../../lib/exec/host.ts';
import { waitForLink } from '../../lib/ip/port.ts';
import type { Link } from './link.ts';
import type { Settings } from './settings.ts';

/** @throws CniError 105 where the host's end is not up in time */
export async function waitForPort(
  host: Host,
  { patience }: Settings,
  { port, hostMac }: Link,
): Promise<void> {
  // An internal port is whole once it is in the sandbox, and up: there is no other end.
  if (hostMac !== undefined) await waitForLink(host, port, hostMac, patience);
}
