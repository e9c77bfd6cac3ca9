/** A made-up kernel: links, addresses and routes of a host and its sandboxes, changed and shown by typed commands. */
import type { Kernel } from '../../../lib/exec/host.ts';
import { formatAddress, parseCidr } from '../../../lib/net/address.ts';
import {
  addAddress,
  addBridge,
  addIpvlan,
  addMacvlan,
  addName,
  addVeth,
  addVlan,
  appendRoute,
  getRoute,
  moveAs,
  moveOnly,
  renameLink,
  replaceAddress,
  replaceRoute,
} from './forms.ts';
import type { Typed } from './grammar.ts';
import { sysfs } from './sysfs.ts';

export interface MadeUpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly address: string;
  readonly kind?: string;
  readonly operstate: string;
  readonly master?: string;
  readonly ifalias?: string;
  readonly altnames?: readonly string[];
  /** Of a macvlan's or ipvlan's master. */
  readonly link_index?: number;
  readonly info_data?: Readonly<Record<string, unknown>>;
  /** Of a device on a bus: its address there. Such a link outlives the sandbox that it is in. */
  readonly parentdev?: string;
  readonly addr_info: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
    readonly scope: string;
  }[];
}

interface MadeUpRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev: string;
  readonly protocol: string;
}

interface Namespace {
  readonly links: Map<string, MadeUpLink>;
  readonly routes: MadeUpRoute[];
}

/** What ip says when the kernel refuses. */
export class Refusal extends Error {}

export interface Machine {
  /** Carries out one line of a batch; `ref` names the sandbox, '' the host. A read's JSON comes back. */
  run(line: Typed, ref: string): string | undefined;
  /** A link of the host, or of a sandbox. */
  link(name: string, ref?: string): MadeUpLink | undefined;
  links(ref?: string): readonly MadeUpLink[];
  /** Makes a link of the host, as something that was there before. */
  put(link: Partial<MadeUpLink> & { readonly ifname: string }): void;
  /** A switch takes a link of the host as its port, and listens to all that comes in by it. */
  listen(name: string): void;
  /** Takes a link away, wherever it is, as the daemon does that has made it. */
  drop(ifindex: number): void;
  /** Ends a sandbox: links of devices come back to the host under the name they have, all others are gone. */
  end(ref: string): void;
  routes(ref?: string): readonly MadeUpRoute[];
  /** Files of the host that are nobody's links, by path. */
  readonly files: Map<string, string>;
  /** By path, to whole paths. */
  readonly symlinks: Map<string, string>;
  readonly kernel: Kernel;
  /** What was written below /proc/sys, in order. */
  readonly writes: readonly { readonly path: string; readonly value: string }[];
}

/** How the runs name the host's own namespace, where a link is moved back to it. */
export const hostRef = '/proc/4194304/fd/9';

const identity: Readonly<Record<string, string>> = {
  '/etc/machine-id': '0123456789abcdef0123456789abcdef',
  '/proc/sys/kernel/random/boot_id': '11111111-1111-4111-8111-111111111111',
  '/proc/uptime': '1000.00 2000.00',
};

export function createMachine(): Machine {
  const namespaces = new Map<string, Namespace>();
  const writes: { path: string; value: string }[] = [];
  const files = new Map(Object.entries(identity));
  const symlinks = new Map<string, string>();
  let lastIndex = 1;

  const namespace = (given = ''): Namespace => {
    const ref = given === hostRef ? '' : given;
    const known = namespaces.get(ref);
    if (known) return known;
    const made: Namespace = { links: new Map(), routes: [] };
    namespaces.set(ref, made);
    return made;
  };
  const put = (ref: string, link: Partial<MadeUpLink> & { readonly ifname: string }): void => {
    lastIndex += 1;
    const made = {
      ifindex: lastIndex,
      flags: [],
      mtu: 1500,
      address: '02:00:00:00:00:00',
      operstate: 'DOWN',
      addr_info: [],
    };
    namespace(ref).links.set(link.ifname, { ...made, ...link });
  };
  const find = (ref: string | undefined, name: string): MadeUpLink | undefined => {
    const { links } = namespace(ref);
    return links.get(name) ?? [...links.values()].find(({ altnames }) => altnames?.includes(name));
  };
  const get = (ref: string, name: string): MadeUpLink => {
    const link = find(ref, name);
    if (link === undefined) throw new Refusal(`Cannot find device "${name}"`);
    return link;
  };
  const change = (ref: string, name: string, changes: Partial<MadeUpLink>): void => {
    const link = get(ref, name);
    namespace(ref).links.set(link.ifname, { ...link, ...changes });
  };
  const refuseTaken = (ref: string, name: string): void => {
    if (find(ref, name) !== undefined) throw new Refusal('RTNETLINK answers: File exists');
  };
  /** The other end of a veth goes with it. */
  const peers = new Map<string, readonly [ref: string, name: string]>();

  const run = ({ form, values }: Typed, ref: string): string | undefined => {
    const value = (slot: string): string => values[slot] ?? '';
    const name = value('name');
    const mtu = sizeOf(values);
    switch (form) {
      case addVeth: {
        refuseTaken(ref, name);
        refuseTaken(value('sandbox'), value('peer'));
        const port = masterOf(values, (master) => get(ref, master));
        put(ref, { ifname: name, address: value('mac'), kind: 'veth', ...port, ...mtu });
        put(value('sandbox'), { ifname: value('peer'), address: value('peermac'), kind: 'veth', ...mtu });
        peers.set(`${ref} ${name}`, [value('sandbox'), value('peer')]);
        peers.set(`${value('sandbox')} ${value('peer')}`, [ref, name]);
        return;
      }
      case addBridge:
      case addVlan:
        refuseTaken(ref, name);
        put(ref, { ifname: name, address: value('mac'), kind: form === addVlan ? 'vlan' : 'bridge', ...mtu });
        return;
      case addMacvlan:
      case addIpvlan:
        refuseTaken(ref, name);
        put(ref, { ifname: name, ...childOf(get(ref, value('link')), form, values), ...mtu });
        return;
      case moveOnly:
      case moveAs: {
        const [sandbox, as] = [value('sandbox'), values['as'] ?? name];
        refuseTaken(sandbox, as);
        namespace(sandbox).links.set(as, { ...get(ref, name), ifname: as });
        namespace(ref).links.delete(name);
        return;
      }
      case 'link add name plumbline-probe type macvlan':
      case 'link add name plumbline-probe type ipvlan':
        throw new Refusal('RTNETLINK answers: Invalid argument');
      case 'link delete dev <name>': {
        const [otherRef, other] = peers.get(`${ref} ${get(ref, name).ifname}`) ?? [];
        namespace(ref).links.delete(name);
        if (otherRef !== undefined && other !== undefined) namespace(otherRef).links.delete(other);
        return;
      }
      case 'link set dev <name> up':
        change(ref, name, {
          flags: [...new Set([...get(ref, name).flags, 'BROADCAST', 'UP', 'LOWER_UP'])],
          operstate: 'UP',
        });
        return;
      case addName:
        refuseTaken(ref, value('as'));
        change(ref, name, { altnames: [...(get(ref, name).altnames ?? []), value('as')] });
        return;
      case 'link set dev <name> down':
        change(ref, name, { flags: [], operstate: 'DOWN' });
        return;
      case 'link set dev <name> mtu <mtu:number>':
        change(ref, name, mtu);
        return;
      case renameLink:
        refuseTaken(ref, value('as'));
        namespace(ref).links.set(value('as'), { ...get(ref, name), ifname: value('as') });
        namespace(ref).links.delete(name);
        return;
      case 'link set dev <name> alias <alias>':
        change(ref, name, { ifalias: value('alias') });
        return;
      case 'link set dev <name> address <mac>':
        change(ref, name, { address: value('mac') });
        return;
      case 'link set dev <name> master <master:name>':
        change(ref, name, { master: get(ref, value('master')).ifname });
        return;
      case addAddress:
      case replaceAddress: {
        const cidr = parseCidr(value('cidr'));
        if (cidr === undefined) throw new Refusal('Error: any valid prefix is expected');
        const family = cidr.address.family === 4 ? 'inet' : 'inet6';
        const info = { family, local: formatAddress(cidr.address), prefixlen: cidr.prefix, scope: 'global' };
        change(ref, name, { addr_info: [...get(ref, name).addr_info, info] });
        return;
      }
      case 'address delete <cidr> dev <name>': {
        const isOther = (info: MadeUpLink['addr_info'][number]): boolean =>
          `${info.local}/${info.prefixlen}` !== value('cidr');
        change(ref, name, { addr_info: get(ref, name).addr_info.filter(isOther) });
        return;
      }
      case appendRoute: {
        const gateway = values['address'] === undefined ? {} : { gateway: values['address'] };
        namespace(ref).routes.push({
          dst: value('cidr'),
          ...gateway,
          dev: get(ref, name).ifname,
          protocol: 'boot',
        });
        return;
      }
      case replaceRoute:
        namespace(ref).routes.push(...hostRoute(value('destination'), get(ref, name).ifname));
        return;
      case getRoute:
        return JSON.stringify(lookUp(namespace(ref).routes, value('address')));
      case 'address show dev <name>':
        return JSON.stringify([shown(get(ref, name))]);
      case 'link show master <name>':
        return JSON.stringify(
          [...namespace(ref).links.values()].filter(({ master }) => master === name).map(shown),
        );
      case 'link show type veth':
        return JSON.stringify(
          [...namespace(ref).links.values()].filter(({ kind }) => kind === 'veth').map(shown),
        );
      case 'route show table all':
      case 'route show table all dev <name>':
        return JSON.stringify(namespace(ref).routes.filter(({ dst }) => !dst.includes(':')));
      case 'route show table all root ::/0':
      case 'route show table all root ::/0 dev <name>':
        return JSON.stringify(namespace(ref).routes.filter(({ dst }) => dst.includes(':')));
      default:
        // Settings that nothing here looks at.
        if (name !== '') get(ref, name);
        return;
    }
  };

  const end = (ref: string): void => {
    for (const { ifname, parentdev } of [...namespace(ref).links.values()]) {
      if (parentdev === undefined) run({ form: 'link delete dev <name>', values: { name: ifname } }, ref);
      else run({ form: moveAs, values: { name: ifname, sandbox: hostRef, as: ifname } }, ref);
    }
  };

  const drop = (ifindex: number): void => {
    for (const { links } of namespaces.values()) {
      for (const link of links.values()) if (link.ifindex === ifindex) links.delete(link.ifname);
    }
  };

  const kernel: Kernel = {
    ...sysfs(files, symlinks, () => namespace().links),
    write(path, value) {
      if (files.get(path) === value) return;
      files.set(path, value);
      writes.push({ path, value });
    },
  };

  return {
    run,
    link: (name, ref) => find(ref, name),
    links: (ref) => [...namespace(ref).links.values()],
    put: (link) => put('', link),
    listen: (name) => change('', name, { flags: [...new Set([...get('', name).flags, 'PROMISC'])] }),
    drop,
    end,
    routes: (ref) => namespace(ref).routes,
    files,
    symlinks,
    kernel,
    writes,
  };
}

const sizeOf = ({ mtu }: Typed['values']): { mtu?: number } =>
  mtu === undefined ? {} : { mtu: Number(mtu) };

const masterOf = (
  { master }: Typed['values'],
  find: (name: string) => MadeUpLink,
): { readonly master?: string } => (master === undefined ? {} : { master: find(master).ifname });

/** Routes to an address alone are all that is looked for. */
function lookUp(routes: readonly MadeUpRoute[], address: string): readonly MadeUpRoute[] {
  const found = routes.filter(({ dst }) => dst === address);
  if (found.length === 0) throw new Refusal('RTNETLINK answers: Network is unreachable');
  return found;
}

/** Routes to one host alone, as hostAccess looks for them again: ip shows them without the prefix. */
function hostRoute(destination: string, dev: string): MadeUpRoute[] {
  const [, dst] = /^(.+)\/(?:32|128)$/.exec(destination) ?? [];
  return dst === undefined ? [] : [{ dst, dev, protocol: 'boot' }];
}

/** What a macvlan or ipvlan has of its master, and of its own. */
function childOf(master: MadeUpLink, form: string, values: Typed['values']): Partial<MadeUpLink> {
  const { mac = master.address, word = '', layer = '', flag = '' } = values;
  const own =
    form === addMacvlan
      ? { kind: 'macvlan', address: mac, info_data: { mode: word } }
      : { kind: 'ipvlan', address: master.address, info_data: { mode: layer, [flag]: true } };
  return { link_index: master.ifindex, mtu: master.mtu, ...own };
}

function shown({ kind, info_data, ...link }: MadeUpLink): object {
  return kind === undefined ? link : { ...link, linkinfo: { info_kind: kind, info_data } };
}
