/** What happens inside the sandbox: sysctls, addresses, up, routes; one child. */
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import type { Netns } from '../../lib/exec/host.ts';
import { addAddress } from '../../lib/ip/address.ts';
import { ipInSandbox, type Sysctl } from '../../lib/ip/batch.ts';
import { setAlias, setUp } from '../../lib/ip/link.ts';
import { addRoute } from '../../lib/ip/route.ts';
import { type Addressing, gatewayFor } from './addressing.ts';
import type { Names } from './attachment.ts';
import type { Config } from './config.ts';

export async function enterSandbox(
  { host, config, attachment }: AttachmentContext<Config>,
  names: Names,
  sandbox: Netns,
  { ips, routes, addresses }: Addressing,
): Promise<void> {
  const { ifname } = attachment;
  const families = new Set(addresses.map(({ address }) => address.family));
  await ipInSandbox(
    host,
    sandbox,
    [
      setAlias(ifname, names.alias),
      ...addresses.map((address) => addAddress(ifname, address, config.enabledad)),
      setUp(ifname),
      ...routes.map((route) => addRoute(ifname, { ...route, gw: gatewayFor(route, ips) })),
    ],
    sysctls(ifname, families, config.enabledad),
  );
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
