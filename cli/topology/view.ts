/** A node's facts, with ways to find what belongs together. */
import { identify } from '../../lib/cni/identity.ts';
import type { Facts, Link, Namespace } from './facts.ts';
import { type Label, readLabel } from './label.ts';
import type { Endpoint } from './model.ts';

/** A link in a namespace other than the node's. */
export interface Inside {
  readonly namespace: Namespace;
  readonly link: Link;
  readonly label: Label | undefined;
}

export interface View extends Facts {
  readonly inside: readonly Inside[];
  /** The other end of a link of the node, in a container. */
  peerOf(link: Link): Inside | undefined;
  /** The link of an attachment in its container, by its label. */
  byMark(mark: string | undefined): Inside | undefined;
  /** Links in containers that are on one of the node's. */
  childrenOf(link: Link): readonly Inside[];
  endpointOf(label: Label | undefined, inside: Inside | undefined): Endpoint | undefined;
}

/** What can be on another link, wherever it is itself. */
const childKinds: ReadonlySet<string | undefined> = new Set([
  'macvlan',
  'macvtap',
  'ipvlan',
  'ipvtap',
  'vlan',
]);

export const isChild = ({ kind }: Link): boolean => childKinds.has(kind);

export function viewOf(facts: Facts): View {
  const inside = facts.namespaces.flatMap((namespace) =>
    (namespace.links ?? []).map((link): Inside => ({ namespace, link, label: readLabel(link.alias) })),
  );
  const marks = new Map(inside.flatMap((one) => (one.label === undefined ? [] : [[one.label.mark, one]])));
  const places = new Map(inside.map((one) => [placeOf(one.namespace.number, one.link.index), one]));
  const children = Map.groupBy(inside.filter(isOnNode), ({ link }) => link.lowerIndex);
  const addresses = addressesByOwner(facts);
  return {
    ...facts,
    inside,
    peerOf: ({ lowerNetns, lowerIndex }) =>
      lowerNetns === undefined ? undefined : places.get(placeOf(lowerNetns, lowerIndex)),
    byMark: (mark) => (mark === undefined ? undefined : marks.get(mark)),
    childrenOf: ({ index }) => children.get(index) ?? [],
    endpointOf(onNode, found) {
      const label = onNode ?? found?.label;
      if (label === undefined && found === undefined) return undefined;
      const { mark, network, id, ifname } = label ?? {};
      return {
        id,
        network,
        pod: id === undefined ? undefined : facts.pods.get(id),
        ifname: found?.link.name ?? ifname,
        ...(found === undefined ? {} : placeIn(found.namespace)),
        ...(found === undefined ? {} : { state: found.link.state, mac: found.link.mac, mtu: found.link.mtu }),
        addresses: found?.link.addresses ?? addresses.get(mark ?? '') ?? [],
      };
    },
  };
}

/** A container within a container has links on those of the outer one, whose indices are the node's as well. */
const isOnNode = ({ link, namespace: { numberOfNode } }: Inside): boolean =>
  isChild(link) && link.lowerNetns !== undefined && link.lowerNetns === numberOfNode;

const placeOf = (number: number | undefined, index: number | undefined): string => `${number}:${index}`;

function placeIn({ paths, process, inode }: Namespace): Partial<Endpoint> {
  const names = paths.map((path) => path.replace(/^(?:\/var)?\/run\/netns\//, ''));
  const netns = names.find((name) => !name.startsWith('/')) ?? names[0];
  return { netns, sandbox: inode, process };
}

/** Reserved addresses by the marks of those who have them. */
function addressesByOwner({ reservations }: Facts): ReadonlyMap<string, readonly string[]> {
  const owned = Map.groupBy(
    reservations,
    ({ network, id, ifname = 'eth0' }) => identify({ network, containerId: id, ifname }).mark,
  );
  return new Map([...owned].map(([mark, list]) => [mark, list.map(({ address }) => address)]));
}
