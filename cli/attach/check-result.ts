/** Whether plugins have done what was asked for: none has to say that it has no place for a wish. */
import type { JsonObject } from '../../lib/cni/json.ts';
import { parseCidr, sameAddress } from '../../lib/net/address.ts';
import { addressesOf, macOf } from './state.ts';
import type { Wishes } from './wishes.ts';

/** @returns what is otherwise than asked for, and the remedy; undefined where all is as it was */
export function findRefused(
  result: JsonObject,
  ifname: string,
  { addresses, mac }: Wishes,
): string | undefined {
  const given = macOf({ result, ifname });
  if (mac !== undefined && given !== mac) {
    return `--mac: the network has given ${given ?? 'no MAC address'} and not ${mac}; it needs a plugin with "capabilities": {"mac": true}`;
  }
  const texts = addressesOf({ result, ifname });
  for (const { text, address, cidr } of addresses) {
    const found = texts.map(parseCidr).find((own) => own !== undefined && sameAddress(own.address, address));
    if (found === undefined) {
      return `--ip: the network has given ${texts.join(', ') || 'no address'} and not ${text}; it needs a plugin with "capabilities": {"ips": true}`;
    }
    if (cidr !== undefined && found.prefix !== cidr.prefix) {
      return `--ip: the network's prefix is /${found.prefix}, and ${text} asks for /${cidr.prefix}; write the network's`;
    }
  }
  return undefined;
}
