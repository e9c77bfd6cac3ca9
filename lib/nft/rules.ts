/**
 * The rules of an attachment, masquerading and anti-spoofing together: one nft transaction a call.
 *
 * In the steady state each call sends its elements alone (4-5 ms); what declares tables and chains costs three times
 * that and is sent only where the first try finds them missing.
 */
import { CniError, ErrorCode } from '../errors.ts';
import type { Host } from '../exec/host.ts';
import { type Address, type Cidr, formatAddress, hostCidr, parseAddress } from '../net/address.ts';
import {
  antiSpoofBase,
  createGuard,
  deleteAllowed,
  deleteGuard,
  deleteGuarded,
  type GuardedPort,
} from './antispoof.ts';
import {
  chainPrefix,
  createElement,
  createMasquerade,
  deleteMasquerade,
  deleteOwner,
  deleteSource,
  masqueradeBase,
  masqueradeChain,
  type Owner,
  owners,
  sources,
  subnetChain,
  subnetOf,
} from './masquerade.ts';
import { dropNote, isOnlyNote, type Noted, noteRules } from './notes.ts';
import { type Element, list, listElements, transact } from './transaction.ts';

export interface Rules {
  readonly owner: Owner;
  /** Addresses to masquerade, each with its subnet's prefix. */
  readonly masquerade: readonly Cidr[];
  readonly guard: Omit<GuardedPort, 'comment'> | undefined;
}

export const isEmpty = ({ masquerade, guard }: Rules): boolean =>
  masquerade.length === 0 && guard === undefined;

function creation({ owner, masquerade, guard }: Rules): string[] {
  return [
    ...masquerade.flatMap((address) => createMasquerade(owner, address)),
    ...(guard ? createGuard({ ...guard, comment: owner.comment }) : []),
  ];
}

function declaration({ owner, masquerade, guard }: Rules): string[] {
  return [
    ...(masquerade.length > 0 ? masqueradeBase : []),
    ...masquerade.flatMap((address) => masqueradeChain(owner, address)),
    ...(guard ? antiSpoofBase : []),
  ];
}

export interface AddRulesOptions {
  /** A lock of the attachment's rules, held by the child, so that a DEL waits for one that outlives us. */
  readonly lock: string;
  /** Declare tables and chains at once, where they are not expected to be there. */
  readonly declare: boolean;
}

/** Elements of another attachment, as lines that create them again. */
export type TakenOver = readonly string[];

/**
 * Makes the rules of an attachment.
 * @returns what it has taken from another attachment: a dead one as a rule, whose address or port is ours now
 * @throws CniError 101 with nft's words
 */
export async function addRules(
  host: Host,
  rules: Rules,
  { lock, declare }: AddRulesOptions,
): Promise<TakenOver> {
  if (isEmpty(rules)) return [];
  // Without nft nothing will be made, and nobody could take it away.
  const { owner, masquerade, guard } = rules;
  if (host.runner.has('nft')) noteRules(host, owner, { masquerade, guards: guard ? [guard] : [] });
  const whole = [...declaration(rules), ...creation(rules)];
  let verdict = await transact(host, declare ? whole : creation(rules), { lock });
  if (verdict === 'missing' && !declare) verdict = await transact(host, whole, { lock });
  if (verdict === 'done') return [];
  const owned = await ownedAt(host, rules.masquerade);
  const taken = owned.length === 0 ? [] : await recreation(host, owned);
  const stale = [...owned.flatMap(forgetOwned), ...(await staleGuards(host, rules))];
  await transactOrThrow(host, [...declaration(rules), ...stale, ...creation(rules)], lock);
  return taken;
}

/** Gives back what {@link addRules} has taken over, for an ADD that fails later: perhaps its owner lives. */
export async function giveBack(host: Host, taken: TakenOver): Promise<void> {
  // Whoever else has the address by now keeps it.
  await transact(host, taken);
}

async function transactOrThrow(host: Host, lines: readonly string[], lock: string): Promise<void> {
  const verdict = await transact(host, lines, { lock });
  if (verdict === 'done') return;
  throw new CniError(
    ErrorCode.tryAgainLater,
    `nft refused the rules: something they name is ${verdict}, which another call is changing; try again`,
  );
}

/** Who has the addresses now. */
async function ownedAt(host: Host, addresses: readonly Cidr[]): Promise<Owned[]> {
  if (addresses.length === 0) return [];
  const wanted = new Set(addresses.map(({ address }) => formatAddress(address)));
  return (await ownedElements(host)).filter(({ address }) => wanted.has(formatAddress(address)));
}

async function recreation(host: Host, owned: readonly Owned[]): Promise<string[]> {
  const elements = await sourceElements(host);
  const chains = new Map(elements.map(({ key: [address = ''], chain }) => [address, chain]));
  return owned.flatMap((element) => {
    const chain = chains.get(formatAddress(element.address));
    return chain === undefined ? [] : createElement(element, hostCidr(element.address), chain);
  });
}

/** Deletions for whatever guards the port that is to be guarded. */
async function staleGuards(host: Host, { guard }: Rules): Promise<string[]> {
  const guards = guard ? await guardElements(host) : noGuards;
  return [
    ...guards.allowed
      .filter(({ port }) => port === guard?.port)
      .map(({ port, mac }) => deleteAllowed(port, mac)),
    ...guards.guarded.filter(({ port }) => port === guard?.port).map(({ port }) => deleteGuarded(port)),
  ];
}

interface Owned {
  readonly address: Address;
  readonly key: string;
  readonly comment: string;
}

const forgetOwned = ({ key, address }: Owned): readonly string[] => deleteMasquerade(key, hostCidr(address));

async function sourceElements(host: Host): Promise<Element[]> {
  return [
    ...(await listElements(host, 'inet', sources[4], 'map')),
    ...(await listElements(host, 'inet', sources[6], 'map')),
  ];
}

/** Elements whose comment the caller knows, but which have no owner: somebody has deleted that. */
async function orphanedSources(host: Host, isWanted: (comment: string) => boolean): Promise<Cidr[]> {
  return (await sourceElements(host))
    .filter(({ comment }) => isWanted(comment))
    .flatMap(({ key: [text = ''] }) => parseAddress(text) ?? [])
    .map(hostCidr);
}

async function ownedElements(host: Host): Promise<Owned[]> {
  const elements = [
    ...(await listElements(host, 'inet', owners[4])),
    ...(await listElements(host, 'inet', owners[6])),
  ];
  return elements.flatMap(({ key: [text = '', key = ''], comment }) => {
    const address = parseAddress(text);
    return address === undefined ? [] : [{ address, key, comment }];
  });
}

interface Guards {
  readonly guarded: readonly { readonly port: string; readonly comment: string }[];
  readonly allowed: readonly { readonly port: string; readonly mac: string; readonly comment: string }[];
}

const noGuards: Guards = { guarded: [], allowed: [] };

async function guardElements(host: Host): Promise<Guards> {
  const port = ({ key: [name = ''], comment }: Element): Guards['guarded'][number] => ({
    port: name,
    comment,
  });
  const pair = ({ key: [name = '', mac = ''], comment }: Element): Guards['allowed'][number] => ({
    port: name,
    mac,
    comment,
  });
  return {
    guarded: (await listElements(host, 'bridge', 'guarded')).map(port),
    allowed: (await listElements(host, 'bridge', 'allowed')).map(pair),
  };
}

export interface RulesToDelete {
  readonly owner: Owner;
  /** What ADD has noted; or, without a note, what its result tells. */
  readonly rules: Noted;
  readonly isNoted: boolean;
  /** A port whose name another attachment has by now: its elements are looked up, to see whose they are. */
  readonly doubtfulPort: string | undefined;
}

/**
 * Deletes the rules of an attachment; its note is for {@link forgetRules}. They are looked for only where some are gone that are noted: an
 * ADD was killed, or somebody has changed them.
 */
export async function deleteRules(
  host: Host,
  { owner, rules, isNoted, doubtfulPort }: RulesToDelete,
  lock: string,
): Promise<void> {
  const guards = rules.guards.filter(({ port }) => port !== doubtfulPort);
  const lines = [
    ...rules.masquerade.flatMap((address) => deleteMasquerade(owner.key, address)),
    ...guards.flatMap(deleteGuard),
  ];
  const verdict = await transact(host, [...new Set(lines)], { lock });
  const isOwn = (comment: string): boolean => comment === owner.comment;
  const ports = new Set([
    ...(verdict === 'done' ? [] : guards.map(({ port }) => port)),
    ...(guards.length < rules.guards.length && doubtfulPort !== undefined ? [doubtfulPort] : []),
  ]);
  if (isNoted) {
    await deleteWhere(host, {
      owned: verdict === 'done' || rules.masquerade.length === 0 ? undefined : isOwn,
      port: ports.size === 0 ? undefined : ({ port, comment }) => ports.has(port) && isOwn(comment),
    });
  }
}

/**
 * Drops the note of an attachment whose rules are gone, and with the network's last one the chains of these subnets. These
 * first: a DEL that is killed in between is followed by one that finds the note.
 */
export async function forgetRules(host: Host, owner: Owner, subnets: readonly Cidr[]): Promise<void> {
  const isOnly = isOnlyNote(host, owner);
  if (isOnly) await dropIdleChains(host, owner.network, subnets);
  // Two that go at once may each have seen the other.
  if (dropNote(host, owner) && !isOnly) await dropIdleChains(host, owner.network, subnets);
}

interface Selection {
  /** By the comment, which tells whose an element is. */
  readonly owned: ((comment: string) => boolean) | undefined;
  readonly port: ((element: { readonly port: string; readonly comment: string }) => boolean) | undefined;
}

async function deleteWhere(host: Host, { owned, port }: Selection): Promise<void> {
  if (owned !== undefined) {
    const elements = (await ownedElements(host)).filter(({ comment }) => owned(comment));
    const ownersAlone = await deleteEach(host, elements, forgetOwned);
    await deleteEach(host, ownersAlone, ({ key, address }) => [deleteOwner(key, hostCidr(address))]);
    await deleteEach(host, await orphanedSources(host, owned), (address) => [deleteSource(address)]);
  }
  if (port === undefined) return;
  const { guarded, allowed } = await guardElements(host);
  await deleteEach(host, allowed.filter(port), (pair) => [deleteAllowed(pair.port, pair.mac)]);
  await deleteEach(host, guarded.filter(port), (guard) => [deleteGuarded(guard.port)]);
}

/**
 * Deletes elements together, by one child however many they are. What another call deletes meanwhile must not keep the
 * rest: where they cannot go together, each half of them goes by itself.
 * @returns those that could not be deleted
 */
async function deleteEach<T>(
  host: Host,
  elements: readonly T[],
  linesOf: (element: T) => readonly string[],
): Promise<readonly T[]> {
  if ((await transact(host, elements.flatMap(linesOf))) === 'done') return [];
  if (elements.length === 1) return elements;
  const middle = Math.ceil(elements.length / 2);
  return [
    ...(await deleteEach(host, elements.slice(0, middle), linesOf)),
    ...(await deleteEach(host, elements.slice(middle), linesOf)),
  ];
}

/** Deletes the rules of every attachment whose comment the caller calls stale. */
export async function collectRules(host: Host, isStale: (comment: string) => boolean): Promise<void> {
  await deleteWhere(host, {
    owned: isStale,
    port: ({ comment }) => isStale(comment),
  });
}

/** Deletes the chains of a network's subnets that nothing goes to any more; the kernel keeps those in use (EBUSY). */
export async function dropIdleChains(host: Host, network: string, subnets: readonly Cidr[]): Promise<void> {
  const chains = new Set(subnets.map((subnet) => subnetChain(network, subnetOf(subnet))));
  for (const chain of chains) await tryDeleteChain(host, chain);
}

/** The same for all subnets that the network has had. */
export async function dropNetworkChains(host: Host, network: string): Promise<void> {
  const prefix = chainPrefix(network);
  for (const { chain } of await list(host, ['chains', 'inet'])) {
    if (isChain(chain) && chain.name.startsWith(prefix)) await tryDeleteChain(host, chain.name);
  }
}

function isChain(value: unknown): value is { readonly name: string } {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('table' in value)) return false;
  return value.table === 'plumbline' && typeof value.name === 'string';
}

async function tryDeleteChain(host: Host, chain: string): Promise<void> {
  await host.runner.run('nft', ['delete', 'chain', 'inet', 'plumbline', chain]);
}
