/** A virtual function made what it was before it was given away: found by its PCI address, wherever it is by now. */
import { isOurMark } from '../../lib/cni/identity.ts';
import type { Log } from '../../lib/cni/log.ts';
import { CniError, ErrorCode } from '../../lib/errors.ts';
import { randomMac } from '../../lib/exec/digest.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import type { Command } from '../../lib/ip/command.ts';
import { rename, setDown, setFlag, setMtu, setUp, switchableFlags } from '../../lib/ip/link.ts';
import { isUp, type LinkInfo } from '../../lib/ip/read.ts';
import { changeMacs, changeVf, noMac, type VfSettings } from '../../lib/ip/vf.ts';
import { aliasFile, aliasOf, type Located, locateVf, netdevOf } from '../../lib/pci/function.ts';
import { nowhere } from '../../lib/pci/return.ts';
import { fieldOf } from './config.ts';
import { bringHome, freeName } from './home.ts';
import { type Reading, readFunction } from './reading.ts';
import { type broken, isOfThisBoot, markOf, removeState, type State } from './state.ts';

export interface Restoring {
  /** What it was; where nobody knows any more, it gets the driver's defaults and a free name. */
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
  // Its NIC's functions were removed, or the NIC itself: there is nothing to restore.
  if (located === undefined) return removeState(host, address);
  const known = typeof state === 'object' ? state : undefined;
  const isHome = await bringHome(host, located, known, sandbox);
  if (known !== undefined && !isOfThisBoot(host, known) && markOf(host, address) === undefined) {
    log.log('info', `${address} was reset by a reboot; the record of before is dropped`);
    return removeState(host, address);
  }
  if (!isHome) throw nowhere(address);
  if (known === undefined) {
    const pf = located.pf.netdev;
    log.log('warn', `no record tells what ${address} was before: it gets the driver's defaults`, { pf });
  }
  const here = locateVf(host, address) ?? located;
  const reading = await readFunction(host, here.pf, here.vf, holding);
  const target = targetOf(host, here, reading, known);
  const wanted = known?.link?.name;
  if (reading.link && wanted !== undefined && target.link?.name !== wanted) {
    log.log('warn', `${address} was ${wanted}, and another link has that name: it is ${target.link?.name}`);
  }
  const faults = await carryOut(host, here, { reading, target, holding });
  if (faults.length > 0) throw notAsBefore(address, faults, here.pf.driver);
  takeMarkAway(host, address, target);
  removeState(host, address);
}

interface Work {
  readonly reading: Reading;
  readonly target: Target;
  readonly holding: HeldLock;
}

/** Changes what is not as before, and looks. @returns what is not so then */
async function carryOut(
  host: Host,
  { pf, vf }: Located,
  { reading, target, holding }: Work,
): Promise<string[]> {
  const look = async (changes: readonly Command[], name: string | undefined): Promise<Reading> =>
    readFunction(host, pf, { ...vf, netdev: name }, holding, changes);
  const name = reading.link && target.link?.name;
  const changes = commandsFor(reading, vf.index, target);
  let now = changes.length === 0 ? reading : await look(changes, name);
  // It could not be renamed.
  if (name !== undefined && now.link === undefined) now = await look([], netdevOf(host, vf.address));
  const missing = changeVf(now.pf, vf.index, now.vf, { mac: target.vf.mac }).map(({ command }) => command);
  // A driver that tells of no address but those that the NIC has set: then it had set this one.
  if (missing.length > 0 && !isOwnMac(now, target)) now = await look(missing, now.link?.ifname);
  return differences(now, target);
}

/** Where none was set, drivers tell the function's own. */
const isOwnMac = ({ link, vf }: Reading, target: Target): boolean =>
  target.vf.mac === noMac && vf.mac === link?.address;

function notAsBefore(address: string, faults: readonly string[], driver = 'none'): CniError {
  return new CniError(
    ErrorCode.commandFailed,
    `${address} is not as it was before: ${faults.join('; ')} (driver ${driver})`,
  );
}

/** The label by which it is found without a record goes last, once it needs none any more. */
function takeMarkAway(host: Host, address: string, { link }: Target): void {
  const { netdev } = locateVf(host, address)?.vf ?? {};
  if (netdev === undefined || !isOurMark(aliasOf(host, address))) return;
  host.kernel.write(aliasFile(address, netdev), `${link?.alias ?? ''}\n`);
}

interface Target {
  readonly vf: VfSettings;
  readonly link: State['link'];
  /** Whether the MAC address is one that the PF set, and not the function's own, which drivers tell just so. */
  readonly macByPf: boolean;
}

function targetOf(host: Host, located: Located, { link, vf }: Reading, state: State | undefined): Target {
  if (state !== undefined) {
    const { mac, spoofchk, trust, linkState } = state.vf;
    return {
      vf: { ...state.vf, mac, spoofchk, trust, linkState },
      link: state.link && { ...state.link, name: freeName(host, located, state.link.name) },
      macByPf: state.macByPf === true || mac !== state.link?.mac,
    };
  }
  const { spoofchk, trust, linkState } = vf;
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
    link: link && linkDefaults(host, located, link),
    macByPf: false,
  };
}

/** What a sandbox or the kernel has given it, a name or a MAC address, is not kept. */
function linkDefaults(host: Host, located: Located, { ifname, ifalias, address }: LinkInfo): State['link'] {
  const isForeign = isOurMark(ifalias) || /^dev\d+$/.test(ifname);
  return {
    name: freeName(host, located, isForeign ? undefined : ifname),
    mac: isForeign ? randomMac() : (address ?? ''),
    mtu: 1500,
    up: false,
  };
}

type Flag = keyof typeof switchableFlags;

/** The switchable flags that are on. */
export const flagsOf = ({ flags }: LinkInfo): Flag[] =>
  (Object.keys(switchableFlags) as Flag[]).filter((flag) => flags.includes(flag));

/** The PF's settings first: while it has set a MAC address, the function cannot choose another. */
function commandsFor({ pf, link, vf }: Reading, index: number, target: Target): Command[] {
  const settings = changeVf(pf, index, vf, { ...target.vf, mac: undefined });
  if (link === undefined || target.link === undefined) {
    return [...settings, ...changeMacs(pf, index, vf, undefined, target.vf.mac)].map(
      ({ command }) => command,
    );
  }
  const { name, mac, mtu, up, flags } = target.link;
  const renamed = link.ifname !== name;
  const own = { ifname: name, mac: link.address, wanted: mac };
  const byPf = target.macByPf || link.address === mac ? target.vf.mac : noMac;
  const switched = (Object.keys(switchableFlags) as Flag[]).filter(
    (flag) => flags !== undefined && flags.includes(flag) !== link.flags.includes(flag),
  );
  return [
    ...(isUp(link) && (renamed || !up) ? [setDown(link.ifname)] : []),
    ...(renamed ? [rename(link.ifname, name)] : []),
    ...[...settings, ...changeMacs(pf, index, vf, own, byPf)].map(({ command }) => command),
    ...(link.mtu === mtu ? [] : [setMtu(name, mtu)]),
    ...switched.map((flag) => setFlag(name, flag, flags?.includes(flag) ?? false)),
    ...(up && (!isUp(link) || renamed) ? [setUp(name)] : []),
  ];
}

function differences(reading: Reading, target: Target): string[] {
  const { link, vf } = reading;
  const faults = (Object.keys(fieldOf) as (keyof VfSettings)[])
    .filter((field) => field !== 'mac' || !isOwnMac(reading, target))
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
