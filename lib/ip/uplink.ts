/**
 * A host's NIC as a port of a bridge, and back.
 *
 * The NIC's addresses and routes can move to the bridge with it. That is done in one batch, in an order in which the
 * host stays reachable, so that a remote session over that very NIC survives it.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { CniError, ErrorCode, show } from '../errors.ts';
import { inRunDir, makeFolder } from '../exec/folder.ts';
import type { Host } from '../exec/host.ts';
import { type HeldLock, lockPath, lockRunDir } from '../exec/lock.ts';
import { ipBatch } from './batch.ts';
import type { Command } from './command.ts';
import { isOurAddress } from './gateway-record.ts';
import { setMac, setMaster, setUp, unsetMaster } from './link.ts';
import {
  type AddressInfo,
  kindOf,
  type LinkInfo,
  type RouteInfo,
  readLinks,
  readRoutes,
  showDevice,
  showRoutes,
} from './read.ts';

export interface UplinkSettings {
  readonly device: string;
  readonly migrateAddresses: boolean;
}

/** A link with all that it carries. */
interface Carrier {
  readonly link: LinkInfo;
  readonly routes: readonly RouteInfo[];
}

/** Makes the NIC a port of the bridge; nothing is done where it is one. The bridge must be there. */
export async function ensureUplink(
  host: Host,
  bridge: string,
  uplink: UplinkSettings,
  forwarding: boolean,
): Promise<void> {
  if ((await readCarrier(host, uplink.device, 'uplink.device')).link.master === bridge) return;
  using holding = await lockRunDir(host.runner, lockPath(host.runDir, 'uplink', bridge));
  const nic = await readCarrier(host, uplink.device, 'uplink.device');
  if (nic.link.master === bridge) return;
  refuseUnfit(nic.link, bridge);
  await refuseSecond(host, uplink.device, bridge);
  const target = await readCarrier(host, bridge, 'bridge');
  keepRouterAdvertisements(host, uplink.device, bridge, forwarding);
  record(host, bridge, uplink.device);
  const moved = uplink.migrateAddresses ? move(nic, uplink.device, bridge) : noMove;
  const commands = [
    setMac(bridge, nic.link.address ?? ''),
    setUp(bridge),
    ...moved.addresses,
    setMaster(uplink.device, bridge),
    setUp(uplink.device),
    ...moved.routes,
    ...moved.removals,
  ];
  const back = [
    unsetMaster(uplink.device),
    setMac(bridge, target.link.address ?? ''),
    ...move(nic, bridge, uplink.device).all,
  ];
  try {
    await batchOrBack(host, commands, back, holding);
  } catch (error) {
    rmSync(recordPath(host, bridge), { force: true });
    throw error;
  }
}

/**
 * Takes the NIC out of the bridge again, and gives it back the addresses and routes that are not plumbline's own.
 * For `plumbline release-uplink`: no DEL and no GC does this, since it could cut the host off.
 * @returns name of the NIC
 */
export async function releaseUplink(host: Host, bridge: string): Promise<string> {
  using holding = await lockRunDir(host.runner, lockPath(host.runDir, 'uplink', bridge));
  const carrier = await readCarrier(host, bridge, 'bridge');
  const device = host.kernel.read(recordPath(host, bridge)) ?? (await onlyPhysicalPort(host, bridge));
  const nic = await readCarrier(host, device, 'uplink');
  if (nic.link.master !== bridge) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${device} is not a port of ${bridge}; nothing is to be released`,
    );
  }
  const isOurs = ({ local, prefixlen }: AddressInfo): boolean =>
    isOurAddress(host, carrier.link, `${local}/${prefixlen}`);
  const theirs = {
    ...carrier.link,
    addr_info: (carrier.link.addr_info ?? []).filter((info) => !isOurs(info)),
  };
  const moved = move({ ...carrier, link: theirs }, bridge, device);
  await batchOrBack(
    host,
    [...moved.addresses, unsetMaster(device), setUp(device), ...moved.routes, ...moved.removals],
    [setMaster(device, bridge), ...move({ ...carrier, link: theirs }, device, bridge).all],
    holding,
  );
  rmSync(recordPath(host, bridge), { force: true });
  return device;
}

async function readCarrier(host: Host, device: string, field: string): Promise<Carrier> {
  const documents = await ipBatch(host, [showDevice(device), ...showRoutes(device)], { force: true });
  const [links, ...routes] = documents;
  const link = links === undefined ? undefined : readLinks(links)[0];
  if (link === undefined) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${field}: there is no link ${show(device)}; "ip link" lists those there are`,
    );
  }
  return { link, routes: routes.flatMap(readRoutes) };
}

function refuseUnfit(nic: LinkInfo, bridge: string): void {
  const obstacle =
    nic.master !== undefined
      ? `is a port of ${nic.master} already`
      : kindOf(nic) === 'bridge'
        ? 'is itself a bridge'
        : nic.flags.includes('LOOPBACK')
          ? 'is the loopback interface'
          : undefined;
  if (obstacle === undefined) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    `uplink.device: ${show(nic.ifname)} ${obstacle}, and cannot become a port of ${bridge}; name a free NIC`,
  );
}

/** With a second one, the bridge would change its MAC address, and release-uplink give the node's addresses to the wrong NIC. */
async function refuseSecond(host: Host, device: string, bridge: string): Promise<void> {
  const first = host.kernel.read(recordPath(host, bridge));
  if (first === undefined || first === device) return;
  const [link] = (await ipBatch(host, [showDevice(first)], { force: true })).flatMap(readLinks);
  if (link?.master !== bridge) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    `uplink.device: ${bridge} has the uplink ${show(first)} already, and cannot have ${show(device)} too; ` +
      `name that one, or take it out by "plumbline release-uplink ${bridge}"`,
  );
}

/** The router's advertisements go on being heard on the bridge; a forwarding node hears them with 2 only. */
function keepRouterAdvertisements(host: Host, device: string, bridge: string, forwarding: boolean): void {
  const file = (name: string): string => `/proc/sys/net/ipv6/conf/${name}/accept_ra`;
  const heard = host.kernel.read(file(device));
  if (heard === undefined) return;
  const forwards = forwarding || host.kernel.read('/proc/sys/net/ipv6/conf/all/forwarding') === '1';
  host.kernel.write(file(bridge), heard !== '0' && forwards ? '2' : heard);
}

interface Move {
  readonly addresses: readonly Command[];
  readonly routes: readonly Command[];
  readonly removals: readonly Command[];
  readonly all: readonly Command[];
}

const noMove: Move = { addresses: [], routes: [], removals: [], all: [] };

/** Commands that move what a link carries to another: addresses there, then routes there, then addresses gone here. */
function move({ link, routes }: Carrier, from: string, to: string): Move {
  const movable = (link.addr_info ?? []).filter(({ scope }) => scope !== 'link' && scope !== 'host');
  // In an order that keeps theirs: the kernel puts a new IPv6 address first, an IPv4 address last.
  const isV6 = ({ family }: AddressInfo): boolean => family === 'inet6';
  const ordered = [...movable.filter((info) => !isV6(info)), ...movable.filter(isV6).reverse()];
  const addresses = ordered.map((info) => addressCommand('replace', info, to));
  const moved = routes.filter(isOwnRoute).map((route) => routeCommand(route, to));
  // Last first: with the first address of a subnet the kernel removes those that were added after it.
  const removals = movable
    .map(({ local, prefixlen }) => ['address', 'delete', `${local}/${prefixlen}`, 'dev', from])
    .reverse();
  return { addresses, routes: moved, removals, all: [...addresses, ...moved, ...removals] };
}

/** The largest 32-bit lifetime is "forever"; ip shows it as the number. */
const forever = 4294967295;

function addressCommand(verb: 'replace', info: AddressInfo, device: string): Command {
  const lifetime = (value: number | undefined): string =>
    value === undefined || value === forever ? 'forever' : String(value);
  return [
    ...['address', verb, `${info.local}/${info.prefixlen}`, 'dev', device],
    ...(info.broadcast ? ['broadcast', info.broadcast] : []),
    ...(info.scope && info.scope !== 'global' ? ['scope', info.scope] : []),
    ...(info.family === 'inet6' ? ['nodad'] : []),
    ...(info.noprefixroute ? ['noprefixroute'] : []),
    ...['valid_lft', lifetime(info.valid_life_time), 'preferred_lft', lifetime(info.preferred_life_time)],
  ];
}

/** The kernel makes its own routes with the addresses: of the subnet, of the local table, of link-local and multicast. */
function isOwnRoute({ protocol, table, type }: RouteInfo): boolean {
  return protocol !== 'kernel' && table !== 'local' && (type === undefined || type === 'unicast');
}

/** Metrics of a route that `ip route` takes in the unit in which it shows them. */
const metricNames = ['mtu', 'advmss', 'window', 'initcwnd', 'initrwnd', 'hoplimit', 'quickack'] as const;

function routeCommand(route: RouteInfo, device: string): Command {
  const option = (name: string, value: unknown): string[] =>
    value === undefined ? [] : [name, String(value)];
  const isV6 = route.dst.includes(':') || route.gateway?.includes(':');
  const metrics: Readonly<Record<string, unknown>> = Object.assign({}, ...(route.metrics ?? []));
  return [
    ...['route', 'replace', route.dst === 'default' && isV6 ? '::/0' : route.dst],
    ...option('via', route.gateway),
    ...['dev', device],
    ...option('proto', route.protocol),
    ...(isV6 ? [] : option('scope', route.scope)),
    ...option('metric', route.metric),
    ...option('table', route.table),
    ...option('src', route.prefsrc),
    ...option('expires', route.expires),
    ...option('pref', route.pref),
    ...metricNames.flatMap((name) => option(name, metrics[name])),
    ...(route.flags?.includes('onlink') ? ['onlink'] : []),
  ];
}

/** A host half moved is a host cut off: what fails is taken back before the error is told. */
async function batchOrBack(
  host: Host,
  commands: readonly Command[],
  back: readonly Command[],
  holding: HeldLock,
): Promise<void> {
  try {
    await ipBatch(host, commands, { holding });
  } catch (error) {
    await ipBatch(host, back, { holding, force: true });
    throw error;
  }
}

const recordPath = (host: Host, bridge: string): string => `${host.runDir}/uplinks/${bridge}`;

function record(host: Host, bridge: string, device: string): void {
  const path = recordPath(host, bridge);
  inRunDir(path, () => {
    makeFolder(`${host.runDir}/uplinks`, 0o700);
    writeFileSync(path, device);
  });
}

async function onlyPhysicalPort(host: Host, bridge: string): Promise<string> {
  const [document] = await ipBatch(host, [['link', 'show', 'master', bridge]]);
  const ports = readLinks(document).filter(
    (link) => !link.ifalias?.startsWith('plumbline:') && kindOf(link) !== 'veth',
  );
  const [port] = ports;
  if (port !== undefined && ports.length === 1) return port.ifname;
  throw new CniError(
    ErrorCode.invalidConfig,
    `${bridge} has ${ports.length} ports that could be its uplink, and no record tells which; take it out by "ip link set dev NIC nomaster"`,
  );
}
