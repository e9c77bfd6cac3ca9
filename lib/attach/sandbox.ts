/** What happens inside the sandbox: sysctls, addresses, up, routes; one child. */
import type { Route } from '../cni/result.ts';
import type { Host, Netns } from '../exec/host.ts';
import { addAddress } from '../ip/address.ts';
import { ipInSandbox, isIpError, type Sysctl } from '../ip/batch.ts';
import { addName, setAlias, setMac, setUp } from '../ip/link.ts';
import { addRoute } from '../ip/route.ts';
import { type Addressing, gatewayFor } from './addressing.ts';
import { nameTaken } from './taken.ts';

export interface SandboxSetup {
  readonly ifname: string;
  /** None for a link that outlives the sandbox: it would go home with it. */
  readonly alias: string | undefined;
  readonly addressing: Addressing;
  /** IPv6 duplicate address detection. */
  readonly detectDuplicates: boolean;
  /** Routes go by the device alone, as in an ipvlan of layer 3. */
  readonly withoutGateways?: boolean;
  /** A further name of the link, where it cannot have it as its own. */
  readonly altname?: string | undefined;
  /** The link's MAC address, where it was made with another. */
  readonly mac?: string | undefined;
}

export async function enterSandbox(host: Host, sandbox: Netns, setup: SandboxSetup): Promise<void> {
  const { ifname, alias, addressing, detectDuplicates, withoutGateways = false, mac, altname } = setup;
  const { ips, routes, addresses } = addressing;
  const families = new Set(addresses.map(({ address }) => address.family));
  const gateway = (route: Route): string | undefined =>
    withoutGateways ? undefined : gatewayFor(route, ips);
  const commands = [
    // First: where it is taken, nothing was changed.
    ...(altname === undefined ? [] : [addName(ifname, altname)]),
    ...(alias === undefined ? [] : [setAlias(ifname, alias)]),
    ...(mac === undefined ? [] : [setMac(ifname, mac)]),
    ...addresses.map((address) => addAddress(ifname, address, detectDuplicates)),
    setUp(ifname),
    ...routes.map((route) => addRoute(ifname, { ...route, gw: gateway(route) })),
  ];
  try {
    await ipInSandbox(host, sandbox, commands, { sysctls: sysctls(ifname, families, detectDuplicates) });
  } catch (error) {
    const isName = altname !== undefined && isIpError(error, 'exists') && error.failed === 0;
    throw isName ? nameTaken('CNI_IFNAME', altname, sandbox.path, error.details) : error;
  }
}

/** Set before the addresses are added: a sandbox often comes with IPv6 off, and detection runs when an address is added. */
function sysctls(ifname: string, families: ReadonlySet<4 | 6>, detectDuplicates: boolean): Sysctl[] {
  const v4: Sysctl[] = [[`ipv4/conf/${ifname}/arp_notify`, '1']];
  const v6: Sysctl[] = [
    ['ipv6/conf/lo/disable_ipv6', '0'],
    [`ipv6/conf/${ifname}/disable_ipv6`, '0'],
    [`ipv6/conf/${ifname}/keep_addr_on_down`, '1'],
    [`ipv6/conf/${ifname}/ndisc_notify`, '1'],
    [`ipv6/conf/${ifname}/accept_dad`, detectDuplicates ? '1' : '0'],
    ...(detectDuplicates ? [[`ipv6/conf/${ifname}/enhanced_dad`, '1'] as const] : []),
  ];
  return [...(families.has(4) ? v4 : []), ...(families.has(6) ? v6 : [])];
}
