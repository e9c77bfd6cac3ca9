/** The one writing transaction of an ADD: the port with all that belongs to it, and the rows of the dead away. */
import type { Names } from '../../lib/attach/names.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { limitsOf } from '../../lib/ip/limits.ts';
import { type Database, isOvsError, readRows } from '../../lib/ovs/client.ts';
import { commitAndWait, commitRemoval } from '../../lib/ovs/commit.ts';
import { isNamed, type Operation, select } from '../../lib/ovs/operation.ts';
import { addBridge, addPort, type PortPlan, removeRows } from '../../lib/ovs/port.ts';
import { numberOf, type Row, textOf } from '../../lib/ovs/row.ts';
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
    const name = await bridgeWith(host, database, candidate, holding);
    if (name !== undefined) return name;
  }
  throw new CniError(
    ErrorCode.invalidConfig,
    `deviceID: no Open vSwitch bridge has ${candidates.join(' or ')}, the uplink of ${show(deviceId)}; add it to one, or name bridge`,
  );
}

/** The bridge that has a port of this name. */
async function bridgeWith(
  host: Host,
  database: Database,
  port: string,
  holding: HeldLock,
): Promise<string | undefined> {
  const ports = await readRows(host, database, [select('Port', ['_uuid'], isNamed(port))], { holding });
  const uuid = ports.flat().flatMap((row) => textOf(row, '_uuid') ?? [])[0];
  if (uuid === undefined) return undefined;
  const hasPort = ['ports', 'includes', ['uuid', uuid]] as const;
  const bridges = await readRows(host, database, [select('Bridge', ['name'], [hasPort])], { holding });
  return bridges.flat().flatMap((row) => textOf(row, 'name') ?? [])[0];
}

/** The error for a bridge that is not there. */
export function noBridge(bridge: string): CniError {
  return new CniError(
    ErrorCode.invalidConfig,
    `bridge: there is no Open vSwitch bridge ${show(bridge)}; make it ("ovs-vsctl add-br ${bridge}"), or set createBridge`,
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
  const { ofportRequest } = settings;
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
  const dead = removeRows(removalOf(found.dead));
  const write = (newBridge: readonly Operation[]): Promise<Row | undefined> =>
    writePort(context, settings, plan, { operations: [...dead, ...newBridge], holding });
  let row: Row | undefined;
  try {
    row = await write(bridgeOperations(bridge, found));
  } catch (error) {
    if (found.bridge !== undefined || !isOvsError(error, 'exists') || error.taken !== bridge) throw error;
    // Another call has made it at the same time.
    row = await write([]);
  }
  refuseFault(link.port, row);
  await refuseUnlimited(context, settings, link.port);
  if (ofportRequest !== undefined) refuseOtherNumber(row, ofportRequest);
}

interface Writing {
  /** What is to be done in the same transaction, before the port is made. */
  readonly operations: readonly Operation[];
  readonly holding: HeldLock;
}

/** @returns the interface's row, as ovs-vswitchd has filled it in */
async function writePort(
  { host }: AttachmentContext<Config>,
  { database }: Settings,
  plan: PortPlan,
  { operations, holding }: Writing,
): Promise<Row | undefined> {
  const { bridge, name } = plan;
  const filledIn = select('Interface', ['error', 'ofport'], isNamed(name));
  try {
    const all = [...operations, ...addPort(plan)];
    return (await commitAndWait(host, database, all, [filledIn], { holding })).flat()[0];
  } catch (error) {
    if (isOvsError(error, 'unmet')) throw noBridge(bridge);
    if (!isOvsError(error, 'exists') || error.taken !== name) throw error;
    const other = await bridgeWith(host, database, name, holding);
    throw new CniError(
      ErrorCode.alreadyExists,
      `the port ${name} is there already${other === undefined ? '' : `, on bridge ${other}`}, and plumbline has not made it for this container`,
      error.details,
    );
  }
}

/** Where this Open vSwitch has no kernel datapath, a bridge of the default type would never carry a frame. */
function bridgeOperations(bridge: string, { bridge: present, datapaths }: Survey): Operation[] {
  if (present !== undefined) return [];
  return addBridge(bridge, datapaths.length > 0 && !datapaths.includes('system') ? 'netdev' : undefined);
}

/** The rows are there, the link may not be: the row of the interface says why. */
function refuseFault(port: string, row: Row | undefined): void {
  const fault = row && textOf(row, 'error');
  if (fault === undefined && (row === undefined || numberOf(row, 'ofport') !== -1)) return;
  throw new CniError(
    ErrorCode.commandFailed,
    `Open vSwitch cannot set up the port ${port}: ${fault ?? 'the log of ovs-vswitchd says why'}`,
  );
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
  const { rows } = await findRows(host, database, [ofAttachment(identity.mark)], { holding });
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
function refuseOtherNumber(row: Row | undefined, wanted: number): void {
  const actual = row && numberOf(row, 'ofport');
  if (actual === wanted) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    `ofport_request: ${wanted} is taken by another port of the bridge (Open vSwitch has given ${actual ?? 'none'}); choose another, or leave it out`,
  );
}
