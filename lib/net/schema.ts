/** Addresses and networks in a config. The texts stay texts; address.ts reads them. */
import * as z from '#zod';
import { once } from '../once.ts';
import { parseAddress, parseCidr } from './address.ts';

/** `10.1.0.1` or `fd00::1`. An empty text is as good as none, as in the reference. */
export const isAddressOrEmpty = (text: string): boolean => text === '' || parseAddress(text) !== undefined;

export const optionalAddress = once(() =>
  z.optional(
    z.string().check(z.refine(isAddressOrEmpty, { error: 'an address such as 10.1.0.1 or fd00::1' })),
  ),
);

/** `10.1.0.0/24` or `fd00::/64`; host bits are the caller's matter. */
export const isCidr = (text: string): boolean => parseCidr(text) !== undefined;

export const cidrText = once(() =>
  z.string().check(
    z.refine(isCidr, {
      error: 'an address with a prefix length such as 10.1.0.0/24 or fd00::/64',
    }),
  ),
);
