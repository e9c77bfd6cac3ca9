/**
 * What many containers leave on a node, made up by fast means: reservations by files, ports by one batch of `ip`,
 * masquerading by one transaction. It is as the contender's own ADDs would leave it, without paying for that many calls.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatEntry, type Origin, parseEntry } from '../../ipam/host-local/entry.ts';
import { isKey, keyOf } from '../../ipam/host-local/store.ts';
import { aliasOf, commentOf, hostVethName, type Identity, identify } from '../../lib/cni/identity.ts';
import { type Cidr, parseCidr } from '../../lib/net/address.ts';
import { createMasquerade } from '../../lib/nft/masquerade.ts';
import { type Config, type Contender, callOf, isBuild } from './contenders.ts';
import type { Sandbox, Station } from './station.ts';

/** A made-up container: its number, from 0 on, is all there is to it. */
export const idOf = (number: number): string => number.toString(16).padStart(64, '0');
const identityOf = (config: Config, number: number): Identity =>
  identify({ network: config.name, containerId: idOf(number), ifname: 'eth0' });

/**
 * The node's private /var/lib/cni is in memory: to remove 180,000 files from a disk can take minutes, and what is
 * compared is how much the plugins do. It goes with the node.
 */
export const crowdDataDir = '/var/lib/cni/reservations';
/** The same folders as this process reaches them. */
const reservationsOf = ({ node }: Station, { name }: Config): string => join(node.path(crowdDataDir), name);
export const indexOf = ({ node }: Station, { name }: Config): string =>
  join(node.path(crowdDataDir), '.plumbline', name);

/** Reservations of a network in {@link crowdDataDir}; its config has such a range and no other container. */
export async function addReservations(
  contender: Contender,
  { config, sandbox, range }: { config: Config; sandbox: Sandbox; range: readonly [number, number] },
  count: number,
): Promise<void> {
  const { station } = contender;
  const folder = reservationsOf(station, config);
  const index = indexOf(station, config);
  await station.run(callOf(contender, 'ADD', config, sandbox));
  const origin = isBuild(contender.name) ? originIn(index) : undefined;
  await station.run(callOf(contender, 'DEL', config, sandbox));
  for (let number = 0; number < count; number += 1) {
    const owner = { containerId: idOf(number), ifname: 'eth0' };
    const address = addressOf(range, number + 2);
    writeFileSync(join(folder, address), `${owner.containerId}\r\n${owner.ifname}`);
    if (origin === undefined) continue;
    writeFileSync(join(index, keyOf(owner)), formatEntry({ ...origin, ...owner, addresses: [address] }));
  }
  if (count > 0) writeFileSync(join(folder, 'last_reserved_ip.0'), addressOf(range, count + 1));
}

/** How an entry of ours says where and since when it holds: as the executable under test has just written it. */
function originIn(index: string): Origin {
  const entries = readdirSync(index)
    .filter(isKey)
    .map((key) => parseEntry(readFileSync(join(index, key), 'utf8')));
  const [entry] = entries;
  if (entry === undefined) throw new Error(`no index entry in ${index}`);
  return entry;
}

/** The so-manieth address of a range that begins at `first.second.0.0`. */
function addressOf([first, second]: readonly [number, number], number: number): string {
  return `${first}.${second + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}

/** Ports of a bridge, whose other ends are all in one namespace; named and labelled as each side does it. */
export async function addPorts(
  { name, station }: Contender,
  { config, sandbox }: { config: Config; sandbox: Sandbox },
  count: number,
): Promise<void> {
  const bridge = String(config['bridge']);
  const lines = Array.from({ length: count }, (_, number) => {
    const identity = identityOf(config, number);
    const port = hostVethName(identity);
    const alias = isBuild(name) ? ` alias ${aliasOf(identity)}` : '';
    return [
      `link add name ${port} master ${bridge} type veth peer name eth${number} netns ${sandbox.netns}`,
      `link set dev ${port}${alias} up`,
    ].join('\n');
  });
  if (lines.length > 0) await station.node.batch(lines.join('\n'));
}

/**
 * Masquerading of as many containers, for addresses `10.<number>.100.0` and following.
 * @param from number of the first container: those before are there already
 */
export async function addMasquerading(
  { name, station }: Contender,
  { config, number: network }: { config: Config; number: number },
  { from = 0, count }: { from?: number; count: number },
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  if (numbers.length === 0) return;
  const address = (number: number): string => addressOf([10, network], 100 * 256 + number);
  if (isBuild(name)) {
    const lines = numbers.flatMap((number) => {
      const identity = identityOf(config, number);
      const owner = { network: config.name, key: identity.key, comment: commentOf(identity) };
      return createMasquerade(owner, cidrOf(`${address(number)}/${prefixIn(config)}`));
    });
    await station.node.nft(lines.join('\n'));
    return;
  }
  const rules = templateIn(await station.node.run('iptables-save', '-t', 'nat'));
  const file = join(station.node.dir, 'rules');
  writeFileSync(file, referenceRules(rules, numbers, address));
  await station.node.run('iptables-restore', '--noflush', file);
}

function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`${text} is no address`);
  return cidr;
}

/** Of the network's first range: elements lead to the chain of the whole subnet. */
function prefixIn({ ipam }: Config): string {
  const { ranges } = ipam as { readonly ranges: readonly (readonly { readonly subnet: string }[])[] };
  return ranges[0]?.[0]?.subnet.split('/')[1] ?? '';
}

/** What the reference makes for one container: a chain, the rule that leads to it, and the rules in it. */
export interface RuleTemplate {
  readonly chain: string;
  readonly address: string;
  readonly rules: readonly string[];
}

/** Taken from what the executable under test has made last. @param saved what iptables-save prints */
export function templateIn(saved: string): RuleTemplate {
  const lines = saved.split('\n');
  const jump = lines.findLast((line) => / -j CNI-\w+$/.test(line)) ?? '';
  const [, chain] = / -j (CNI-\w+)$/.exec(jump) ?? [];
  const [, address] = / -s ([\d.]+)\/32 /.exec(jump) ?? [];
  if (chain === undefined || address === undefined)
    throw new Error(`no masquerading of the reference in\n${saved}`);
  return { chain, address, rules: [jump, ...lines.filter((line) => line.startsWith(`-A ${chain} `))] };
}

/** The same for others, as text for iptables-restore. */
export function referenceRules(
  { chain, address, rules }: RuleTemplate,
  numbers: readonly number[],
  addressFor: (number: number) => string,
): string {
  const chainFor = (number: number): string => `CNI-${number.toString(16).padStart(24, '0')}`;
  const lines = numbers.flatMap((number) =>
    rules.map((rule) =>
      rule
        .replaceAll(chain, chainFor(number))
        .replace(`-s ${address}/32`, `-s ${addressFor(number)}/32`)
        .replace(/ id: \\"[0-9a-f]*/, ` id: \\"${idOf(number)}`),
    ),
  );
  return ['*nat', ...numbers.map((number) => `:${chainFor(number)} - [0:0]`), ...lines, 'COMMIT', ''].join(
    '\n',
  );
}
