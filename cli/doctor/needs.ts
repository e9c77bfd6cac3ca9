/** What the networks of a node need of it. */
import type { Member, Network } from '../lint/network.ts';

/** What only some networks need. */
export type Need =
  | 'bridge'
  | 'vlan'
  | 'macvlan'
  | 'ipvlan'
  | 'ovs'
  | 'sriov'
  | 'masquerade'
  | 'antispoof'
  | 'iptables'
  | 'limits'
  | 'ipv6'
  | 'gateway';

/** The names of the networks that need a thing. */
export type Needs = ReadonlyMap<Need, readonly string[]>;

export function needsOf(networks: readonly Network[]): Needs {
  const needs = new Map<Need, string[]>();
  for (const { name, members } of networks) {
    for (const need of new Set(members.flatMap(needsOfMember)))
      needs.set(need, [...(needs.get(need) ?? []), name]);
  }
  return needs;
}

const byPlugin: Readonly<Record<string, Need>> = {
  'veth-bridge': 'bridge',
  macvlan: 'macvlan',
  ipvlan: 'ipvlan',
  ovs: 'ovs',
  sriov: 'sriov',
};

function needsOfMember({ plugin, config = {}, ranges, written }: Member): readonly Need[] {
  if (plugin === undefined) return [];
  const own = byPlugin[plugin];
  const isBridge = plugin === 'veth-bridge';
  const hasIPv6 = ranges.some(({ set }) => set.some(({ first }) => first.family === 6));
  const isOn = (key: string): boolean => isBridge && config[key] === true;
  const trunk = config['vlanTrunk'];
  const hasVlans = isBridge && (Number(config['vlan']) > 0 || (Array.isArray(trunk) && trunk.length > 0));
  const byIptables = isOn('ipMasq') && config['ipMasqBackend'] === 'iptables';
  const capabilities = written['capabilities'];
  const limits =
    plugin === 'ovs' &&
    (Number(config['ingressPolicingRate'] ?? 0) > 0 ||
      (typeof capabilities === 'object' && capabilities !== null && 'bandwidth' in capabilities));
  const needs: readonly (readonly [Need | undefined, boolean])[] = [
    [own, true],
    ['vlan', hasVlans],
    ['masquerade', isOn('ipMasq') && !byIptables],
    ['iptables', byIptables],
    ['antispoof', isOn('macspoofchk')],
    ['gateway', isOn('isGateway') || isOn('isDefaultGateway')],
    ['ipv6', hasIPv6],
    ['limits', limits],
  ];
  return needs.flatMap(([need, isNeeded]) => (need !== undefined && isNeeded ? [need] : []));
}
