/** Facts of nodes that are nowhere. */
import type { Facts, Link, Namespace } from '../../../../cli/topology/facts.ts';
import type { Endpoint, Hub, Port, Topology } from '../../../../cli/topology/model.ts';
import { aliasOf, identify } from '../../../../lib/cni/identity.ts';

export const noFacts: Facts = {
  links: [],
  vlans: new Map(),
  namespaces: [],
  rules: { masquerade: [], guards: [] },
  ovs: [],
  pfs: [],
  reservations: [],
  pods: new Map(),
  wanted: { bridges: [], ovsBridges: [], masters: [] },
  isComplete: true,
  notes: [],
};

export function link(index: number, name: string, more: Partial<Link> = {}): Link {
  return {
    index,
    name,
    kind: undefined,
    state: 'up',
    mtu: 1500,
    mac: `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`,
    alias: undefined,
    master: undefined,
    lower: undefined,
    lowerIndex: undefined,
    lowerNetns: undefined,
    device: undefined,
    mode: undefined,
    tag: undefined,
    vlanFiltering: false,
    isolated: false,
    hairpin: false,
    addresses: [],
    ...more,
  };
}

export function namespace(number: number, paths: readonly string[], ...links: readonly Link[]): Namespace {
  return { inode: 4026530000 + number, paths, process: undefined, number, numberOfNode: 0, links };
}

export const whose = (id: string, network = 'pods', ifname = 'eth0') =>
  identify({ network, containerId: id, ifname });
export const alias = (id: string, network?: string, ifname?: string): string =>
  aliasOf(whose(id, network, ifname));
export const label = (id: string, network = 'pods', ifname = 'eth0') => ({
  mark: whose(id, network, ifname).mark,
  network,
  id,
  ifname,
});

export function endpoint(more: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ id: 'c1', network: 'pods', netns: 'blue', sandbox: 1, ifname: 'eth0', state: 'up' },
    ...{ mac: '02:00:5e:00:53:01', mtu: 1500, addresses: ['10.88.0.2/16'] },
    ...more,
  };
}

export function port(more: Partial<Port> = {}): Port {
  return {
    ...{ name: 'veth0', kind: 'veth', ours: true, state: 'up', mtu: 1500, addresses: [], masquerade: [] },
    container: endpoint(),
    ...more,
  };
}

export const hub = (ports: readonly Port[], more: Partial<Hub> = {}): Hub => ({
  ...{ kind: 'bridge', name: 'cni0', ours: true, state: 'up', mtu: 1500, addresses: ['10.88.0.1/16'], ports },
  ...more,
});

export const topology = (...hubs: readonly Hub[]): Topology => ({
  version: 1,
  hubs,
  leftovers: [],
  notes: [],
});

/** A bridge with so many containers. */
export const crowd = (count: number): Topology =>
  topology(
    hub(
      Array.from({ length: count }, (_, index) =>
        port({
          name: `veth${index}`,
          container: endpoint({ netns: `pod-${index}`, sandbox: index, addresses: [`10.88.1.${index}/16`] }),
        }),
      ),
    ),
  );
