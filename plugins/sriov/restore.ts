/** A virtual function made what it was before it was given away: found by its PCI address, wherever it is by now. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../lib/cni/log.ts';
import { CniError, ErrorCode } from '../../lib/errors.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { ipBatch, ipInSandbox } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { linkExists } from '../../lib/ip/exists.ts';
import { moveAs, setDown, setMac, setMtu, setUp } from '../../lib/ip/link.ts';
import { isUp, kindOf, type LinkInfo, readLinks } from '../../lib/ip/read.ts';
import { changeVf, noMac, type VfSettings } from '../../lib/ip/vf.ts';
import { hasUserspaceDriver, type Located, locateVf, netdevOf } from '../../lib/pci/function.ts';
import { fieldOf } from './config.ts';
import { type Reading, readFunction } from './reading.ts';
import { type broken, removeState, type State } from './state.ts';

export interface Restoring {
  /** What it was; where nobody knows any more, it gets the driver's defaults and keeps its name, or gets a free one. */
  readonly state: State | typeof broken | undefined;
  /** Where it may be. */
  readonly sandbox: Netns | undefined;
  /** The NIC's lock. */
  readonly holding: HeldLock;
}

/** @throws CniError 11 where its link is nowhere to be found, 101 for what is not as before; the record is kept then */
export async function restore(
  host: Host,
  log: Log,
  address: string,
  { state, sandbox, holding }: Restoring,
): Promise<void> {
  const located = locateVf(host, address);
  if (located === undefined) {
    // Its NIC's functions were removed, or the NIC itself: there is nothing to restore.
    removeState(host, address);
    return;
  }
  const known = typeof state === 'object' ? state : undefined;
  if (known === undefined) {
    log.log('warn', `no record tells what ${address} was before: it gets the driver's defaults`, {
      pf: located.pf.netdev,
    });
  }
  if (!hasUserspaceDriver(located.vf)) await bringHome(host, located, known, sandbox);
  const { pf, vf } = locateVf(host, address) ?? located;
  const reading = await readFunction(host, pf, vf, holding);
  const target = targetOf(reading, known);
  const commands = commandsFor(reading, vf.index, target);
  if (commands.length > 0) await ipBatch(host, commands, { holding, force: true });
  const after = locateVf(host, address) ?? located;
  const faults = differences(await readFunction(host, after.pf, after.vf, holding), target);
  if (faults.length > 0) {
    throw new CniError(
      ErrorCode.commandFailed,
      `${address} is not as it was before: ${faults.join('; ')} (driver ${pf.driver ?? 'none'})`,
    );
  }
  removeState(host, address);
}

/** Milliseconds between looks: the kernel returns a function a moment after its namespace has gone. */
const patience = [0, 20, 50, 100, 200, 400, 700, 1000];

/** Out of the sandbox, by the PCI address that the kernel tells of it; or awaited, where the sandbox has died. */
async function bringHome(
  host: Host,
  { pf, vf }: Located,
  state: State | undefined,
  sandbox: Netns | undefined,
): Promise<void> {
  if (vf.netdev !== undefined) return;
  if (sandbox !== undefined) {
    const link = await findIn(host, sandbox, vf.address, [state?.holder.ifname, state?.link?.name]);
    if (link !== undefined) {
      const name = homeName(host, state?.link?.name, `${pf.netdev ?? 'vf'}v${vf.index}`);
      using own = host.openNetns('/proc/self/ns/net', true);
      await ipInSandbox(host, sandbox, [setDown(link.ifname), moveAs(link.ifname, own.ref, name)]);
      return;
    }
  }
  for (const pause of patience) {
    await sleep(pause);
    if (netdevOf(host, vf.address) !== undefined) return;
  }
  throw new CniError(
    ErrorCode.tryAgainLater,
    `the link of ${vf.address} is neither in the sandbox nor back on this node; does another program hold its network namespace?`,
  );
}

/**
 * The link of a PCI device in a sandbox, whatever its name.
 * @param names that it may have there: before Linux 5.14 the kernel does not tell a link's device, and then the one
 *   physical link of such a name is it
 */
export async function findIn(
  host: Host,
  sandbox: Netns,
  address: string,
  names: readonly (string | undefined)[] = [],
): Promise<LinkInfo | undefined> {
  const [document] = await ipInSandbox(host, sandbox, [['address', 'show']]);
  const links = readLinks(document);
  const isUntold = (link: LinkInfo): boolean =>
    link.parentdev === undefined &&
    kindOf(link) === undefined &&
    !link.flags.includes('LOOPBACK') &&
    names.includes(link.ifname);
  return links.find(({ parentdev }) => parentdev === address) ?? links.find(isUntold);
}

/** The name that it had, or one that nobody has: `<PF>v<index>`, as udev names functions. */
function homeName(host: Host, wanted: string | undefined, fallback: string): string {
  const names = [
    ...(wanted === undefined ? [] : [wanted]),
    fallback.slice(0, 15),
    ...Array.from({ length: 1000 }, (_, index) => `vf${index}`),
  ];
  return names.find((name) => !linkExists(host, name)) ?? fallback.slice(0, 15);
}

interface Target {
  readonly vf: VfSettings;
  readonly link: State['link'];
}

function targetOf(reading: Reading, state: State | undefined): Target {
  if (state !== undefined) {
    const { mac, spoofchk, trust, linkState } = state.vf;
    return { vf: { ...state.vf, mac, spoofchk, trust, linkState }, link: state.link };
  }
  const { spoofchk, trust, linkState } = reading.vf;
  return {
    vf: {
      mac: noMac,
      vlan: 0,
      qos: 0,
      protocol: '802.1q',
      // What a driver does not tell, it cannot be told either.
      spoofchk: spoofchk === undefined ? undefined : true,
      trust: trust === undefined ? undefined : false,
      linkState: linkState === undefined ? undefined : 'auto',
      maxTxRate: 0,
      minTxRate: 0,
    },
    link: reading.link && {
      name: reading.link.ifname,
      mac: reading.link.address ?? '',
      mtu: 1500,
      up: false,
    },
  };
}

/** The PF's settings first: while it has set a MAC address, the function cannot choose another. */
function commandsFor({ pf, link, vf }: Reading, index: number, target: Target): Command[] {
  const settings = changeVf(pf, index, vf, target.vf).map(({ command }) => command);
  if (link === undefined || target.link === undefined) return settings;
  const { name, mac, mtu, up } = target.link;
  const renamed = link.ifname !== name;
  const rename: Command = ['link', 'set', 'dev', link.ifname, 'name', name];
  return [
    ...(isUp(link) && (renamed || !up) ? [setDown(link.ifname)] : []),
    ...(renamed ? [rename] : []),
    ...settings,
    ...(link.address === mac ? [] : [setMac(name, mac)]),
    ...(link.mtu === mtu ? [] : [setMtu(name, mtu)]),
    ...(up && (!isUp(link) || renamed) ? [setUp(name)] : []),
  ];
}

function differences({ link, vf }: Reading, target: Target): string[] {
  const faults = (Object.keys(fieldOf) as (keyof VfSettings)[])
    .filter((field) => target.vf[field] !== undefined && vf[field] !== target.vf[field])
    .map((field) => `${fieldOf[field]} is ${vf[field]}, was ${target.vf[field]}`);
  if (link === undefined || target.link === undefined) return faults;
  const { name, mac, mtu } = target.link;
  return [
    ...faults,
    ...(link.ifname === name ? [] : [`its name is ${link.ifname}, was ${name}`]),
    ...(link.address === mac ? [] : [`its MAC address is ${link.address}, was ${mac}`]),
    ...(link.mtu === mtu ? [] : [`its MTU is ${link.mtu}, was ${mtu}`]),
  ];
}
