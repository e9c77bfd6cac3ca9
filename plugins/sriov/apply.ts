/** A virtual function set up and moved into the sandbox: one child. */
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Netns } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { type IpError, ipBatch, isIpError } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { moveAs, setMac, setMtu, setUp } from '../../lib/ip/link.ts';
import { changeVf, type VfSettings } from '../../lib/ip/vf.ts';
import type { Claim } from './claim.ts';
import { type Config, fieldOf, type Settings } from './config.ts';

interface Step {
  readonly command: Command;
  /** What failed, with its value, where this one does. */
  readonly what?: { readonly field: string; readonly value: string };
}

/**
 * @param name that the link gets in the sandbox
 * @throws CniError 7 that names the setting and the driver that does not take it, 102 where the name is taken
 */
export async function setUpFunction(
  context: AttachmentContext<Config>,
  { pf, vf, reading }: Claim,
  settings: Settings,
  { sandbox, name, holding }: { readonly sandbox: Netns; readonly name: string; readonly holding: HeldLock },
): Promise<void> {
  const { host, request } = context;
  const { link } = reading;
  const { mac, mtu } = settings;
  const steps: Step[] = [
    ...(reading.pfIsUp ? [] : [{ command: setUp(reading.pf) }]),
    // Before the PF's own "vf mac": from then on igb denies the function another one.
    ...(link && mac !== undefined && link.address !== mac
      ? [{ command: setMac(link.ifname, mac), what: { field: 'mac', value: mac } }]
      : []),
    ...(link && mtu !== undefined && link.mtu !== mtu
      ? [{ command: setMtu(link.ifname, mtu), what: { field: 'mtu', value: String(mtu) } }]
      : []),
    ...changeVf(reading.pf, vf.index, reading.vf, settings.vf).map(({ command, field, value }) => ({
      command,
      what: { field: fieldToBlame(field, settings), value },
    })),
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
  readonly name: string;
}

function explain(error: IpError, what: Step['what'], { driver, device, netns, name }: Place): CniError {
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
      `CNI_IFNAME: ${show(name)} exists in ${netns} already; it is left as it is`,
      error.details,
    );
  }
  return error;
}
