/** When a DEL gives the address back. */
import type { Ipam } from '../cni/delegate.ts';

type Step = () => Promise<void>;

export interface Release {
  /** For where something else is waited for: an IPAM plugin of our own gets ready meanwhile, and changes nothing yet. */
  prepare(): void;
  /** Gives the address back, once. */
  readonly release: Step;
}

export function releaseBy(ipam: Ipam | undefined): Release {
  const due = Promise.withResolvers<void>();
  let releasing: Promise<void> | undefined;
  const begin = (): Promise<void> | undefined => {
    releasing ??= ipam?.del(due.promise);
    return releasing;
  };
  return {
    prepare() {
      // Whatever is wrong is told when it is due.
      begin()?.catch(() => undefined);
    },
    async release() {
      due.resolve();
      await begin();
    },
  };
}

/**
 * The address goes last, so that nobody gets it while something here still has it. With `dhcp` it goes first: its client
 * tells the server by the very link that is about to be deleted.
 */
export function withRelease(
  ipam: Ipam | undefined,
  steps: readonly Step[],
  { release } = releaseBy(ipam),
): readonly Step[] {
  return ipam?.type === 'dhcp' ? [release, ...steps] : [...steps, release];
}
