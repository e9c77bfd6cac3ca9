/** CHECK: is everything still as ADD left it? All that is not is named, not only the first. */
import { type AttachmentContext, sandboxOf } from '../../lib/cni/plugin.ts';
import type { Result, ResultInterface } from '../../lib/cni/result.ts';
import { CniError, ErrorCode } from '../../lib/errors.ts';
import { ipBatch, ipInSandbox, isIpError } from '../../lib/ip/batch.ts';
import {
  isUp,
  kindOf,
  type LinkInfo,
  type RouteInfo,
  readLinks,
  readRoutes,
  showAllRoutes,
  showDevice,
  throughDevice,
} from '../../lib/ip/read.ts';
import { isRoute } from '../../lib/ip/route.ts';
import { type Cidr, formatCidr } from '../../lib/net/address.ts';
import { gatewayFor } from './addressing.ts';
import { type Names, namesOf, recordedIn } from './attachment.ts';
import { addressesOf } from './bridge.ts';
import { type Config, settingsOf } from './config.ts';
import { faultsOfRules } from './rules.ts';

export async function check(context: AttachmentContext<Config>): Promise<void> {
  const { config, host, ipam, prevResult, attachment } = context;
  const settings = settingsOf(context);
  if (prevResult === undefined) {
    throw new CniError(ErrorCode.invalidConfig, 'prevResult: missing; CHECK needs the result that ADD gave');
  }
  const names = namesOf(context);
  const recorded = recordedIn(prevResult, attachment.ifname, settings.bridge, names.host);
  const faults = [
    ...(await hostFaults(context, names, recorded.host)),
    ...(await sandboxFaults(context, recorded.sandbox, recorded.addresses, prevResult)),
    ...(await faultsOfRules(host, config, names, {
      mac: recorded.sandbox?.mac,
      addresses: recorded.addresses,
    })),
    ...(await ipamFaults(ipam)),
  ];
  if (faults.length === 0) return;
  throw new CniError(
    ErrorCode.checkFailed,
    `${attachment.ifname} of container ${attachment.containerId} in network ${attachment.network}: ${faults.join('; ')}`,
  );
}

async function hostFaults(
  { host, config }: AttachmentContext<Config>,
  names: Names,
  recorded: ResultInterface | undefined,
): Promise<string[]> {
  const documents = await ipBatch(host, [showDevice(names.host), showDevice(config.bridge)], { force: true });
  const links = documents.flatMap(readLinks);
  const port = links.find((link) => link.ifname === names.host);
  const bridge = links.find((link) => link.ifname === config.bridge);
  const faults: string[] = [];
  if (bridge === undefined) faults.push(`the bridge ${config.bridge} is gone`);
  else if (kindOf(bridge) !== 'bridge') faults.push(`the link ${config.bridge} is no bridge any more`);
  if (port === undefined) return [...faults, `the host link ${names.host} is gone`];
  if (port.master !== config.bridge) {
    faults.push(`the host link ${names.host} has the master ${port.master ?? 'none'}, not ${config.bridge}`);
  }
  return [...faults, ...linkFaults(port, recorded, `the host link ${names.host}`)];
}

function linkFaults(link: LinkInfo, recorded: ResultInterface | undefined, what: string): string[] {
  const faults: string[] = [];
  if (recorded?.mac !== undefined && recorded.mac.toLowerCase() !== link.address) {
    faults.push(`${what} has the MAC address ${link.address}, not ${recorded.mac}`);
  }
  if (recorded?.mtu !== undefined && recorded.mtu !== link.mtu) {
    faults.push(`${what} has the MTU ${link.mtu}, not ${recorded.mtu}`);
  }
  return faults;
}

async function sandboxFaults(
  context: AttachmentContext<Config>,
  recorded: ResultInterface | undefined,
  addresses: readonly Cidr[],
  result: Result,
): Promise<string[]> {
  const { attachment, config, request } = context;
  const what = `${attachment.ifname} in ${request.netns}`;
  const found = await readSandbox(context);
  if (found === undefined) return [`the link ${what} is gone`];
  const { link, routes } = found;
  const faults = linkFaults(link, recorded, what);
  if (!config.disableContainerInterface && !isUp(link)) faults.push(`${what} is down`);
  const present = new Set(addressesOf(link).map(formatCidr));
  for (const address of addresses.map(formatCidr)) {
    if (!present.has(address)) faults.push(`the address ${address} is gone from ${what}`);
  }
  for (const route of result.routes) {
    const wanted = { ...route, gw: gatewayFor(route, result.ips) };
    if (!routes.some((info) => isRoute(info, wanted))) {
      faults.push(`the route to ${route.dst}${wanted.gw ? ` via ${wanted.gw}` : ''} is gone from ${what}`);
    }
  }
  return faults;
}

async function readSandbox(
  context: AttachmentContext<Config>,
): Promise<{ link: LinkInfo; routes: RouteInfo[] } | undefined> {
  const { ifname } = context.attachment;
  try {
    // All routes, not this device's: the same IPv6 route through two interfaces is one route with two hops.
    const commands = [showDevice(ifname), ...showAllRoutes];
    const [address, ...documents] = await ipInSandbox(context.host, sandboxOf(context), commands);
    const link = readLinks(address)[0];
    const routes = documents.flatMap(readRoutes).flatMap((route) => throughDevice(route, ifname));
    return link && { link, routes };
  } catch (error) {
    if (isIpError(error, 'missing')) return undefined;
    throw error;
  }
}

/** A reservation that is gone is one fault among the others; IPAM's own words tell which. */
async function ipamFaults(ipam: AttachmentContext<Config>['ipam']): Promise<string[]> {
  try {
    await ipam?.check();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
