/**
 * External IDs of the rows that plumbline makes. By them alone DEL, GC and the next ADD find what is whose: there is no
 * other record.
 */
import type { Identity } from '../../lib/cni/identity.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import type { Host } from '../../lib/exec/host.ts';
import { identityOf, type MachineIdentity } from '../../lib/exec/machine.ts';
import {
  type Condition,
  isNamed,
  mapOfTexts,
  type Select,
  select,
  type Table,
} from '../../lib/ovs/operation.ts';
import type { ExternalIds } from '../../lib/ovs/port.ts';
import type { Config } from './config.ts';

export const owner = 'plumbline';
/** What the reference's ovs-cni writes. */
export const peerOwner = 'ovs-cni.network.kubevirt.io';

export function marksOf(
  { attachment, host, request, sandbox }: AttachmentContext<Config>,
  { mark }: Identity,
  bridge: string,
): ExternalIds {
  const { machineId, bootId } = identityOf(host.kernel);
  const { args } = request;
  return {
    owner,
    attachment: mark,
    network: attachment.network,
    'container-id': attachment.containerId,
    interface: attachment.ifname,
    netns: request.netns,
    // Tells the namespace from a later one at the same path.
    'netns-id': sandbox?.id,
    bridge,
    machine: machineId(),
    boot: bootId(),
    'pod-name': args.get('K8S_POD_NAME'),
    'pod-namespace': args.get('K8S_POD_NAMESPACE'),
    'pod-uid': args.get('K8S_POD_UID'),
  };
}

/** A condition: external_ids have these values. */
const has = (ids: ExternalIds): Condition => ['external_ids', 'includes', mapOfTexts(ids)];

/** Rows of one table that plumbline has made, and that meet the conditions. */
export function findOurs(table: Table, columns: readonly string[], conditions: readonly Condition[]): Select {
  return select(table, columns, [has({ owner }), ...conditions]);
}

export const ofAttachment = (mark: string): Condition => has({ attachment: mark });
export const ofNetwork = (network: string): Condition => has({ network });
export const onBridge = (bridge: string): Condition => has({ bridge });

/** Rows of a boot of this machine that is over: no namespace of theirs is left. */
export function ofEarlierBoots({ machineId, bootId }: MachineIdentity): readonly Condition[] {
  return [has({ machine: machineId() }), ['external_ids', 'excludes', mapOfTexts({ boot: bootId() })]];
}

const findPeers = (conditions: readonly Condition[]): Select =>
  select('Port', ['_uuid', 'name', 'external_ids'], [has({ owner: peerOwner }), ...conditions]);

/** The port that ovs-cni has made for a pod; it knows it by the namespace's path and the interface. */
export const findPeersPort = (netns: string, ifname: string): Select =>
  findPeers([has({ contNetns: netns, contIface: ifname })]);

/** The same, by the name that the pod's result has. */
export const findPeersPortByName = (port: string, ifname: string): Select =>
  findPeers([...isNamed(port), has({ contIface: ifname })]);

/** Whether the sandbox that rows were made for is still there. */
export function isSandboxAlive(host: Host, marks: ExternalIds): boolean {
  const { netns, 'netns-id': id, machine, boot } = marks;
  const { machineId, bootId } = identityOf(host.kernel);
  if (netns === undefined || id === undefined || machine !== machineId() || boot !== bootId()) return false;
  try {
    using sandbox = host.openNetns(netns, true);
    return sandbox.id === id;
  } catch {
    return false;
  }
}
