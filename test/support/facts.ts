/**
 * What there is on a node, as a list of facts: one line of text each, which says the same as long as nothing has
 * changed. Two such lists are compared by the leak check.
 */
import type { IpObject } from './place.ts';

export interface Fact {
  readonly text: string;
  /** Whether a plugin may leave it behind, unless it names a container. */
  readonly mayStay: boolean;
}

const fact = (text: string, mayStay = false): Fact => ({ text, mayStay });

/** Bridges, and the `<bridge>.<vlan>` links on them, which carry gateway addresses. */
export function bridgesOf(links: readonly IpObject[]): ReadonlySet<string> {
  const kind = (link: IpObject): string | undefined => link.linkinfo?.info_kind;
  const bridges = new Set(links.filter((link) => kind(link) === 'bridge').map(({ ifname = '' }) => ifname));
  const gateways = links.filter(
    (link) =>
      kind(link) === 'vlan' &&
      bridges.has(link.link ?? '') &&
      /^\.\d+$/.test(link.ifname?.slice(link.link?.length) ?? ''),
  );
  return new Set([...bridges, ...gateways.map(({ ifname = '' }) => ifname)]);
}

/** A bridge's own settings follow its ports, so its name alone is told. */
export function linkFacts(links: readonly IpObject[]): readonly Fact[] {
  const bridges = bridgesOf(links);
  return links.map((link) => {
    const name = link.ifname ?? '';
    if (bridges.has(name)) return fact(`link ${name} ${link.linkinfo?.info_kind}`, true);
    const flags = (link.flags ?? []).filter(
      (flag) => flag === 'UP' || flag === 'PROMISC' || flag === 'ALLMULTI',
    );
    const told = [
      link.linkinfo?.info_kind,
      link.address,
      `mtu ${link.mtu}`,
      link.master === undefined ? undefined : `master ${link.master}`,
      link.ifalias === undefined ? undefined : `alias ${link.ifalias}`,
      ...flags,
    ];
    return fact(['link', name, ...told.filter((word) => word !== undefined)].join(' '));
  });
}

/** Without addresses that the kernel makes: link-local ones, and those of router advertisements. */
export function addressFacts(links: readonly IpObject[], bridges: ReadonlySet<string>): readonly Fact[] {
  return links.flatMap(({ ifname = '', addr_info = [] }) =>
    addr_info
      .filter(
        ({ family, scope, dynamic, temporary }) =>
          !(family === 'inet6' && scope === 'link') && !dynamic && !temporary,
      )
      .map(({ local, prefixlen }) =>
        fact(`address ${local}/${prefixlen} dev ${ifname}`, bridges.has(ifname)),
      ),
  );
}

/** Without routes that the kernel makes by itself for local, link-local and multicast addresses. */
export function routeFacts(
  family: 4 | 6,
  routes: readonly IpObject[],
  bridges: ReadonlySet<string>,
): readonly Fact[] {
  const made = new Set(['local', 'broadcast', 'anycast', 'multicast']);
  return routes
    .filter(
      ({ type = 'unicast', table, dst = '' }) =>
        !made.has(type) && table !== 'local' && !/^(fe80::\/64|ff00::\/8)$/.test(dst),
    )
    .filter(({ type, dev }) => !(type === 'unreachable' && dev === 'lo'))
    .map((route) => {
      const { type, dst, gateway, dev = '', table, protocol, metric, metrics, prefsrc, nexthops } = route;
      const words = { via: gateway, dev, table, proto: protocol, metric, src: prefsrc };
      const told = Object.entries(words).map(([key, value]) =>
        value === undefined || value === '' ? '' : `${key} ${value}`,
      );
      const more = [metrics, nexthops].map((list) => (list === undefined ? '' : JSON.stringify(list)));
      const text = [`route${family}`, type, dst, ...told, ...more].filter(Boolean).join(' ');
      return fact(text, protocol === 'kernel' && bridges.has(dev));
    });
}

/** Anything that ip tells and that is the same as long as nothing changes: rules, permanent neighbours. */
export function plainFacts(
  what: string,
  objects: readonly IpObject[],
  mayStay: (object: IpObject) => boolean = () => false,
): readonly Fact[] {
  return objects.map((object) => fact(`${what} ${JSON.stringify(object)}`, mayStay(object)));
}

/** Tables that belong to iptables; iptables-save tells what is in them better than nft does. */
function isIptables(family: string, table: string): boolean {
  return /^(ip|ip6)$/.test(family) && /^(filter|nat|mangle|raw|security)$/.test(table);
}

/**
 * Facts of `nft -json list ruleset`. Tables, base chains, sets and maps may stay, and so may the rules of base
 * chains; elements, other chains and their rules may not.
 */
export function nftFacts(ruleset: unknown): readonly Fact[] {
  const objects = listOf(fieldOf(ruleset, 'nftables'))
    .flatMap(nftObject)
    .filter(({ kind, family, table }) => kind !== 'metainfo' && !isIptables(family, table));
  const pathOf = ({ family, table }: NftObject, chain: string): string => `${family} ${table} ${chain}`;
  const bases = objects.filter(({ kind, body }) => kind === 'chain' && 'hook' in body);
  const baseChains = new Set(bases.map((object) => pathOf(object, object.name)));
  return objects.flatMap((object) => {
    const { kind, family, table, name, body } = object;
    const where = `nft ${kind} ${family} ${table}`;
    switch (kind) {
      case 'table':
        return [fact(where, true)];
      case 'chain':
        return [fact(`${where} ${name}`, baseChains.has(pathOf(object, name)))];
      case 'rule': {
        const chain = textOf(body, 'chain');
        const told = [JSON.stringify(withoutCounts(body['expr'])), textOf(body, 'comment')]
          .filter(Boolean)
          .join(' ');
        return [fact(`${where} ${chain} ${told}`, baseChains.has(pathOf(object, chain)))];
      }
      case 'set':
      case 'map': {
        const elements = listOf(body['elem']).map((element) => JSON.stringify(withoutCounts(element)));
        return [
          fact(`${where} ${name}`, true),
          ...elements.map((element) => fact(`nft element ${family} ${table} ${name} ${element}`)),
        ];
      }
      default:
        return [fact(`${where} ${JSON.stringify(withoutCounts(body))}`)];
    }
  });
}

/** Whether iptables-nft has made tables here. */
export function hasIptables(ruleset: unknown): boolean {
  return listOf(fieldOf(ruleset, 'nftables'))
    .flatMap(nftObject)
    .some(({ family, table }) => isIptables(family, table));
}

interface NftObject {
  readonly kind: string;
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

function nftObject(entry: unknown): readonly NftObject[] {
  const [kind, body] = Object.entries(isObject(entry) ? entry : {})[0] ?? [];
  if (kind === undefined || !isObject(body)) return [];
  const name = textOf(body, 'name');
  return [
    {
      kind,
      body,
      name,
      family: textOf(body, 'family'),
      table: kind === 'table' ? name : textOf(body, 'table'),
    },
  ];
}

function textOf(body: Readonly<Record<string, unknown>>, key: string): string {
  const value = body[key];
  return typeof value === 'string' ? value : '';
}

/** What changes by itself or from one listing to the next. */
function withoutCounts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCounts);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([key]) => !['handle', 'counter', 'packets', 'bytes', 'expires'].includes(key),
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutCounts(inner)]));
}

/** Chains that the reference plugins make once and keep. */
const referenceChains =
  /^CNI-(HOSTPORT-SETMARK|HOSTPORT-MASQ|HOSTPORT-DNAT|FORWARD|ADMIN|ISOLATION-STAGE-[12])$/;
const builtInTargets = /^(ACCEPT|DROP|RETURN|MARK|MASQUERADE)$/;

/** Facts of iptables-save; tables and policies may stay, and what the reference's portmap and firewall make once. */
export function iptablesFacts(program: string, saved: string): readonly Fact[] {
  let table = '';
  const facts: Fact[] = [];
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const chain = /^:(\S+) (\S+)/.exec(line);
    const rule = /^(?:\[\d+:\d+\] )?-A (\S+) (.*)$/.exec(line);
    if (chain) {
      const [, name = '', policy = ''] = chain;
      facts.push(
        fact(`${program} -t ${table} chain ${name} ${policy}`, policy !== '-' || referenceChains.test(name)),
      );
    } else if (rule) {
      const [, name = '', words = ''] = rule;
      const target = /(?:^| )-[jg] (\S+)/.exec(words)?.[1] ?? '';
      const shared =
        (referenceChains.test(name) && (referenceChains.test(target) || builtInTargets.test(target))) ||
        (!name.startsWith('CNI-') && referenceChains.test(target));
      facts.push(fact(`${program} -t ${table} -A ${name} ${words}`, shared && !/(^| )-[sd] /.test(words)));
    }
  }
  return facts;
}

export interface FoundFile {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Of a file; bytes. */
  readonly size: number;
  /** Of a file, or the target of a link. */
  readonly content: string;
}

/** Facts of files: locks, the allocator's last address and boot markers may stay, and folders. */
export function fileFacts(files: readonly FoundFile[]): readonly Fact[] {
  return files.map(({ path, kind, size, content }) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (kind === 'folder') return fact(`folder ${path}`, true);
    if (kind === 'file' && staysOnDisk(path, name, size)) return fact(`file ${path}`, true);
    const shown = content.length > 300 ? `${content.slice(0, 300)}...` : content;
    return fact(`${kind} ${path} (${size} bytes) ${JSON.stringify(shown)}`);
  });
}

function staysOnDisk(path: string, name: string, size: number): boolean {
  if (/^last_reserved_ip\.\d+$/.test(name) || name === 'lock') return true;
  if (/\/\.plumbline\/[^/]+\/(?:boot\.[^/]*|indexed)$/.test(path)) return true;
  // Locks are empty and a fixed number: their names are too short to be the hash of an attachment.
  return size === 0 && /^\/run\//.test(path) && !/[0-9a-f]{8}/i.test(name);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOf(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
