/** A virtual function set up and moved into the sandbox: one child. */
import { namesOf } from '../../lib/attach/names.ts';
import { nameTaken } from '../../lib/attach/taken.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode } from '../../lib/errors.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { type IpError, ipBatch, isIpError } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { moveAs, setAlias, setMtu, setUp } from '../../lib/ip/link.ts';
import {
  changeMacs,
  changeVf,
  noMac,
  type VfCommand,
  type VfSettings,
  type WantedVf,
} from '../../lib/ip/vf.ts';
import type { Claim } from './claim.ts';
import { type Config, fieldOf, type Settings } from './config.ts';
import { writeState } from './state.ts';

interface Step {
  readonly command: Command;
  /** What failed, with its value, where this one does. */
  readonly what?: { readonly field: string; readonly value: string };
  /** Gives the function's own link its MAC address. */
  readonly isOwnMac?: boolean;
}

interface Target {
  readonly sandbox: Netns;
  /** That the link gets in the sandbox. */
  readonly name: string;
  /** The NIC's lock: a child that outlives a killed call is waited for by whoever comes next. */
  readonly holding: HeldLock;
}

/**
 * @throws CniError 7 that names the setting and the driver that does not take it, 102 where the name is taken
 */
export async function setUpFunction(
  context: AttachmentContext<Config>,
  claim: Claim,
  settings: Settings,
  target: Target,
): Promise<void> {
  const { host } = context;
  const { link, vf } = claim.reading;
  const { mac } = settings;
  // A driver tells a function's own address just like one that its NIC has set: it shows when the function asks for another.
  const isUnclear = link !== undefined && mac !== undefined && mac !== link.address && vf.mac !== noMac;
  if (isUnclear) {
    const steps = stepsFor(context, claim, settings, target, { ...vf, mac: noMac });
    const error = await tryBatch(host, steps, target);
    if (error === undefined) return;
    if (!steps[error.failed]?.isOwnMac) throw explain(context, claim, error, steps, target);
    writeState(host, { ...claim.state, macByPf: true });
  }
  const steps = stepsFor(context, claim, settings, target, vf);
  const error = await tryBatch(host, steps, target);
  if (error !== undefined) throw explain(context, claim, error, steps, target);
}

async function tryBatch(
  host: Host,
  steps: readonly Step[],
  { holding }: Target,
): Promise<IpError | undefined> {
  if (steps.length === 0) return undefined;
  const commands = steps.map(({ command }) => command);
  try {
    await ipBatch(host, commands, { holding });
    return undefined;
  } catch (error) {
    if (!isIpError(error)) throw error;
    return error;
  }
}

/** @param before what the NIC has set by now */
function stepsFor(
  context: AttachmentContext<Config>,
  { vf: { index }, reading }: Claim,
  { mac, mtu, ...settings }: Settings,
  { sandbox, name }: Target,
  before: VfSettings,
): readonly Step[] {
  const { pf, pfIsUp, link } = reading;
  const own = link && { ifname: link.ifname, mac: link.address, wanted: mac };
  const blamed = ({ command, field, value }: VfCommand): Step => ({
    command,
    what: { field: fieldToBlame(field, settings.vf), value },
    isOwnMac: field === 'mac' && command.includes('address'),
  });
  return [
    ...(pfIsUp ? [] : [{ command: setUp(pf) }]),
    // First, so that it is found by this where its record is lost; its sandbox may die, and it outlives that.
    ...(link ? [{ command: setAlias(link.ifname, namesOf(context).alias) }] : []),
    ...changeMacs(pf, index, before, own, mac).map(blamed),
    ...(link && mtu !== undefined && link.mtu !== mtu
      ? [{ command: setMtu(link.ifname, mtu), what: { field: 'mtu', value: String(mtu) } }]
      : []),
    ...changeVf(pf, index, reading.vf, { ...settings.vf, mac: undefined }).map(blamed),
    ...(link ? [{ command: moveAs(link.ifname, sandbox.ref, name) }] : []),
  ];
}

/** A VLAN is set with its protocol; of the two, another than the usual protocol is what a driver does not have. */
function fieldToBlame(field: keyof VfSettings, vf: WantedVf): string {
  return fieldOf[field === 'vlan' && vf.protocol === '802.1ad' ? 'protocol' : field];
}

function explain(
  { request: { netns, ifname } }: AttachmentContext<Config>,
  { pf, vf }: Claim,
  error: IpError,
  steps: readonly Step[],
  { name }: Target,
): CniError {
  const what = steps[error.failed]?.what;
  if (what !== undefined) {
    return new CniError(
      ErrorCode.invalidConfig,
      `${what.field}: the driver ${pf.driver ?? 'of the NIC'} does not take ${what.value} for ${vf.address} (${error.reason}); the function is left as it was`,
      error.details,
    );
  }
  if (!isIpError(error, 'exists')) return error;
  return nameTaken(name === ifname ? 'CNI_IFNAME' : 'keepName', name, netns, error.details);
}
