/** The bridge: made if missing, looked after if there, its gateway addresses. */
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import { randomMac } from '../../lib/exec/digest.ts';
import type { Host } from '../../lib/exec/host.ts';
import { type HeldLock, lockPath, lockRunDir } from '../../lib/exec/lock.ts';
import { deleteAddress, replaceAddress } from '../../lib/ip/address.ts';
import { ipBatch, isIpError } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { linkExists } from '../../lib/ip/exists.ts';
import { isOurAddress, rememberAddress } from '../../lib/ip/gateway-record.ts';
import { addBridge, addVlan, setFlag, setUp, setVlanFiltering } from '../../lib/ip/link.ts';
import { addressesOf, isUp, kindOf, type LinkInfo, readLink, showDevice } from '../../lib/ip/read.ts';
import { type Cidr, contains, formatAddress, formatCidr, isLinkLocal } from '../../lib/net/address.ts';
import type { Config, Settings } from './config.ts';

/** What makes the bridge; nothing where it is there. */
export function bridgeCommands(host: Host, { bridge, mtu, vlans }: Settings): Command[] {
  if (linkExists(host, bridge)) return [];
  return [
    addBridge({ name: bridge, mac: randomMac(), mtu, vlanFiltering: vlans !== undefined }),
    setUp(bridge),
  ];
}

/** Makes the bridge where there is none; that another call makes it at the same time is no error. */
export async function ensureBridge(host: Host, settings: Settings): Promise<void> {
  const commands = bridgeCommands(host, settings);
  if (commands.length === 0) return;
  try {
    await ipBatch(host, commands);
  } catch (error) {
    if (!isIpError(error, 'exists')) throw error;
  }
}

/**
 * Refuses a link that is no bridge.
 * @throws CniError 7
 */
export function refuseOtherKind(link: LinkInfo | undefined, bridge: string): asserts link is LinkInfo {
  const kind = link && (kindOf(link) ?? 'a physical or unknown kind');
  if (kind === 'bridge') return;
  throw new CniError(
    ErrorCode.invalidConfig,
    kind === undefined
      ? `bridge: ${show(bridge)} is gone; another program has removed it`
      : `bridge: the link ${show(bridge)} exists and is no bridge but ${kind}; name another one, or remove it`,
  );
}

/** What a bridge that was there before still lacks. In the steady state: nothing. */
export async function mendBridge(
  host: Host,
  link: LinkInfo,
  config: Config,
  settings: Settings,
): Promise<void> {
  const { bridge, vlans, gateway } = settings;
  const filtering = link.linkinfo?.info_data?.['vlan_filtering'] === 1;
  const commands: Command[] = [
    ...(config.promiscMode && !link.flags.includes('PROMISC') ? [setFlag(bridge, 'PROMISC', true)] : []),
    ...(vlans && !filtering ? [setVlanFiltering(bridge)] : []),
    ...(isUp(link) ? [] : [setUp(bridge)]),
  ];
  if (commands.length > 0) await ipBatch(host, commands);
  // With an uplink, what the routers say is for the node.
  if (!config.uplink) ignoreAdvertisements(host, bridge);
  if (gateway && settings.gatewayDevice !== bridge) await ensureVlanGateway(host, settings, link.address);
}

/**
 * The routes of this link are ours; a router's advertisement must not add any. A link without IPv6 hears none: the
 * kernel has no IPv6, or the link's MTU is below the 1280 bytes that IPv6 needs (RFC 8200, section 5).
 */
export function ignoreAdvertisements(host: Host, device: string): void {
  const setting = `/proc/sys/net/ipv6/conf/${device}/accept_ra`;
  if (host.kernel.exists(setting)) host.kernel.write(setting, '0');
}

/**
 * The 8021q interface that is the gateway of a VLAN: `<bridge>.<vlan>`, and the bridge itself a member of the VLAN.
 * @param mac of the bridge. With any other, frames to the gateway are to no station that the bridge knows: it floods
 *   them to all ports of the VLAN and takes its own copy as a promiscuous listener, which with br_netfilter is not
 *   tracked (Linux 6.9) and hence not masqueraded
 */
async function ensureVlanGateway(
  host: Host,
  { bridge, vlans, gatewayDevice }: Settings,
  mac: string | undefined,
): Promise<void> {
  if (linkExists(host, gatewayDevice) || vlans?.native === undefined) return;
  const { native } = vlans;
  const tag: Command = ['vlan', 'add', 'dev', bridge, 'vid', String(native), 'self'];
  await ipBatch(host, [tag], { program: 'bridge' });
  try {
    await ipBatch(host, [addVlan(bridge, gatewayDevice, native, mac ?? randomMac()), setUp(gatewayDevice)]);
  } catch (error) {
    if (!isIpError(error, 'exists')) throw error;
  }
  ignoreAdvertisements(host, gatewayDevice);
}

/**
 * Puts the gateway's addresses on their device, and turns forwarding on.
 * @param link the device as it was read in this call; undefined where it was not
 * @throws CniError 7 where another address is in the way and forceAddress does not say to replace it
 */
export async function ensureGateway(
  host: Host,
  device: string,
  link: LinkInfo | undefined,
  gateways: readonly Cidr[],
  config: Config,
): Promise<void> {
  const present = link ? addressesOf(link) : [];
  const missing = gateways.filter((gateway) => !present.some((address) => isSame(address, gateway)));
  if (missing.length > 0) {
    const lock = lockPath(host.runDir, 'gateway', device);
    if (link && obstaclesTo(host, link, gateways, config).length === 0) {
      await placeGateways(host, link, { gateways, missing }, config, lock);
    } else {
      using holding = await lockRunDir(host.runner, lock);
      await replaceGateways(host, await readDevice(host, device), gateways, config, holding);
    }
  }
  if (gateways.some(({ address }) => address.family === 4))
    host.kernel.write('/proc/sys/net/ipv4/ip_forward', '1');
  if (gateways.some(({ address }) => address.family === 6)) {
    host.kernel.write('/proc/sys/net/ipv6/conf/all/forwarding', '1');
  }
}

async function readDevice(host: Host, device: string): Promise<LinkInfo> {
  const [document] = await ipBatch(host, [showDevice(device)]);
  const link = readLink(document);
  if (link === undefined)
    throw new CniError(ErrorCode.io, `the link ${device} is gone; another program has removed it`);
  return link;
}

/**
 * The usual way, one child: nothing was in the way when the device was read. Calls of other networks may place theirs
 * at the same time; the children go one after the other, so whoever comes second sees what is in the way, and yields.
 */
async function placeGateways(
  host: Host,
  before: LinkInfo,
  { gateways, missing }: { readonly gateways: readonly Cidr[]; readonly missing: readonly Cidr[] },
  config: Config,
  lock: string,
): Promise<void> {
  const device = before.ifname;
  for (const gateway of missing) rememberAddress(host, before, formatCidr(gateway));
  const [document] = await ipBatch(
    host,
    [...missing.map((gateway) => replaceAddress(device, gateway, config.enabledad)), showDevice(device)],
    { lock },
  );
  const after = readLink(document) ?? before;
  if (obstaclesTo(host, after, gateways, config).length === 0) return;
  for (const gateway of missing) await ipBatch(host, [deleteAddress(device, gateway)], { lock, force: true });
  refuseObstacles(host, after, gateways, { ...config, forceAddress: false });
}

/** With something in the way, under the lock: replaces it where that is asked for and it is ours, or refuses. */
async function replaceGateways(
  host: Host,
  link: LinkInfo,
  gateways: readonly Cidr[],
  config: Config,
  holding: HeldLock,
): Promise<void> {
  refuseObstacles(host, link, gateways, config);
  const obsolete = obstaclesTo(host, link, gateways, config);
  for (const gateway of gateways) rememberAddress(host, link, formatCidr(gateway));
  const commands = [
    ...obsolete.map((address) => deleteAddress(link.ifname, address)),
    ...gateways.map((gateway) => replaceAddress(link.ifname, gateway, config.enabledad)),
  ];
  await ipBatch(host, commands, { holding });
}

function refuseObstacles(host: Host, link: LinkInfo, gateways: readonly Cidr[], config: Config): void {
  const obstacles = obstaclesTo(host, link, gateways, config);
  const foreign = obstacles.filter((address) => !isOurAddress(host, link, formatCidr(address)));
  if (obstacles.length === 0 || (config.forceAddress && foreign.length === 0)) return;
  const [first] = foreign.map(formatCidr);
  throw new CniError(
    ErrorCode.invalidConfig,
    config.forceAddress
      ? `forceAddress: the address ${foreign.map(formatCidr).join(', ')} of ${link.ifname} was not set by plumbline, ` +
          `which therefore leaves it; to replace it, remove it by "ip address delete ${first} dev ${link.ifname}"`
      : `bridge: ${link.ifname} has the address ${obstacles.map(formatCidr).join(', ')}, other than the gateway ` +
          `${gateways.map(formatCidr).join(', ')}; correct the gateway, use another bridge, or set forceAddress`,
  );
}

/** Addresses of a device that none of the gateways is, and that one of them cannot stand beside. */
function obstaclesTo(host: Host, link: LinkInfo, gateways: readonly Cidr[], config: Config): Cidr[] {
  return addressesOf(link).filter(
    (address) =>
      !gateways.some((gateway) => isSame(address, gateway)) &&
      gateways.some((gateway) => conflicts(host, link, address, gateway, config)),
  );
}

/** Any other IPv4 address is in the way, and an IPv6 address of an overlapping subnet; link-local never. */
function conflicts(host: Host, link: LinkInfo, address: Cidr, gateway: Cidr, config: Config): boolean {
  if (address.address.family !== gateway.address.family || isLinkLocal(address.address)) return false;
  // With an uplink the bridge carries the node's own addresses beside the gateway's.
  if (config.uplink && !isOurAddress(host, link, formatCidr(address))) return false;
  return (
    gateway.address.family === 4 || contains(address, gateway.address) || contains(gateway, address.address)
  );
}

function isSame(a: Cidr, b: Cidr): boolean {
  return a.prefix === b.prefix && formatAddress(a.address) === formatAddress(b.address);
}
