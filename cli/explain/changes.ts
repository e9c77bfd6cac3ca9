/** What a line of a batch that writes makes of the links (ip-link(8), ip-address(8)), and what it is refused for. */
import type { JsonObject } from '../../lib/cni/json.ts';
import { parseCidr } from '../../lib/net/address.ts';
import { type LinkJson, type Links, Refusal } from './links.ts';
import type { Space } from './spaces.ts';

type Words = readonly string[];

/** @throws Refusal with ip's words */
export async function apply(links: Links, space: Space, line: Words): Promise<void> {
  const [object, verb, ...rest] = line;
  if (object === 'link' && verb === 'add') return addLink(links, space, rest);
  const device = rest[rest.indexOf('dev') + 1] ?? '';
  if (object === 'link' && verb === 'delete') return deleteLink(links, space, device);
  if (object === 'link' && verb === 'set') return setLink(links, space, device, rest.slice(2));
  if (object === 'address') return changeAddresses(links, space, device, verb ?? '', rest[0] ?? '');
  const link = await links.get(space, device);
  if (object === 'link' && verb === 'property') await refuseTaken(links, space, rest.at(-1) ?? link.ifname);
}

async function refuseTaken(links: Links, space: Space, name: string): Promise<void> {
  if (await links.find(space, name)) throw new Refusal('RTNETLINK answers: File exists');
}

/** Words after a key: `name eth0 mtu 1500` as pairs. */
function pairsOf(words: Words): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (let at = 0; at < words.length; at += 2) pairs.set(words[at] ?? '', words[at + 1] ?? '');
  return pairs;
}

async function addLink(links: Links, space: Space, words: Words): Promise<void> {
  const at = words.indexOf('type');
  const [kind = '', ...options] = words.slice(at + 1);
  const common = pairsOf(words.slice(0, at));
  const name = common.get('name') ?? '';
  const parent = common.has('link') ? await links.get(space, common.get('link') ?? '') : undefined;
  const master = common.has('master') ? await links.get(space, common.get('master') ?? '') : undefined;
  const peer = kind === 'veth' ? pairsOf(options.slice(1)) : undefined;
  const inside = peer && links.spaces.byRef(peer.get('netns') ?? '');
  await refuseTaken(links, space, name);
  if (peer && inside) await refuseTaken(links, inside, peer.get('name') ?? '');
  if (parent) refuseParent(parent, kind, common);
  const made = (own: ReadonlyMap<string, string>, more: JsonObject = {}): LinkJson =>
    newLink(links, kind, own, parent, { ...more, ...dataOf(kind, options) });
  links.put(space, made(common, master && { master: master.ifname }));
  if (peer && inside) links.put(inside, made(peer));
}

/** As the kernel would: a link that is a port has no children, and none is larger than its master. */
function refuseParent(parent: LinkJson, kind: string, common: ReadonlyMap<string, string>): void {
  const info = parent['linkinfo'] as JsonObject | undefined;
  const isPort = parent['master'] !== undefined && info?.['info_slave_kind'] !== 'vrf';
  if (isPort && kind !== 'vlan') throw new Refusal('RTNETLINK answers: Device or resource busy');
  if (kind === 'macvlan' && Number(common.get('mtu') ?? 0) > Number(parent['mtu'])) {
    throw new Refusal('RTNETLINK answers: Invalid argument');
  }
}

function newLink(
  links: Links,
  kind: string,
  own: ReadonlyMap<string, string>,
  parent: LinkJson | undefined,
  { data, ...more }: JsonObject,
): LinkJson {
  const ifname = own.get('name') ?? '';
  return {
    ifindex: links.newIndex(ifname),
    ifname,
    flags: ['BROADCAST', 'MULTICAST'],
    mtu: Number(own.get('mtu') ?? parent?.['mtu'] ?? 1500),
    operstate: 'DOWN',
    address: own.get('address') ?? parent?.['address'],
    linkinfo: { info_kind: kind, ...(data === undefined ? {} : { info_data: data }) },
    addr_info: [],
    ...more,
  };
}

function dataOf(kind: string, options: Words): JsonObject {
  const filtering = options.includes('vlan_filtering') ? 1 : 0;
  return kind === 'bridge' ? { data: { vlan_filtering: filtering, vlan_default_pvid: 1 } } : {};
}

async function deleteLink(links: Links, space: Space, device: string): Promise<void> {
  const { ifname } = await links.get(space, device);
  links.drop(space, ifname);
}

async function setLink(links: Links, space: Space, device: string, words: Words): Promise<void> {
  const link = await links.get(space, device);
  const [first = '', second = ''] = words;
  if (first === 'vf') {
    const [, index = '', ...setting] = words;
    return setFunction(links, link.ifname, index, setting);
  }
  // Of its kind: nobody looks at it again in the call that sets it.
  if (first === 'type') return;
  if (first === 'master') await links.get(space, second);
  const target = words.includes('netns')
    ? links.spaces.byRef(words[words.indexOf('netns') + 1] ?? '')
    : space;
  const ifname = words.includes('name') ? (words[words.indexOf('name') + 1] ?? '') : link.ifname;
  const isMoved = target.id !== space.id || ifname !== link.ifname;
  if (isMoved) await refuseTaken(links, target, ifname);
  if (isMoved) links.drop(space, link.ifname);
  const { flags, ...changed } = changesOf(link, words);
  // A link that moves goes down, and leaves its addresses behind.
  const moved = target.id === space.id ? {} : { flags: without(flags, ['UP', 'LOWER_UP']), addr_info: [] };
  links.put(target, { ...link, flags, ...changed, ...moved, ifname });
}

const without = (list: unknown, gone: Words): string[] =>
  (Array.isArray(list) ? list : []).map(String).filter((flag) => !gone.includes(flag));

const flagNames: Readonly<Record<string, string>> = {
  promisc: 'PROMISC',
  allmulticast: 'ALLMULTI',
  multicast: 'MULTICAST',
};

function changesOf(link: LinkJson, [first = '', second = '']: Words): JsonObject {
  const { flags } = link;
  const flag = flagNames[first];
  if (flag !== undefined) {
    return { flags: second === 'on' ? [...without(flags, [flag]), flag] : without(flags, [flag]) };
  }
  switch (first) {
    case 'up':
      return { flags: [...without(flags, ['UP', 'LOWER_UP']), 'UP', 'LOWER_UP'], operstate: 'UP' };
    case 'down':
      return { flags: without(flags, ['UP', 'LOWER_UP']), operstate: 'DOWN' };
    case 'alias':
      return { flags, ifalias: second };
    case 'address':
    case 'master':
      return { flags, [first]: second };
    case 'mtu':
      return { flags, mtu: Number(second) };
    case 'nomaster':
      return { flags, master: undefined };
    default:
      return { flags };
  }
}

/** In the form in which ip prints it. */
function setFunction(links: Links, pf: string, index: string, [name = '', value = '', ...more]: Words): void {
  const key = `${pf} ${index}`;
  const before = links.functions.get(key) ?? {};
  const rate = (before['rate'] as JsonObject | undefined) ?? {};
  const pairs = pairsOf(more);
  const settings: Readonly<Record<string, () => JsonObject>> = {
    mac: () => ({ address: value, mac: value }),
    vlan: () => ({
      vlan_list: [
        Number(value) > 0
          ? {
              vlan: Number(value),
              qos: Number(pairs.get('qos') ?? 0),
              protocol: pairs.get('proto') ?? '802.1Q',
            }
          : {},
      ],
    }),
    spoofchk: () => ({ spoofchk: value === 'on' }),
    trust: () => ({ trust: value === 'on' }),
    state: () => ({ link_state: value }),
    max_tx_rate: () => ({ rate: { ...rate, max_tx: Number(value) } }),
    min_tx_rate: () => ({ rate: { ...rate, min_tx: Number(value) } }),
  };
  links.functions.set(key, { ...before, ...settings[name]?.() });
}

async function changeAddresses(
  links: Links,
  space: Space,
  device: string,
  verb: string,
  text: string,
): Promise<void> {
  const link = await links.get(space, device);
  const cidr = parseCidr(text);
  const local = text.slice(0, text.lastIndexOf('/'));
  const all = (link['addr_info'] as readonly JsonObject[] | undefined) ?? [];
  const others = all.filter((info) => info['local'] !== local || info['prefixlen'] !== cidr?.prefix);
  const isThere = others.length < all.length;
  if (verb === 'add' && isThere) throw new Refusal('RTNETLINK answers: File exists');
  if (verb === 'delete' && !isThere) throw new Refusal('RTNETLINK answers: Cannot assign requested address');
  const family = cidr?.address.family === 6 ? 'inet6' : 'inet';
  const added = verb === 'delete' ? [] : [{ family, local, prefixlen: cidr?.prefix ?? 0, scope: 'global' }];
  links.put(space, { ...link, addr_info: [...others, ...added] });
}
