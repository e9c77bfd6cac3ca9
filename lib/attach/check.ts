/** CHECK: what every interface plugin looks at. All that is wrong is named, not only the first. */
import type { Attachment } from '../cni/identity.ts';
import { type AttachmentContext, sandboxOf } from '../cni/plugin.ts';
import type { Result, ResultInterface } from '../cni/result.ts';
import { CniError, ErrorCode } from '../errors.ts';
import { ipInSandbox, isIpError } from '../ip/batch.ts';
import {
  addressesOf,
  isUp,
  kindOf,
  type LinkInfo,
  type RouteInfo,
  readLinks,
  readRoutes,
  showAllRoutes,
  showDevice,
  throughDevice,
} from '../ip/read.ts';
import { isRoute } from '../ip/route.ts';
import { formatCidr } from '../net/address.ts';
import { gatewayFor } from './addressing.ts';
import type { Recorded } from './recorded.ts';

/**
 * The result that the runtime gives back.
 * @throws CniError 7 where it gives none
 */
export function resultToCheck({ prevResult }: AttachmentContext<unknown>): Result {
  if (prevResult !== undefined) return prevResult;
  throw new CniError(ErrorCode.invalidConfig, 'prevResult: missing; CHECK needs the result that ADD gave');
}

/** @throws CniError 104 that names every fault, if there is any */
export function refuseFaults({ network, containerId, ifname }: Attachment, faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new CniError(
    ErrorCode.checkFailed,
    `${ifname} of container ${containerId} in network ${network}: ${faults.join('; ')}`,
  );
}

/** What is not as recorded: MAC address, MTU. */
export function linkFaults(link: LinkInfo, recorded: ResultInterface | undefined, what: string): string[] {
  const faults: string[] = [];
  if (recorded?.mac !== undefined && recorded.mac.toLowerCase() !== link.address) {
    faults.push(`${what} has the MAC address ${link.address}, not ${recorded.mac}`);
  }
  if (recorded?.mtu !== undefined && recorded.mtu !== link.mtu) {
    faults.push(`${what} has the MTU ${link.mtu}, not ${recorded.mtu}`);
  }
  return faults;
}

export interface SandboxExpectation {
  /** Name of the link, where it is not CNI_IFNAME. */
  readonly ifname?: string | undefined;
  /** The link is left down. */
  readonly down?: boolean;
  /** Its kind, for links that stand alone in the sandbox. */
  readonly kind?: string;
  /** Routes go by the device alone. */
  readonly withoutGateways?: boolean;
  /** Its other end is a switch's, and there at any time. */
  readonly carrier?: boolean;
}

/** What is not as ADD left it inside the sandbox. */
export async function sandboxFaults(
  context: AttachmentContext<unknown>,
  result: Result,
  { sandbox: recorded, addresses }: Recorded,
  expected: SandboxExpectation,
): Promise<string[]> {
  const { attachment, request } = context;
  const { ifname = attachment.ifname } = expected;
  const what = `${ifname} in ${request.netns}`;
  const found = await readSandbox(context, ifname);
  if (found === undefined) return [`the link ${what} is gone`];
  const { link, routes } = found;
  if (expected.kind !== undefined && kindOf(link) !== expected.kind) {
    return [`the link ${what} is of the kind ${kindOf(link) ?? 'unknown'}, not ${expected.kind}`];
  }
  const isDown = !expected.down && !isUp(link);
  const hasLost = expected.carrier && isUp(link) && !link.flags.includes('LOWER_UP');
  const present = new Set(addressesOf(link).map(formatCidr));
  const gone = addresses.map(formatCidr).filter((address) => !present.has(address));
  return [
    ...linkFaults(link, recorded, what),
    ...(isDown ? [`${what} is down`] : []),
    ...(hasLost ? [`${what} has no carrier: the switch has lost it`] : []),
    ...gone.map((address) => `the address ${address} is gone from ${what}`),
    ...routeFaults(result, routes, what, expected.withoutGateways ?? false),
  ];
}

function routeFaults(
  result: Result,
  routes: readonly RouteInfo[],
  what: string,
  withoutGateways: boolean,
): string[] {
  return result.routes
    .map((route) => ({ ...route, gw: withoutGateways ? undefined : gatewayFor(route, result.ips) }))
    .filter((wanted) => !routes.some((info) => isRoute(info, wanted)))
    .map(({ dst, gw }) => `the route to ${dst}${gw ? ` via ${gw}` : ''} is gone from ${what}`);
}

async function readSandbox(
  context: AttachmentContext<unknown>,
  ifname: string,
): Promise<{ link: LinkInfo; routes: RouteInfo[] } | undefined> {
  try {
    // All routes, not this device's: the same IPv6 route through two interfaces is one route with two hops.
    const commands = [showDevice(ifname), ...showAllRoutes];
    const [address, ...documents] = await ipInSandbox(context.host, sandboxOf(context), commands);
    const link = readLinks(address)[0];
    // It may have been found by its second name; routes have its own.
    const name = link?.ifname ?? ifname;
    const routes = documents.flatMap(readRoutes).flatMap((route) => throughDevice(route, name));
    return link && { link, routes };
  } catch (error) {
    if (isIpError(error, 'missing')) return undefined;
    throw error;
  }
}

/** A reservation that is gone is one fault among the others; IPAM's own words tell which. */
export async function ipamFaults(ipam: AttachmentContext<unknown>['ipam']): Promise<string[]> {
  try {
    await ipam?.check();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
