/** The one writing transaction of an ADD: the port with all that belongs to it, and the rows of the dead away. */
import type { Names } from '../../lib/attach/names.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { limitsOf } from '../../lib/ip/limits.ts';
import { addPort, type PortPlan, removeRows } from '../../lib/ovs/port.ts';
import { numberOf, quote } from '../../lib/ovs/row.ts';
import {
  commitAndWait,
  commitRemoval,
  isOvsError,
  readRows,
  type VsctlCommand,
} from '../../lib/ovs/vsctl.ts';
import { findSwitchedFunction, uplinkCandidates } from '../../lib/pci/representor.ts';
import type { Config } from './config.ts';
import type { Link } from './link.ts';
import { marksOf, ofAttachment } from './marks.ts';
import { findRows, removalOf, type Survey } from './rows.ts';
import type { Settings } from './settings.ts';

/**
 * The bridge: named, or the one that has the uplink of the device.
 * @throws CniError 7 where no bridge has it
 */
export async function bridgeOf(
  { host }: AttachmentContext<Config>,
  { bridge, deviceId, database }: Settings,
  holding: HeldLock,
): Promise<string> {
  if (bridge !== undefined || deviceId === undefined) return bridge ?? '';
  const { uplink } = findSwitchedFunction(host, deviceId);
  const candidates = uplinkCandidates(host, uplink);
  for (const candidate of candidates) {
    const ports = await readRows(
      host,
      database,
      [['--columns=_uuid', 'find', 'Port', `name=${quote(candidate)}`]],
      { holding },
    );
    const uuid = ports.flat()[0]?.['_uuid'];
    if (uuid === undefined) continue;
    const rows = await readRows(
      host,
      database,
      [['--columns=name', 'find', 'Bridge', `ports{>=}${String(uuid)}`]],
      { holding },
    );
    const name = rows.flat()[0]?.['name'];
    if (typeof name === 'string') return name;
  }
  throw new CniError(
    ErrorCode.invalidConfig,
    `deviceID: no Open vSwitch bridge has ${candidates.join(' or ')}, the uplink of ${show(deviceId)}; add it to one, or name bridge`,
  );
}

interface Making {
  readonly bridge: string;
  readonly found: Survey;
  readonly link: Link;
  readonly mac: string;
  readonly holding: HeldLock;
}

/** @throws CniError 11 where ovs-vswitchd does not answer, 101 where it cannot make the port, 7 where a number is taken */
export async function makePort(
  context: AttachmentContext<Config>,
  settings: Settings,
  names: Names,
  { bridge, found, link, mac, holding }: Making,
): Promise<void> {
  const { host } = context;
  const { database, ofportRequest } = settings;
  const plan: PortPlan = {
    bridge,
    name: link.port,
    vlans: settings.vlans,
    type: settings.interfaceType,
    mtuRequest: settings.portType === 'internal' ? settings.mtu : undefined,
    ofportRequest,
    policing: settings.policing,
    shaping: settings.shaping,
    marks: { ...marksOf(context, names.identity, bridge), ...link.marks },
    portIds: settings.externalIds,
    interfaceIds: { 'attached-mac': mac, 'iface-id': settings.ovnPort },
  };
  if (found.own) await removeOwnRemains(context, settings, names, holding);
  const commands = [...removeRows(removalOf(found.dead)), ...bridgeCommands(bridge, found), ...addPort(plan)];
  try {
    await commitAndWait(host, database, commands, { holding });
  } catch (error) {
    if (!isOvsError(error, 'exists')) throw error;
    throw new CniError(
      ErrorCode.alreadyExists,
      `the port ${link.port} is there already, and plumbline has not made it for this container: ${error.message}`,
      error.details,
    );
  }
  await refuseUnlimited(context, settings, link.port);
  if (ofportRequest !== undefined)
    await refuseOtherNumber(context, settings, link.port, ofportRequest, holding);
}

/** Where this Open vSwitch has no kernel datapath, a bridge of the default type would never carry a frame. */
function bridgeCommands(bridge: string, { bridge: present, datapaths }: Survey): VsctlCommand[] {
  if (present !== undefined) return [];
  const type = datapaths.length > 0 && !datapaths.includes('system') ? ['datapath_type=netdev'] : [];
  return [
    // Another call may make it at the same time.
    ['--may-exist', 'add-br', bridge],
    ...(type.length > 0 ? [['set', 'Bridge', bridge, ...type]] : []),
  ];
}

/**
 * Takes away what an ADD of this attachment has left that no DEL has followed, and waits: the port has the name of the one
 * that is about to be made.
 */
async function removeOwnRemains(
  { host }: AttachmentContext<Config>,
  { database }: Settings,
  { identity }: Names,
  holding: HeldLock,
): Promise<void> {
  const { rows } = await findRows(host, database, [[ofAttachment(identity.mark)]], { holding });
  await commitRemoval(host, database, removeRows(removalOf(rows)), { holding });
}

/**
 * Where the kernel lacks what a limit needs, Open vSwitch says so in its log alone, and the container has all the
 * bandwidth there is. A port of another type than a system's link is limited by whoever drives it.
 */
async function refuseUnlimited(
  { host }: AttachmentContext<Config>,
  { policing, shaping, interfaceType }: Settings,
  port: string,
): Promise<void> {
  if (!(policing || shaping) || !['', 'system'].includes(interfaceType)) return;
  const { policed, shaped } = await limitsOf(host, port);
  const missing = [
    ...(shaping && !shaped ? ['into the container (it needs sch_htb)'] : []),
    ...(policing && !policed
      ? ['out of the container (it needs sch_ingress, act_police and cls_matchall or cls_basic)']
      : []),
  ];
  if (missing.length === 0) return;
  throw new CniError(
    ErrorCode.commandFailed,
    `bandwidth: Open vSwitch has set no limit ${missing.join(' and ')} on ${port}; does the kernel have it? The log of ovs-vswitchd says more`,
  );
}

/** Open vSwitch takes another number in silence where the one asked for is taken; flows that name it would miss it. */
async function refuseOtherNumber(
  { host }: AttachmentContext<Config>,
  { database }: Settings,
  port: string,
  wanted: number,
  holding: HeldLock,
): Promise<void> {
  const rows = await readRows(
    host,
    database,
    [['--columns=ofport', 'find', 'Interface', `name=${quote(port)}`]],
    { holding },
  );
  const [row] = rows.flat();
  const actual = row && numberOf(row, 'ofport');
  if (actual === wanted) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    `ofport_request: ${wanted} is taken by another port of the bridge (Open vSwitch has given ${actual ?? 'none'}); choose another, or leave it out`,
  );
}
