/**
 * hostAccess: the node's own way to its macvlan containers.
 *
 * A NIC does not pass frames between itself and its macvlan children. A macvlan interface of the node's own can talk to
 * them; it has an address, and a route to each container. Which containers it serves stands in small files below /run,
 * one an address, named by it and holding the attachment's key: so the last one to go takes the interface with it, and a
 * late DEL never takes the route of whoever has the address now. All of it under one lock.
 */
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import type { IsValid } from '../../lib/attach/child-node.ts';
import type { Identity } from '../../lib/cni/identity.ts';
import { CniError, ErrorCode, isErrnoException, show } from '../../lib/errors.ts';
import { digest, randomMac } from '../../lib/exec/digest.ts';
import type { Host } from '../../lib/exec/host.ts';
import { type HeldLock, lockPath, lockRunDir } from '../../lib/exec/lock.ts';
import { addAddress } from '../../lib/ip/address.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { deleteLink, setAlias, setUp } from '../../lib/ip/link.ts';
import {
  addressesOf,
  type LinkInfo,
  readLinks,
  readRoutes,
  showDevice,
  showRoutes,
} from '../../lib/ip/read.ts';
import { addressBits, type Cidr, formatAddress, formatCidr, parseCidr } from '../../lib/net/address.ts';

export interface Access {
  readonly master: string;
  readonly network: string;
  /** Name of the node's interface; made from the network where none is given. */
  readonly interface?: string | undefined;
  readonly address: string;
}

const aliasMark = 'plumbline:host-access:';

function deviceOf(access: Access): string {
  return access.interface ?? `veth-${digest(10, 'host-access', access.network)}`;
}

const folderOf = (host: Host, device: string): string => `${host.runDir}/host-access/${device}`;

export async function grantHostAccess(
  host: Host,
  access: Access,
  { key }: Identity,
  addresses: readonly Cidr[],
): Promise<void> {
  const device = deviceOf(access);
  using holding = await lockRunDir(host.runner, lockPath(host.runDir, 'host-access', device));
  const folder = folderOf(host, device);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Noted first: an interface without a note would stay for good.
  for (const { address } of addresses)
    writeFileSync(`${folder}/${formatAddress(address)}`, `${key} ${access.network}`);
  const present = await readInterface(host, device);
  refuseForeign(present, device);
  await ipBatch(
    host,
    [
      ...(present ? [] : creation(access, device)),
      ...addresses.map((address) => hostRoute('replace', device, address)),
    ],
    { holding },
  );
}

function creation({ master, address }: Access, device: string): Command[] {
  const cidr = parseCidr(address);
  return [
    [
      'link',
      'add',
      'link',
      master,
      'name',
      device,
      'address',
      randomMac(),
      'type',
      'macvlan',
      'mode',
      'bridge',
    ],
    setAlias(device, `${aliasMark}${master}`),
    ...(cidr ? [addAddress(device, cidr, false)] : []),
    setUp(device),
  ];
}

function hostRoute(verb: 'replace' | 'delete', device: string, { address }: Cidr): Command {
  return ['route', verb, `${formatAddress(address)}/${addressBits(address.family)}`, 'dev', device];
}

/** Takes back what this attachment has of it; with the last one, the interface. */
export async function revokeHostAccess(host: Host, access: Access, { key }: Identity): Promise<void> {
  await revokeWhere(host, deviceOf(access), (owner) => owner.startsWith(`${key} `));
}

/** Takes back what all of the network's attachments have that are not to stay. */
export async function collectHostAccess(host: Host, network: string, isValid: IsValid): Promise<void> {
  for (const device of host.kernel.list(`${host.runDir}/host-access`)) {
    await revokeWhere(host, device, (owner) => {
      const [key = '', of] = owner.split(' ');
      return of === network && !isValid(key);
    });
  }
}

async function revokeWhere(host: Host, device: string, isGone: (owner: string) => boolean): Promise<void> {
  const folder = folderOf(host, device);
  // Nobody has it: no lock, no child.
  if (host.kernel.list(folder).length === 0) return;
  using holding = await lockRunDir(host.runner, lockPath(host.runDir, 'host-access', device));
  const entries = host.kernel.list(folder).map((name) => ({
    name,
    owner: readFileSync(`${folder}/${name}`, 'utf8'),
  }));
  const gone = entries.filter(({ owner }) => isGone(owner));
  if (gone.length === 0) return;
  if (gone.length === entries.length) await removeInterface(host, device, holding);
  else {
    const cidrs = gone.flatMap(({ name }) => parseCidr(`${name}/${name.includes(':') ? 128 : 32}`) ?? []);
    await ipBatch(
      host,
      cidrs.map((cidr) => hostRoute('delete', device, cidr)),
      { holding, force: true },
    );
  }
  for (const { name } of gone) rmSync(`${folder}/${name}`, { force: true });
  if (gone.length === entries.length) removeFolder(folder);
}

async function removeInterface(host: Host, device: string, holding: HeldLock): Promise<void> {
  const link = await readInterface(host, device);
  if (link?.ifalias?.startsWith(aliasMark))
    await ipBatch(host, [deleteLink(device)], { holding, force: true });
}

async function readInterface(host: Host, device: string): Promise<LinkInfo | undefined> {
  return (await ipBatch(host, [showDevice(device)], { force: true })).flatMap(readLinks)[0];
}

function refuseForeign(link: LinkInfo | undefined, device: string): void {
  if (link === undefined || link.ifalias?.startsWith(aliasMark)) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    `hostAccess.interface: the link ${show(device)} exists and is not one that plumbline made; name another`,
  );
}

/** What is not as it was made, in words. */
export async function checkHostAccess(
  host: Host,
  access: Access,
  addresses: readonly Cidr[],
): Promise<string[]> {
  const device = deviceOf(access);
  const link = await readInterface(host, device);
  if (link === undefined) return [`the node's link ${device} (hostAccess) is gone`];
  const own = addressesOf(link).map(formatCidr);
  const routes = (await ipBatch(host, showRoutes(device), { force: true }))
    .flatMap(readRoutes)
    .map(({ dst }) => dst);
  return [
    ...(own.includes(access.address)
      ? []
      : [`the address ${access.address} is gone from the node's link ${device}`]),
    ...addresses
      .map(({ address }) => formatAddress(address))
      .filter((address) => !routes.includes(address))
      .map((address) => `the node's route to ${address} by ${device} is gone`),
  ];
}

function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!isErrnoException(error, 'ENOENT', 'ENOTEMPTY')) throw error;
  }
}
