/** What a user would see: it answers, or it does not. */
import { eventually, type Place } from './place.ts';

/** An address, or a place: then all its addresses. */
export type Target = string | Pick<Place, 'name' | 'addresses'>;

/**
 * Expects that a target answers, from each of its addresses where it is a place.
 * @param within milliseconds until it must; neighbours and bridge ports take a moment to come up
 */
export async function expectPing(from: Place, to: Target, within = 3_000): Promise<void> {
  for (const address of await addressesOf(to)) {
    if (await eventually(() => from.ping(address), within)) continue;
    const [addresses, routes, routes6] = await Promise.all([
      from.try('ip', '-brief', 'address'),
      from.try('ip', 'route'),
      from.try('ip', '-6', 'route'),
    ]);
    throw new Error(
      `${from.name} gets no answer from ${address} within ${within} ms; it has\n` +
        [addresses, routes, routes6].map(({ stdout, stderr }) => stdout + stderr).join('\n'),
    );
  }
}

/** Expects that a target does not answer: three packets over more than a second bring nothing back. */
export async function expectNoPing(from: Place, to: Target): Promise<void> {
  const addresses = await addressesOf(to);
  const answered = await Promise.all(addresses.map((address) => from.ping(address, { count: 3 })));
  const who = addresses.filter((_, index) => answered[index]);
  if (who.length > 0)
    throw new Error(`${from.name} gets an answer from ${who.join(', ')}, which it should not`);
}

async function addressesOf(target: Target): Promise<readonly string[]> {
  if (typeof target === 'string') return [target.replace(/\/\d+$/, '')];
  const addresses = await target.addresses();
  if (addresses.length === 0) throw new Error(`${target.name} has no address to be pinged at`);
  return addresses.map((address) => address.replace(/\/\d+$/, ''));
}
