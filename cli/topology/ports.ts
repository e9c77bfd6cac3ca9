/** What hangs on a hub: each port with its container. */
import { identify } from '../../lib/cni/identity.ts';
import type { VfReport } from '../vfs/report.ts';
import type { Link, OvsPort } from './facts.ts';
import { isHostAccess, type Label, readLabel } from './label.ts';
import type { Endpoint, Port, Vlan } from './model.ts';
import type { Inside, View } from './view.ts';

/** A link of the node. */
export function portOf(view: View, link: Link): Port {
  const label = readLabel(link.alias);
  const container = view.endpointOf(label, view.peerOf(link) ?? view.byMark(label?.mark));
  return {
    name: link.name,
    kind: link.kind ?? 'nic',
    ours: label !== undefined || isHostAccess(link.alias),
    state: link.state,
    mac: link.mac,
    mtu: link.mtu,
    addresses: link.addresses,
    vlan: link.tag === undefined ? undefined : { mode: 'access', tag: link.tag },
    mode: link.mode,
    isolated: link.isolated || undefined,
    hairpin: link.hairpin || undefined,
    ...rulesOf(view, label, link.name),
    container,
    stale: label === undefined ? undefined : whyStale(link),
  };
}

/** The pair goes with either end's namespace: one that is there has its other end somewhere. */
function whyStale(link: Link): string | undefined {
  if (link.kind !== 'veth') return 'its link is on the node, and not in its container';
  return link.lowerNetns === undefined ? 'its other end is on the node, and not in its container' : undefined;
}

/** Of the rules, too, the label tells whose they are. */
function rulesOf(view: View, label: Label | undefined, port: string): Pick<Port, 'masquerade' | 'antispoof'> {
  const { masquerade, guards } = view.rules;
  return {
    masquerade: masquerade.filter((one) => one.label.mark === label?.mark).map(({ address }) => address),
    antispoof: guards.find((guard) => guard.port === port)?.macs,
  };
}

/** The port of a Linux bridge, with its VLANs where the bridge tells them apart. */
export function bridgePortOf(view: View, bridge: Link, link: Link): Port {
  const vlan = bridge.vlanFiltering ? view.vlans.get(link.name) : undefined;
  const port = portOf(view, link);
  return { ...port, vlan: vlan ?? port.vlan };
}

/** A link in a container that is on one of the node's. */
export function childPortOf(view: View, child: Inside): Port {
  const { link, label } = child;
  return {
    name: link.name,
    kind: link.kind ?? '',
    ours: label !== undefined,
    state: link.state,
    mac: link.mac,
    mtu: link.mtu,
    addresses: [],
    vlan: link.tag === undefined ? undefined : { mode: 'access', tag: link.tag },
    mode: link.mode,
    ...rulesOf(view, label, ''),
    container: view.endpointOf(label, child),
  };
}

/** The port of a bridge of Open vSwitch: its rows tell whose it is, also where there is no link. */
export function ovsPortOf(view: View, { name, type, vlan, ids, dead }: OvsPort): Port {
  const link = view.links.find((candidate) => candidate.name === name);
  const byLink = link === undefined ? undefined : portOf(view, link);
  const label = labelOfRow(ids);
  // What is in a container may have any label; the other end of a pair is what it is.
  const found = (link && view.peerOf(link)) ?? view.byMark(label?.mark);
  return {
    name,
    kind: type || (byLink?.kind ?? 'veth'),
    ours: label !== undefined,
    state: byLink?.state ?? found?.link.state,
    mac: byLink?.mac,
    mtu: byLink?.mtu ?? found?.link.mtu,
    addresses: byLink?.addresses ?? [],
    vlan,
    masquerade: [],
    container: namedByRow(view.endpointOf(label, found), ids),
    stale: dead,
  };
}

type Ids = OvsPort['ids'];

function labelOfRow(ids: Ids): Label | undefined {
  const { owner, attachment: mark, network, 'container-id': id, interface: ifname } = ids;
  return owner === 'plumbline' && mark !== undefined ? { mark, network, id, ifname } : undefined;
}

function namedByRow(container: Endpoint | undefined, ids: Ids): Endpoint | undefined {
  const { 'pod-namespace': namespace, 'pod-name': name } = ids;
  if (container === undefined || container.pod !== undefined || name === undefined) return container;
  return { ...container, pod: namespace === undefined ? name : `${namespace}/${name}` };
}

/** A virtual function. The VLAN and the check of addresses are its NIC's. */
export function vfPortOf(view: View, vf: VfReport): Port {
  const { index, address, name, mac, vlan = 0, spoofchk, container, driver } = vf;
  const link = view.links.find((candidate) => candidate.name === name);
  const label = container && labelOf(container);
  // Older releases of ip do not tell a link's device.
  const found = view.inside.find((one) => one.link.device === address) ?? view.byMark(label?.mark);
  const tag: Vlan | undefined = vlan === 0 ? undefined : { mode: 'access', tag: vlan };
  const endpoint = view.endpointOf(label, found);
  return {
    name: name ?? `vf ${index}`,
    kind: driver === undefined || found !== undefined || link !== undefined ? 'vf' : `vf, ${driver}`,
    ours: label !== undefined,
    state: link?.state ?? found?.link.state,
    mac: mac ?? found?.link.mac,
    mtu: link?.mtu ?? found?.link.mtu,
    addresses: link?.addresses ?? [],
    vlan: tag,
    masquerade: [],
    antispoof: spoofchk === true && mac !== undefined ? [mac] : undefined,
    container: endpoint && { netns: container?.netns, ...definedOf(endpoint), addresses: endpoint.addresses },
    stale: container?.alive === false ? 'its container is gone' : vf.fault,
  };
}

function labelOf({ network, id, ifname }: NonNullable<VfReport['container']>): Label {
  return { mark: identify({ network, containerId: id, ifname }).mark, network, id, ifname };
}

function definedOf(endpoint: Endpoint): Partial<Endpoint> {
  return Object.fromEntries(Object.entries(endpoint).filter(([, value]) => value !== undefined));
}
