/** A virtual function set up and moved into the sandbox: one child. */
import { namesOf } from '../../lib/attach/names.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Netns } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { type IpError, ipBatch, isIpError } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { moveAs, setAlias, setMtu, setUp } from '../../lib/ip/link.ts';
import { changeMacs, changeVf, type VfCommand, type VfSettings } from '../../lib/ip/vf.ts';
import type { Claim } from './claim.ts';
import { type Config, fieldOf, type Settings } from './config.ts';

interface Step {
  readonly command: Command;
  /** What failed, with its value, where this one does. */
  readonly what?: { readonly field: string; readonly value: string };
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
  { pf, vf, reading }: Claim,
  settings: Settings,
  { sandbox, name, holding }: Target,
): Promise<void> {
  const { host, request } = context;
  const { link } = reading;
  const { mac, mtu } = settings;
  const own = link && { ifname: link.ifname, mac: link.address, wanted: mac };
  const blamed = ({ command, field, value }: VfCommand): Step => ({
    command,
    what: { field: fieldToBlame(field, settings), value },
  });
  const steps: Step[] = [
    ...(reading.pfIsUp ? [] : [{ command: setUp(reading.pf) }]),
    // First, so that it is found by this where its record is lost; its sandbox may die, and it outlives that.
    ...(link ? [{ command: setAlias(link.ifname, namesOf(context).alias) }] : []),
    ...(link && mtu !== undefined && link.mtu !== mtu
      ? [{ command: setMtu(link.ifname, mtu), what: { field: 'mtu', value: String(mtu) } }]
      : []),
    ...changeVf(reading.pf, vf.index, reading.vf, { ...settings.vf, mac: undefined }).map(blamed),
    ...changeMacs(reading.pf, vf.index, reading.vf, own, mac).map(blamed),
    ...(link ? [{ command: moveAs(link.ifname, sandbox.ref, name) }] : []),
  ];
  if (steps.length === 0) return;
  try {
    await ipBatch(
      host,
      steps.map(({ command }) => command),
      { holding },
    );
  } catch (error) {
    if (!isIpError(error)) throw error;
    throw explain(error, steps[error.failed]?.what, {
      driver: pf.driver,
      device: vf.address,
      netns: request.netns,
      ifname: request.ifname,
      name,
    });
  }
}

/** A VLAN is set with its protocol; of the two, another than the usual protocol is what a driver does not have. */
function fieldToBlame(field: keyof VfSettings, { vf }: Settings): string {
  return fieldOf[field === 'vlan' && vf.protocol === '802.1ad' ? 'protocol' : field];
}

interface Place {
  readonly driver: string | undefined;
  readonly device: string;
  readonly netns: string;
  readonly ifname: string;
  readonly name: string;
}

function explain(
  error: IpError,
  what: Step['what'],
  { driver, device, netns, ifname, name }: Place,
): CniError {
  if (what !== undefined) {
    return new CniError(
      ErrorCode.invalidConfig,
      `${what.field}: the driver ${driver ?? 'of the NIC'} does not take ${what.value} for ${device} (${error.reason}); the function is left as it was`,
      error.details,
    );
  }
  if (isIpError(error, 'exists')) {
    return new CniError(
      ErrorCode.alreadyExists,
      `${name === ifname ? 'CNI_IFNAME' : 'keepName'}: ${show(name)} exists in ${netns} already; it is left as it is`,
      error.details,
    );
  }
  return error;
}
