/** What is said of hubs, ports and containers, in whatever format. */
import { type Endpoint, type Hub, type Leftover, type Port, titleOf, type Vlan } from '../model.ts';

const kinds: Readonly<Record<Hub['kind'], string>> = {
  bridge: 'bridge',
  'ovs-bridge': 'OVS bridge',
  master: 'master',
  pf: 'NIC with VFs',
  node: 'node',
};

export function hubTitle({ kind, name, inside }: Hub): string {
  if (kind === 'node') return 'on no bridge';
  return `${kinds[kind]} ${name}${inside === undefined ? '' : ` in ${inside}`}`;
}

const stateWords = { up: 'up', 'no-carrier': 'no carrier', down: 'down' } as const;

export const stateText = (state: Hub['state']): string => (state === undefined ? '' : stateWords[state]);

/** What is known of a hub itself. */
export function hubFacts({ state, mtu, addresses, vlanFiltering, datapath, pci }: Hub): readonly string[] {
  return [
    stateText(state),
    mtu === undefined ? '' : `mtu ${mtu}`,
    vlanFiltering ? 'VLAN filtering' : '',
    datapath === undefined ? '' : `datapath ${datapath}`,
    pci ?? '',
    ...addresses,
  ].filter((text) => text !== '');
}

/** A link that is in a container alone has no name on the node: its kind stands for it. */
export function portTitle({ name, kind, mode, container }: Port): string {
  const isInside = container?.ifname === name && (kind.startsWith('macvlan') || kind.startsWith('ipvlan'));
  return isInside ? [kind, mode].filter(Boolean).join(' ') : name;
}

export function vlanText(vlan: Vlan | undefined): string {
  if (vlan === undefined) return '';
  const { mode, tag, trunks } = vlan;
  switch (mode) {
    case 'access':
      return `VLAN ${tag}`;
    case 'trunk':
      return trunks === undefined ? 'trunk' : `trunk ${trunks}`;
    default:
      return `${mode} ${tag}${trunks === undefined ? '' : `, trunk ${trunks}`}`;
  }
}

/** What is done to what passes a port. */
export function flagsOf({ masquerade, antispoof, isolated, hairpin }: Port): readonly string[] {
  return [
    ...(masquerade.length > 0 ? ['masquerade'] : []),
    ...(antispoof === undefined ? [] : ['anti-spoof']),
    ...(isolated ? ['isolated'] : []),
    ...(hairpin ? ['hairpin'] : []),
  ];
}

/** Whose a port is: its network; nobody is named for the way out. */
export function ownerText({ ours, container }: Port): string {
  if (ours) return container?.network ?? '';
  return container === undefined ? '' : 'not plumbline';
}

export const containerTitle = (container: Endpoint | undefined): string =>
  container === undefined ? '' : titleOf(container);

export function leftoverText({ kind, what, network, id, ifname }: Leftover): string {
  const whose = [network, id?.slice(0, 12), ifname].filter((part) => part !== undefined).join(' ');
  return `${kind} ${what}${whose === '' ? '' : ` of ${whose}`}`;
}
