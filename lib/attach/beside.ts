/** What goes on while a link is made. */
import type { Addressing } from './addressing.ts';

export interface LinkAndAddress<Link> {
  readonly link: Link;
  /** Undefined where it is still to be asked for. */
  readonly addressing: Addressing | undefined;
}

/**
 * Makes a link, and asks for the address meanwhile: an IPAM plugin of our own gets ready while the kernel makes the link, and
 * reserves when that is known to be this attachment's.
 * @param makeLink gets a function that is to be called when the link is there; ends in any case before the error is thrown
 * @param ask gets what reserving has to wait for; left out where the address needs the link as a whole
 * @throws the error of the link, if both fail
 */
export async function withAddress<Link>(
  makeLink: (isOurs: () => void) => Promise<Link>,
  ask: ((after: Promise<void>) => Promise<Addressing>) | undefined,
): Promise<LinkAndAddress<Link>> {
  const ours = Promise.withResolvers<void>();
  const making = makeLink(ours.resolve);
  making.then(() => ours.resolve(), ours.reject);
  // Perhaps nobody waits for it; the error is told by the link itself.
  ours.promise.catch(() => undefined);
  const [link, addressing] = await Promise.allSettled([making, ask?.(ours.promise)]);
  if (link.status === 'rejected') throw link.reason;
  if (addressing.status === 'rejected') throw addressing.reason;
  return { link: link.value, addressing: addressing.value };
}
