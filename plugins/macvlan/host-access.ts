/**
 * hostAccess: the node's own way to its macvlan containers.
 *
 * A NIC does not pass frames between itself and its macvlan children. A macvlan interface of the node's own can talk to
 * them; it has an address, and a route to each container. Which containers it serves is noted below /run (notes.ts): so
 * the last one to go takes the interface with it, and a late DEL never takes the route of whoever has the address now.
 * All of it under one lock.
 */
import type { IsValid } from '../../lib/attach/child-node.ts';
import type { Identity } from '../../lib/cni/identity.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import { digest, randomMac } from '../../lib/exec/digest.ts';
import type { Host } from '../../lib/exec/host.ts';
import { type HeldLock, lockPath, lockRunDir } from '../../lib/exec/lock.ts';
import { replaceAddress } from '../../lib/ip/address.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { deleteLink, setAlias, setUp } from '../../lib/ip/link.ts';
import {
  addressesOf,
  type LinkInfo,
  type RouteInfo,
  readLinks,
  readRoutes,
  showDevice,
} from '../../lib/ip/read.ts';
import {
  type Cidr,
  formatAddress,
  formatCidr,
  hostCidr,
  parseAddress,
  parseCidr,
} from '../../lib/net/address.ts';
import {
  addNotes,
  addressesAt,
  dropNotes,
  holdersOf,
  networkOfNote,
  notedDevices,
  notesOf,
  servedBy,
} from './notes.ts';

export interface Access {
  readonly master: string;
  /** Name of the node's interface; made from network and master where none is given. */
  readonly interface?: string | undefined;
  readonly address: string;
}

const aliasMark = 'plumbline:host-access:';
const aliasFor = ({ master }: Access): string => `${aliasMark}${master}`;

function deviceOf(access: Access, network: string): string {
  return access.interface ?? `veth-${digest(10, 'host-access', network, access.master)}`;
}

const lockOf = (host: Host, device: string): Promise<HeldLock> =>
  lockRunDir(host.runner, lockPath(host.runDir, 'host-access', device));

/** @throws CniError 7 where the interface's name is another link's */
export async function grantHostAccess(
  host: Host,
  access: Access,
  identity: Identity,
  addresses: readonly Cidr[],
): Promise<void> {
  const device = deviceOf(access, identity.network);
  using holding = await lockOf(host, device);
  const { link: present, routes } = await readWay(host, device, addresses);
  refuseOther(present, access, device);
  refuseRoutes(device, routes);
  // Where somebody has removed the interface, those it served before get their routes back, too.
  const served = present ? [] : addressesAt(host, device).flatMap((address) => parseAddress(address) ?? []);
  // Before it is made: an interface without a note would stay for good.
  addNotes(host, device, identity, addresses);
  const own = parseCidr(access.address);
  await ipBatch(
    host,
    [
      ...(present ? [] : creation(access, device)),
      ...(own ? [replaceAddress(device, own, false)] : []),
      setUp(device),
      ...[...served, ...addresses.map(({ address }) => address)].map((address) =>
        hostRoute('replace', device, hostCidr(address)),
      ),
    ],
    { holding },
  );
}

/**
 * The interface, and which routes to these addresses alone the node has; one child. The kernel is asked for each by a
 * lookup: `route show exact` reads all routes, and so grows with the containers.
 */
async function readWay(
  host: Host,
  device: string,
  addresses: readonly Cidr[],
): Promise<{ readonly link: LinkInfo | undefined; readonly routes: readonly RouteInfo[] }> {
  const wanted = addresses.map(({ address }) => formatAddress(address));
  const lookups = wanted.map((address): Command => ['route', 'get', 'fibmatch', address]);
  // What is not there prints nothing: a document is told by what it holds.
  const documents = await ipBatch(host, [showDevice(device), ...lookups], { force: true });
  const routes = documents
    .filter(isOfRoutes)
    .flatMap(readRoutes)
    .filter(({ dst, type }) => wanted.includes(dst) && type !== 'local');
  const [link] = documents.filter((document) => !isOfRoutes(document)).flatMap(readLinks);
  return { link, routes };
}

const isOfRoutes = (document: unknown): boolean =>
  Array.isArray(document) &&
  document.some((entry: unknown) => typeof entry === 'object' && entry !== null && 'dst' in entry);

/**
 * A route to a container's address that leads elsewhere is somebody's own, and is not replaced.
 * @throws CniError 7 that names it
 */
function refuseRoutes(device: string, routes: readonly RouteInfo[]): void {
  const other = routes.find(({ dev }) => dev !== device);
  if (other === undefined) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    `hostAccess: the node has a route of its own to ${other.dst}${other.dev ? ` by ${other.dev}` : ''}; remove it, or keep the address out of the range`,
  );
}

function creation(access: Access, device: string): Command[] {
  return [
    [
      ...['link', 'add', 'link', access.master, 'name', device, 'address', randomMac()],
      ...['type', 'macvlan', 'mode', 'bridge'],
    ],
    setAlias(device, aliasFor(access)),
  ];
}

function hostRoute(verb: 'replace' | 'delete', device: string, cidr: Cidr): Command {
  return ['route', verb, formatCidr(cidr), 'dev', device];
}

/** Takes back what this attachment has of it, on whatever master; with the last one, the interface. */
export async function revokeHostAccess(host: Host, { key }: Identity): Promise<void> {
  for (const device of notedDevices(host)) {
    // Mostly there is nothing: no lock, no child.
    if (notesOf(host, device, key).length > 0) await revokeFrom(host, device, [key]);
  }
}

/** Takes back what all of the network's attachments have that are not to stay. */
export async function collectHostAccess(host: Host, network: string, isValid: IsValid): Promise<void> {
  const own = networkOfNote(network);
  for (const device of notedDevices(host)) {
    const gone = servedBy(host, device)
      .filter((key) => !isValid(key))
      .filter((key) => notesOf(host, device, key).some((note) => note.network === own));
    if (gone.length > 0) await revokeFrom(host, device, gone);
  }
}

async function revokeFrom(host: Host, device: string, keys: readonly string[]): Promise<void> {
  using holding = await lockOf(host, device);
  const going = new Set(keys);
  // One more than those that go is enough to tell.
  const isLast = servedBy(host, device, keys.length + 1).every((key) => going.has(key));
  const commands = isLast ? await removal(host, device) : withdrawal(host, device, going);
  if (commands.length > 0) await ipBatch(host, commands, { holding, force: true });
  for (const key of keys) dropNotes(host, device, key);
}

async function removal(host: Host, device: string): Promise<Command[]> {
  const link = await readInterface(host, device);
  return link?.ifalias?.startsWith(aliasMark) ? [deleteLink(device)] : [];
}

/** An address may be another attachment's by now; then its route stays. */
function withdrawal(host: Host, device: string, going: ReadonlySet<string>): Command[] {
  const notes = [...going].flatMap((key) => notesOf(host, device, key));
  const free = notes.filter(({ address }) => holdersOf(host, device, address).every((key) => going.has(key)));
  const addresses = free.flatMap(({ address }) => parseAddress(address) ?? []);
  return addresses.map((address) => hostRoute('delete', device, hostCidr(address)));
}

async function readInterface(host: Host, device: string): Promise<LinkInfo | undefined> {
  return (await ipBatch(host, [showDevice(device)], { force: true })).flatMap(readLinks)[0];
}

function refuseOther(link: LinkInfo | undefined, access: Access, device: string): void {
  if (link === undefined || link.ifalias === aliasFor(access)) return;
  const what = link.ifalias?.startsWith(aliasMark)
    ? `leads to the master ${show(link.ifalias.slice(aliasMark.length))}, not ${show(access.master)}`
    : 'is not one that plumbline made';
  throw new CniError(
    ErrorCode.invalidConfig,
    `hostAccess.interface: the link ${show(device)} exists and ${what}; name another`,
  );
}

/** CHECK: what is not as it was made, in words. */
export async function hostAccessFaults(
  host: Host,
  access: Pick<Access, 'interface' | 'address'>,
  { key }: Identity,
  addresses: readonly Cidr[],
): Promise<string[]> {
  const noted = notedDevices(host).find((name) => notesOf(host, name, key).length > 0);
  const device = access.interface ?? noted;
  if (device === undefined) return ['the node has no note of its own way to it (hostAccess)'];
  const { link, routes } = await readWay(host, device, addresses);
  if (link === undefined) return [`the node's link ${device} (hostAccess) is gone`];
  const own = parseCidr(access.address);
  const hasOwn = own && addressesOf(link).map(formatCidr).includes(formatCidr(own));
  const led = routes.filter(({ dev }) => dev === device).map(({ dst }) => dst);
  const gone = addresses
    .map(({ address }) => formatAddress(address))
    .filter((address) => !led.includes(address));
  return [
    ...(hasOwn ? [] : [`the address ${access.address} is gone from the node's link ${device}`]),
    ...gone.map((address) => `the node's route to ${address} by ${device} is gone`),
  ];
}
