/**
 * All that a call can leave on a node and in a container, as lines of text: links with all of their attributes,
 * addresses, routes, VLANs, rules, rows of Open vSwitch, settings, files.
 *
 * Two nodes differ in what the kernel picks: MAC addresses, numbers of links and namespaces. A MAC address is told by the
 * link that has it, a number by its link's name, so that whatever goes by either is still compared.
 */
import { expect } from 'vitest';
import { type Container, eventually, type IpObject, type Node, type Place } from '../../support/index.ts';

/** Clocks, counters, numbers that a namespace gives, and what a container of another name has of its own. */
const passing = new Set([
  ...[
    'ifindex',
    'link_index',
    'link_netnsid',
    'permaddr',
    'handle',
    'no',
    'id',
    'stats',
    'stats64',
    'txqlen',
  ],
  ...['hello_timer', 'tcn_timer', 'topology_change_timer', 'gc_timer', 'forward_delay_timer', 'hold_timer'],
  ...['message_age_timer', 'gc_timer', 'mcast_startup_query_count', 'packets', 'bytes', 'metainfo'],
]);

/** Each prints JSON, or lines. They are asked in one shell: to enter a node costs more than an answer. */
const questions = {
  links: 'ip -json -details address show',
  routes4: 'ip -json -4 route show table all',
  routes6: 'ip -json -6 route show table all',
};

const ofNode = {
  ...questions,
  vlans: 'bridge -json vlan show',
  ruleset: 'nft -json list ruleset',
  iptables: '! command -v iptables-save >/dev/null || iptables-save -t nat',
  settings:
    'tail -n 1 /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/*/accept_ra',
};

const ofContainer = {
  ...questions,
  namespace: "stat -L -c '%d:%i' /proc/self/ns/net",
  settings: `cd /proc/sys/net; tail -n 1 ipv4/conf/*/arp_notify ${['disable_ipv6', 'accept_dad', 'keep_addr_on_down', 'ndisc_notify'].map((name) => `ipv6/conf/*/${name}`).join(' ')}`,
};

const columns = {
  Bridge: 'name,datapath_type',
  Port: 'name,tag,trunks,vlan_mode,external_ids,other_config',
  Interface:
    'name,type,mtu_request,ofport,ofport_request,ingress_policing_rate,ingress_policing_burst,external_ids,error',
  QoS: 'type,external_ids,other_config',
  Queue: 'external_ids,other_config',
} as const;

const rows = `[ ! -S /run/openvswitch/db.sock ] || ovs-vsctl --format=json ${Object.entries(columns)
  .map(([table, names]) => `-- --columns=${names} list ${table}`)
  .join(' ')}`;

/** Each file with its mode, its time where that says something, and its content; locks come and go. */
const filesIn = (folders: readonly string[]): string => {
  const find = `find ${folders.join(' ')} ! -path '*/locks*' ! -name lock ! -name '*.json.new'`;
  return `[ ! -e ${folders.join(' ] || [ ! -e ')} ] || {
    ${find} -printf '%y %m %p\n'
    ${find} -type f ! -newermt 1990-01-01 -printf 'old %p\n'
    ${find} -type f -exec sh -c 'for file do echo "content $file $(base64 -w 0 "$file")"; done' sh {} +
  } 2>/dev/null`;
};

type Answers<Q> = Readonly<Record<keyof Q, string>>;

async function askAll<Q extends Readonly<Record<string, string>>>(
  place: Place,
  asked: Q,
): Promise<Answers<Q>> {
  const script = Object.values(asked).map((question) => `( ${question} ) || :`);
  const answers = (await place.sh(script.join("\nprintf '\\0'\n"))).split('\0');
  return Object.fromEntries(
    Object.keys(asked).map((name, index) => [name, (answers[index] ?? '').trim()]),
  ) as Answers<Q>;
}

/** @param folders whose files are compared, too */
export async function pictureOf(
  node: Node,
  container: Container,
  folders: readonly string[],
): Promise<readonly string[]> {
  const [outer, inner] = await Promise.all([
    askAll(node, { ...ofNode, rows, files: folders.map((folder) => filesIn([folder])).join('; ') }),
    askAll(container, ofContainer),
  ]);
  const [links, inside] = [listOf(outer.links), listOf(inner.links)] as const;
  const lines = [
    ...links.map((link) => `node link ${tell(link)}`),
    ...inside.map((link) => `container link ${tell(link)}`),
    ...routesOf('node', outer),
    ...routesOf('container', inner),
    ...listOf(outer.vlans).map((vlan) => `vlan ${tell(vlan)}`),
    ...rulesOf(outer.ruleset, outer.iptables),
    ...rowsOf(outer.rows),
    ...linesOf(outer.settings.replaceAll(' <==\n', ' ')).map((line) => `node ${line}`),
    ...linesOf(inner.settings.replaceAll(' <==\n', ' ')).map((line) => `container ${line}`),
    ...filesOf(outer.files),
  ];
  const named = namer(links, inside);
  return lines.map((line) => named(line.replaceAll(inner.namespace, '<namespace>'))).sort();
}

/** A call is over when it answers, and the kernel a moment later: links come up, addresses lose their first flags. */
export async function expectTwins(
  one: () => Promise<readonly string[]>,
  other: () => Promise<readonly string[]>,
): Promise<void> {
  let pair: readonly (readonly string[])[] = [];
  const isSame = async (): Promise<boolean> => {
    pair = await Promise.all([one(), other()]);
    return pair[0]?.join('\n') === pair[1]?.join('\n');
  };
  if (!(await eventually(isSame, 2_000))) expect(pair[1]).toEqual(pair[0]);
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

function listOf(document: string): readonly IpObject[] {
  const list = JSON.parse(document || '[]') as readonly IpObject[];
  // ip fills a list with empty objects for what a filter left out.
  return list.filter((object) => Object.keys(object).length > 0);
}

/** MAC addresses by the first link that has one, numbers of links in names of files by the link's name. */
function namer(links: readonly IpObject[], inside: readonly IpObject[]): (line: string) => string {
  const owners = new Map<string, string>();
  const all = [
    links.map((link) => ({ ...link, where: 'node' })),
    inside.map((link) => ({ ...link, where: 'container' })),
  ];
  for (const { address = '', ifname = '', where } of all.flatMap((list) => list.toSorted(byName))) {
    const isMac = /^(?!00:00:00:00:00:00)[0-9a-f:]{17}$/.test(address);
    if (isMac && !owners.has(address)) owners.set(address, `<MAC of ${ifname} (${where})>`);
  }
  const numbers = new Map(
    links.map(({ ifname, ifindex }) => [`${ifname}-${ifindex}-`, `${ifname}-<number>-`]),
  );
  return (line) => {
    const byMac = [...owners].reduce((text, [mac, owner]) => text.replaceAll(mac, owner), line);
    return [...numbers].reduce((text, [number, name]) => text.replaceAll(number, name), byMac);
  };
}

const byName = (a: IpObject, b: IpObject): number => (a.ifname ?? '').localeCompare(b.ifname ?? '');

/** JSON without what passes; lists of words are sets, and a link-local address is its MAC address in another form. */
function tell(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (passing.has(key)) return undefined;
    // A bridge's: ip leaves the leading zeros of its bytes out.
    if (/^(?:bridge|root)_id$|^designated_/.test(key) && typeof inner === 'string') return padded(inner);
    if (key === 'addr_info' && Array.isArray(inner)) return inner.filter(({ scope }) => scope !== 'link');
    if (Array.isArray(inner) && inner.every((item) => typeof item === 'string')) return inner.toSorted();
    return inner;
  });
}

const padded = (id: string): string => id.replaceAll(/\b[0-9a-f]\b/g, (digit) => `0${digit}`);

function routesOf(
  where: string,
  answers: Readonly<Record<'routes4' | 'routes6', string>>,
): readonly string[] {
  return [...listOf(answers.routes4), ...listOf(answers.routes6)]
    .filter(({ dst = '', type }) => !/^(?:fe80|ff00)/.test(dst) && type !== 'multicast')
    .map((route) => `${where} route ${tell(route)}`);
}

function rulesOf(ruleset: string, saved: string): readonly string[] {
  const { nftables } = JSON.parse(ruleset) as { nftables: readonly unknown[] };
  // iptables tells of its own tables itself.
  const isIptables = (line: string): boolean =>
    /"(?:table|name)":"nat"/.test(line) && /"family":"ip6?"/.test(line);
  return [
    ...nftables.map((object) => `nft ${tell(object)}`).filter((line) => !isIptables(line)),
    ...linesOf(saved)
      .filter((line) => /^(?:-A|:)/.test(line))
      .map((line) => `iptables ${line.replace(/ \[\d+:\d+\]/, '')}`),
  ];
}

function rowsOf(printed: string): readonly string[] {
  const tables = linesOf(printed).map((line) => JSON.parse(line) as { data: readonly unknown[] });
  return tables.flatMap(({ data }, index) =>
    data.map((row) => `${Object.keys(columns)[index]} ${JSON.stringify(row)}`),
  );
}

function filesOf(told: string): readonly string[] {
  return linesOf(told).map((line) => {
    const [, path, text = ''] = /^content (\S+) ?(.*)$/.exec(line) ?? [];
    return path === undefined ? line : `${path} ${JSON.stringify(Buffer.from(text, 'base64').toString())}`;
  });
}
