/** A node's topology, out of its facts. */
import { byName } from './by-name.ts';
import type { Facts, Link } from './facts.ts';
import { leftoversOf } from './leftovers.ts';
import type { Hub, Port, Topology } from './model.ts';
import { titleOf } from './model.ts';
import { bridgePortOf, childPortOf, ovsPortOf, portOf, vfPortOf } from './ports.ts';
import { type Inside, isChild, type View, viewOf } from './view.ts';

export function assemble(facts: Facts): Topology {
  const view = viewOf(facts);
  const ovs = facts.ovs.map((bridge): Hub => {
    const link = view.links.find(({ name }) => name === bridge.name);
    const ports = [
      ...bridge.ports.map((port) => ovsPortOf(view, port)),
      ...(link === undefined ? [] : onLink(view, link)),
    ];
    return hubOf(view, 'ovs-bridge', bridge.name, link, ports, { datapath: bridge.datapath });
  });
  const ofOvs = new Set(facts.ovs.flatMap(({ name, ports }) => [name, ...ports.map((port) => port.name)]));
  const others = facts.links
    .filter(({ name, kind }) => !ofOvs.has(name) && kind !== 'openvswitch')
    .flatMap((link) => linkHub(view, link) ?? []);
  const taken = new Set([...ofOvs, ...[...ovs, ...others].map(({ name }) => name)]);
  const hubs = [...ovs, ...others, ...hiddenPfs(view), ...inContainers(view), ...nodeHub(view, taken)];
  return {
    version: 1,
    hubs: hubs.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || byName(a.name, b.name)),
    leftovers: leftoversOf(view),
    notes: facts.notes,
  };
}

const order: readonly Hub['kind'][] = ['bridge', 'ovs-bridge', 'master', 'pf', 'node'];

/** A link that others hang on, or that a network wants. */
function linkHub(view: View, link: Link): Hub | undefined {
  const pf = view.pfs.find(({ name, vfs }) => name === link.name && vfs.length > 0);
  const isBridge = link.kind === 'bridge';
  const ports = [
    ...(pf?.vfs ?? []).map((vf) => vfPortOf(view, vf)),
    ...view.links
      .filter(({ master }) => master === link.name)
      .map((port) => (isBridge ? bridgePortOf(view, link, port) : portOf(view, port))),
    ...onLink(view, link),
  ];
  if (isBridge) {
    return hubOf(view, 'bridge', link.name, link, ports, { vlanFiltering: link.vlanFiltering });
  }
  if (pf !== undefined) return hubOf(view, 'pf', link.name, link, ports, { pci: pf.address });
  const isMaster = ports.some(({ kind }) => kind !== 'vlan' && kind !== 'nic');
  return isMaster || view.wanted.masters.includes(link.name)
    ? hubOf(view, 'master', link.name, link, ports)
    : undefined;
}

/** Links that are on another one: on the node, and in containers. */
function onLink(view: View, link: Link): readonly Port[] {
  return [
    ...view.links
      .filter((child) => isChild(child) && child.lower === link.name && child.master === undefined)
      .map((child) => portOf(view, child)),
    ...view.childrenOf(link).map((child) => childPortOf(view, child)),
  ];
}

/** NICs that a driver of userspace has, so that there is no link of theirs. */
function hiddenPfs(view: View): readonly Hub[] {
  return view.pfs
    .filter(({ name, vfs }) => name === undefined && vfs.length > 0)
    .map(({ address, vfs }) =>
      hubOf(
        view,
        'pf',
        address,
        undefined,
        vfs.map((vf) => vfPortOf(view, vf)),
        { pci: address },
      ),
    );
}

/** Masters that are in a sandbox themselves (linkInContainer). */
function inContainers(view: View): readonly Hub[] {
  const children = view.inside.filter(
    ({ link, label }) => label !== undefined && isChild(link) && link.lower !== undefined,
  );
  const byMaster = Map.groupBy(children, ({ link, namespace }) => `${namespace.inode} ${link.lower}`);
  return [...byMaster.values()].flatMap((group) => {
    const [first] = group;
    const master = view.inside.find((one) => isMasterOf(one, first));
    if (master === undefined) return [];
    const ports = group.map((child) => childPortOf(view, child));
    const container = view.endpointOf(first?.label, first);
    const inside = container && titleOf(container);
    return [hubOf(view, 'master', master.link.name, master.link, ports, { inside })];
  });
}

const isMasterOf = ({ namespace, link }: Inside, child: Inside | undefined): boolean =>
  namespace === child?.namespace && link.name === child.link.lower;

/** What leads into a container and hangs on nothing: the node routes to it, or it has lost its bridge. */
function nodeHub(view: View, taken: ReadonlySet<string>): readonly Hub[] {
  const ports = view.links
    .filter(({ master, name }) => master === undefined && !taken.has(name))
    .map((link) => portOf(view, link))
    .filter(({ kind, container, ours }) => kind === 'veth' && (container !== undefined || ours));
  return ports.length === 0 ? [] : [hubOf(view, 'node', 'node', undefined, ports)];
}

function hubOf(
  view: View,
  kind: Hub['kind'],
  name: string,
  link: Link | undefined,
  ports: readonly Port[],
  more: Partial<Hub> = {},
): Hub {
  return {
    kind,
    name,
    ours: ports.some((port) => port.ours) || wantedNames(view, kind).includes(name),
    state: link?.state,
    mac: link?.mac,
    mtu: link?.mtu,
    addresses: link?.addresses ?? [],
    ...more,
    ports: ports.toSorted((a, b) => rankOf(a) - rankOf(b) || byName(sortName(a), sortName(b))),
  };
}

function wantedNames({ wanted }: View, kind: Hub['kind']): readonly string[] {
  if (kind === 'bridge') return wanted.bridges;
  return kind === 'ovs-bridge' ? wanted.ovsBridges : wanted.masters;
}

/** What is the node's first, such as the way out; then containers of ours, then others'. */
function rankOf({ ours, container }: Port): number {
  if (container === undefined) return 0;
  return ours ? 1 : 2;
}

const sortName = ({ container, name }: Port): string =>
  container === undefined ? name : `${titleOf(container)} ${container.ifname ?? ''} ${name}`;
