/** When a DEL gives the address back. */
import type { Ipam } from '../cni/delegate.ts';

type Step = () => Promise<void>;

/**
 * The address goes last, so that nobody gets it while something here still has it. With `dhcp` it goes first: its client
 * tells the server by the very link that is about to be deleted.
 */
export function withRelease(ipam: Ipam | undefined, steps: readonly Step[]): readonly Step[] {
  const release: Step = async () => ipam?.del();
  return ipam?.type === 'dhcp' ? [release, ...steps] : [...steps, release];
}
