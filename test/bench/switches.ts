/** What a network hangs on and its plugin does not make: a NIC that is plugged into a switch, an Open vSwitch. */

import { type Datapath, startOvs } from '../support/ovs.ts';
import { findProgram } from '../support/paths.ts';
import { floorName } from './floor.ts';
import { lackOfFunctions, plugFunctions } from './functions.ts';
import { ovsFolderOf, type Plugin, type Scenario, trunkOf } from './scenarios.ts';
import type { Station } from './station.ts';

/** Whether the plugin itself makes all that its network hangs on. */
const needsNothing = (plugin: Plugin): boolean => plugin === 'veth-bridge' || plugin === 'host-local';

/** Makes it on a node. Daemons end with what is returned; links stay with the node. */
export async function plugIn(
  station: Station,
  { plugin, datapath }: Scenario,
  number: number,
): Promise<AsyncDisposable> {
  const { node } = station;
  const trunk = trunkOf(plugin, number);
  if (datapath !== undefined) {
    const ovs = await startOvs(node, { datapath, folder: ovsFolderOf(datapath) });
    await ovs.addBridge(trunk);
    return ovs;
  }
  if (plugin === 'sriov')
    return plugFunctions(station, { pf: trunk, byHand: (host) => floorName(number, host) });
  if (!needsNothing(plugin)) {
    await node.sh(`
      ip link add switch${number} type bridge
      ip link add port${number} master switch${number} type veth peer name ${trunk}
      for device in switch${number} port${number} ${trunk}; do ip link set $device up; done
    `);
  }
  return { async [Symbol.asyncDispose]() {} };
}

/**
 * What this machine lacks for a scenario, in words; undefined where all is there.
 * @throws where a link cannot be made for another reason: that is no row to leave out
 */
export async function lackOf(station: Station, { plugin, datapath }: Scenario): Promise<string | undefined> {
  if (datapath !== undefined) return lackOfOvs(station, datapath);
  if (plugin === 'sriov') return lackOfFunctions();
  return needsNothing(plugin) ? undefined : lackOfLinks(station, plugin);
}

async function lackOfLinks({ node }: Station, plugin: Plugin): Promise<string | undefined> {
  const script =
    'ip link add probe type veth; ip link add child link probe type "$1" || exit; ip link del probe';
  const { code, stderr } = await node.exec(['unshare', '--net', 'sh', '-c', script, 'sh', plugin]);
  if (code === 0) return undefined;
  if (/unknown device type|not supported/i.test(stderr)) return 'this kernel has none';
  throw new Error(`no ${plugin} link can be made: exit status ${code}\n${stderr}`);
}

async function lackOfOvs({ node }: Station, datapath: Datapath): Promise<string | undefined> {
  const programs = ['ovs-vsctl', 'ovsdb-server', 'ovs-vswitchd', 'ovs-dpctl'];
  if (programs.some((program) => findProgram(program) === undefined))
    return 'Open vSwitch is not installed (apt-get install openvswitch-switch)';
  if (datapath === 'netdev') return undefined;
  const { code } = await node.exec(['unshare', '--net', 'ovs-dpctl', 'add-dp', 'probe']);
  return code === 0 ? undefined : 'this kernel has no datapath of Open vSwitch';
}
