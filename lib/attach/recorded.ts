/** What a result, as the runtime keeps it, says of an attachment. */
import { ifnameFault } from '../cni/request.ts';
import type { Result, ResultInterface } from '../cni/result.ts';
import { type Cidr, parseCidr } from '../net/address.ts';

/** What a result says of this attachment. A chain's later plugins may have added interfaces and addresses of their own. */
export interface Recorded {
  readonly sandbox: ResultInterface | undefined;
  readonly host: ResultInterface | undefined;
  readonly addresses: readonly Cidr[];
}

/**
 * @param master of the link on the host, which is not its end
 * @param name of the host's end; without one, the first link of the host that the result names beside the master
 */
export function recordedIn(
  result: Result | undefined,
  ifname: string,
  master: string | undefined,
  name?: string,
): Recorded {
  const interfaces = result?.interfaces ?? [];
  const isHost = ({ name: link, sandbox }: ResultInterface): boolean =>
    !sandbox && (name ? link === name : link !== master && ifnameFault(link) === undefined);
  const sandboxIndex = interfaces.findIndex((entry) => entry.name === ifname && entry.sandbox);
  const own = (result?.ips ?? []).filter((ip) => ip.interface === undefined || ip.interface === sandboxIndex);
  return {
    sandbox: interfaces[sandboxIndex],
    host: interfaces.find(isHost),
    addresses: own.flatMap(({ address }) => parseCidr(address) ?? []),
  };
}
