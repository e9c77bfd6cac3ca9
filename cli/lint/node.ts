/** What networks of one node have in common, and must not, or not in two ways. */
import { describeSet, rangesOverlap } from '../../ipam/host-local/pool.ts';
import { formatAddress } from '../../lib/net/address.ts';
import { type Path, reach } from '../network/source.ts';
import { reporter } from './file.ts';
import { compareFindings, type Finding, type Level } from './finding.ts';
import type { Member, Network, PlacedRanges } from './network.ts';

/** All faults between the networks, in the order of their files; each is told at the later of two places. */
export function lintNode(networks: readonly Network[]): readonly Finding[] {
  const findings = networks.map(({ source }) => {
    const list: Finding[] = [];
    const report = reporter(source, list);
    const told = new Set<string>();
    const tell: Tell = (what, path, level, message) => {
      const key = `${what} ${path.join(' ')}`;
      // One of many networks that are in the way tells enough.
      if (told.has(key)) return;
      told.add(key);
      report(reach(source.root, path).node, path, level, message);
    };
    return { list, tell };
  });
  for (const [index, network] of networks.entries()) {
    const tell = findings[index]?.tell;
    if (tell === undefined) continue;
    for (const earlier of networks.slice(0, index)) lintPair(earlier, network, tell);
  }
  return findings.flatMap(({ list }) => list.sort(compareFindings));
}

type Tell = (
  what: 'name' | 'ranges' | 'bridge' | 'master',
  path: Path,
  level: Level,
  message: string,
) => void;

/** A plugin's config with its network, for what is told of it elsewhere. */
interface Placed {
  readonly network: Network;
  readonly member: Member;
}

function lintPair(earlier: Network, later: Network, tell: Tell): void {
  if (earlier.name === later.name) {
    tell(
      'name',
      ['name'],
      'error',
      `name: "${later.name}" is the name of ${whereOf(earlier, ['name'])} too; give one of the networks another`,
    );
    // What follows from one name for two networks needs no telling.
    return;
  }
  for (const ours of later.members) {
    for (const theirs of earlier.members) {
      const [a, b] = [
        { network: earlier, member: theirs },
        { network: later, member: ours },
      ] as const;
      compareRanges(a, b, tell);
      compareBridges(a, b, tell);
      compareMasters(a, b, tell);
    }
  }
}

/** `network "pods" (10-pods.conflist:7)` */
function whereOf({ source, name }: Network, path: Path): string {
  return `network "${name}" (${source.file}:${source.position(reach(source.root, path).node.offset).line})`;
}

/** Two networks that give out the same addresses: host-local knows of one network at a time. */
function compareRanges(earlier: Placed, later: Placed, tell: Tell): void {
  for (const own of later.member.ranges) {
    for (const other of earlier.member.ranges) {
      const pair = overlap(own, other);
      if (pair === undefined) continue;
      const [range, there] = pair;
      tell(
        'ranges',
        pathOf(own, range),
        sharesLink(earlier.member, later.member) ? 'error' : 'warning',
        `${fieldOfRange(own, range, later.member)}: ${describeSet([own.set[range]].filter((one) => one !== undefined))} overlaps with ` +
          `${describeSet([other.set[there]].filter((one) => one !== undefined))} of ${whereOf(earlier.network, pathOf(other, there))}, ` +
          'and both give the same addresses to containers; separate them by subnet, or by rangeStart and rangeEnd',
      );
    }
  }
}

function overlap(a: PlacedRanges, b: PlacedRanges): readonly [number, number] | undefined {
  for (const [i, range] of a.set.entries()) {
    const j = b.set.findIndex((other) => rangesOverlap(range, other));
    if (j >= 0) return [i, j];
  }
  return undefined;
}

const pathOf = ({ path, isOldForm }: PlacedRanges, index: number): Path =>
  isOldForm ? [...path, 'subnet'] : [...path, index];

function fieldOfRange(ranges: PlacedRanges, index: number, { at }: Member): string {
  const [first, ...rest] = pathOf(ranges, index).slice(at.length);
  return rest.reduce<string>(
    (text, step) => `${text}${typeof step === 'number' ? `[${step}]` : `.${step}`}`,
    String(first),
  );
}

/** On one link, two containers of one address are at war; on two, they may never hear of each other. */
function sharesLink(a: Member, b: Member): boolean {
  const links = (member: Member): readonly unknown[] => [member.written['bridge'], member.written['master']];
  const [bridgeA, masterA] = a.plugin === 'veth-bridge' ? [a.config?.['bridge']] : links(a);
  const [bridgeB, masterB] = b.plugin === 'veth-bridge' ? [b.config?.['bridge']] : links(b);
  return (bridgeA !== undefined && bridgeA === bridgeB) || (masterA !== undefined && masterA === masterB);
}

function compareBridges({ network, member: theirs }: Placed, { member: ours }: Placed, tell: Tell): void {
  if (ours.plugin !== 'veth-bridge' || theirs.plugin !== 'veth-bridge') return;
  const [a, b] = [theirs.config, ours.config];
  if (a === undefined || b === undefined || a['bridge'] !== b['bridge']) return;
  const other = whereOf(network, [...theirs.at, 'mtu']);
  const [mtuA, mtuB] = [Number(a['mtu']), Number(b['mtu'])];
  if (mtuA !== 0 && mtuB !== 0 && mtuA !== mtuB) {
    tell(
      'bridge',
      [...ours.at, 'mtu'],
      'error',
      `mtu: ${mtuB}, and the same bridge "${String(b['bridge'])}" has ${mtuA} in ${other}; a bridge has one`,
    );
  }
  compareGateways({ network, member: theirs }, ours, tell);
}

/** A bridge has one IPv4 gateway address, or ADD refuses, unless forceAddress has it replaced each time. */
function compareGateways({ network, member: theirs }: Placed, ours: Member, tell: Tell): void {
  const isGateway = ({ config = {} }: Member): boolean =>
    config['isGateway'] === true || config['isDefaultGateway'] === true;
  if (!isGateway(ours) || !isGateway(theirs) || ours.config?.['vlan'] !== theirs.config?.['vlan']) return;
  const [own, other] = [gatewaysOf(ours), gatewaysOf(theirs)];
  const [ownFirst, otherFirst] = [own[0], other[0]];
  if (ownFirst === undefined || otherFirst === undefined || own.some((text) => other.includes(text))) return;
  tell(
    'bridge',
    [...ours.at, 'bridge'],
    'error',
    `bridge: "${String(ours.config?.['bridge'])}" would have the gateway address ${ownFirst} here and ${otherFirst} in ` +
      `${whereOf(network, [...theirs.at, 'bridge'])}; give one of the networks another bridge`,
  );
}

/** IPv4 gateways with their prefixes, as they are set on the bridge. */
const gatewaysOf = ({ ranges }: Member): readonly string[] =>
  ranges
    .flatMap(({ set }) => set)
    .filter(({ gateway }) => gateway.family === 4)
    .map(({ gateway, subnet }) => `${formatAddress(gateway)}/${subnet.prefix}`);

/** The kernel lets a link be the master of macvlan links or of ipvlan links, or a bridge's port. */
function compareMasters({ network, member: theirs }: Placed, { member: ours }: Placed, tell: Tell): void {
  const [a, b] = [useOf(theirs), useOf(ours)];
  if (a === undefined || b === undefined || a.link !== b.link) return;
  const where = whereOf(network, [...theirs.at, ...a.path]);
  const path = [...ours.at, ...b.path];
  const field = b.path.join('.');
  if (a.kind !== b.kind) {
    tell(
      'master',
      path,
      'error',
      `${field}: "${b.link}" ${b.verb} here and ${a.verb} in ${where}, and the kernel allows one of the two; name another link`,
    );
  } else if (b.mode !== a.mode) {
    tell(
      'master',
      [...ours.at, 'mode'],
      'error',
      `mode: "${b.mode}" here and "${a.mode}" in ${where}, and a master has one for all; choose one, or another master`,
    );
  } else if (b.kind === 'macvlan' && (b.isExclusive || a.isExclusive)) {
    tell(
      'master',
      path,
      'error',
      `${field}: "${b.link}" is a master in ${where} too, and one in mode passthru has a single link; name another master`,
    );
  }
}

interface Use {
  readonly link: string;
  readonly kind: 'macvlan' | 'ipvlan' | 'port';
  readonly verb: string;
  readonly path: Path;
  /** What all users of a link must agree upon. */
  readonly mode?: string;
  readonly isExclusive?: boolean;
}

/** How a plugin uses a link of the node. */
function useOf({ plugin, config }: Member): Use | undefined {
  if (config === undefined) return undefined;
  const { master, mode, flag, uplink, linkInContainer } = config;
  if (plugin === 'veth-bridge') {
    const device =
      typeof uplink === 'object' && uplink !== null && 'device' in uplink ? String(uplink.device) : '';
    return device === ''
      ? undefined
      : { link: device, kind: 'port', verb: "is a bridge's port", path: ['uplink', 'device'] };
  }
  if (typeof master !== 'string' || master === '' || linkInContainer === true) return undefined;
  const common = { link: master, path: ['master'] };
  if (plugin === 'macvlan') {
    return {
      ...common,
      kind: 'macvlan',
      verb: 'is a master of macvlan links',
      isExclusive: mode === 'passthru',
    };
  }
  if (plugin !== 'ipvlan') return undefined;
  const isUsual = flag === 'bridge';
  return {
    ...common,
    kind: 'ipvlan',
    verb: 'is a master of ipvlan links',
    mode: `${String(mode)}${isUsual ? '' : ` ${String(flag)}`}`,
  };
}
