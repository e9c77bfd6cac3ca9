/** Masquerading and anti-spoofing of one attachment, by whichever backend the config names. */
import { type Identity, isOfNetwork, markedAmong } from '../../lib/cni/identity.ts';
import { isMac } from '../../lib/cni/mac.ts';
import { ErrorCode, isCniError } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { linkExists } from '../../lib/ip/exists.ts';
import type { Cidr } from '../../lib/net/address.ts';
import { checkRules } from '../../lib/nft/check.ts';
import { addIptables, checkIptables, collectIptables, deleteIptables } from '../../lib/nft/iptables.ts';
import { collectNotes, hasNotes, notedRules } from '../../lib/nft/notes.ts';
import { removeReferenceAntiSpoof, removeReferenceMasquerade } from '../../lib/nft/reference.ts';
import {
  addRules,
  collectRules,
  deleteRules,
  dropIdleChains,
  dropNetworkChains,
  forgetRules,
  giveBack,
  type Rules,
} from '../../lib/nft/rules.ts';
import { isAliasOf, type Names } from './attachment.ts';
import type { Config } from './config.ts';

/** What the rules are made from. */
export interface Guarded {
  /** The sandbox end's MAC address. */
  readonly mac: string | undefined;
  readonly addresses: readonly Cidr[];
}

const byIptables = (config: Config): boolean => config.ipMasq && config.ipMasqBackend === 'iptables';
const byNft = (config: Config): boolean => config.ipMasq && config.ipMasqBackend === 'nftables';
const wantsNft = (config: Config): boolean => byNft(config) || config.macspoofchk;

function nftRules(config: Config, names: Names, { mac, addresses }: Guarded): Rules {
  return {
    owner: names.owner,
    masquerade: byNft(config) ? addresses : [],
    // What a runtime's record says may be anything; without a MAC address, DEL looks for the elements.
    guard: config.macspoofchk && mac && isMac(mac) ? { port: names.host, mac } : undefined,
  };
}

/**
 * Whether the rules may go while the link does. Those of iptables may not: what is there is looked for without a lock, and an ADD
 * that was killed may still be at it, until the link's child has had the attachment's lock.
 */
export const goBesideLink = (config: Config): boolean => wantsNft(config) && !byIptables(config);

export const wantsRules = (config: Config): boolean => config.ipMasq || config.macspoofchk;

/**
 * @param first whether this is the first use of the bridge, and so most likely of the tables
 * @returns how to give back what was another attachment's; due after {@link removeRules}
 */
export async function putRules(
  host: Host,
  config: Config,
  names: Names,
  guarded: Guarded,
  first: boolean,
): Promise<() => Promise<void>> {
  const options = { lock: names.rulesLock, declare: first };
  const taken = await addRules(host, nftRules(config, names, guarded), options);
  if (byIptables(config)) await addIptables(host, names.owner, guarded.addresses, names.lock);
  return () => giveBack(host, taken);
}

/**
 * Removes what ADD has put, whatever the config says by now: runtimes hand over today's config and yesterday's result.
 * @returns what is to come last: the note goes, and with the network's last one the chains
 */
export async function removeRules(
  host: Host,
  config: Config,
  names: Names,
  guarded: Guarded,
): Promise<() => Promise<void>> {
  if (byIptables(config)) await deleteIptables(host, names.owner, names.lock);
  const noted = notedRules(host, names.owner);
  // Where nft has gone, so have the rules.
  if (!(wantsNft(config) || host.runner.has('nft'))) return async () => undefined;
  const { masquerade, guard } = nftRules(config, names, guarded);
  // Without a note, the elements of a chosen name are not known to be this attachment's.
  const told = { masquerade, guards: guard && config.hostInterfaceName === undefined ? [guard] : [] };
  await deleteRules(
    host,
    {
      owner: names.owner,
      rules: noted ?? told,
      isNoted: noted !== undefined,
      doubtfulPort: isOthersName(host, config, names) ? names.host : undefined,
    },
    names.rulesLock,
  );
  return async () => {
    if (noted) return forgetRules(host, names.owner, noted.masquerade);
    // Somebody may have emptied /run: what only notes tell of must not stay for it.
    const { network } = names.owner;
    if (masquerade.length > 0 && !hasNotes(host, network)) await dropIdleChains(host, network, masquerade);
  };
}

/** A name that a config has chosen may be another attachment's by now. */
function isOthersName(host: Host, config: Config, names: Names): boolean {
  if (config.hostInterfaceName === undefined || !linkExists(host, names.host)) return false;
  return !isAliasOf(names, host.kernel.read(`/sys/class/net/${names.host}/ifalias`));
}

/** What the rules lack, in words. */
export async function faultsOfRules(
  host: Host,
  config: Config,
  names: Names,
  guarded: Guarded,
): Promise<string[]> {
  const faults = wantsRules(config) ? await checkRules(host, nftRules(config, names, guarded)) : [];
  return byIptables(config)
    ? [...faults, ...(await checkIptables(host, names.owner, guarded.addresses))]
    : faults;
}

/** Rules that the reference bridge made for this pod; a node without iptables, or without nft, has none of that kind. */
export async function removeReferenceRules(host: Host, config: Config, names: Names): Promise<void> {
  const pod = names.identity;
  await ignoringMissingTools(async () => {
    if (config.ipMasq) await removeReferenceMasquerade(host, pod, names.lock, host.runner.has('iptables'));
    if (config.macspoofchk) await removeReferenceAntiSpoof(host, pod, names.lock);
  });
}

/** Removes the rules of all of the network's attachments but the valid ones. */
export async function collectStaleRules(
  host: Host,
  config: Config,
  network: string,
  valid: readonly Identity[],
  lock: string,
): Promise<void> {
  const isValid = markedAmong(valid);
  const isStale = (comment: string): boolean => isOfNetwork(comment, network) && !isValid(comment);
  // Whatever the config says now: an earlier one may have asked for rules that this one does not.
  await ignoringMissingTools(() => collectRules(host, isStale));
  collectNotes(host, network, new Set(valid.map(({ key }) => key)));
  await ignoringMissingTools(() => dropNetworkChains(host, network));
  if (byIptables(config)) await collectIptables(host, isStale, lock);
}

async function ignoringMissingTools(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isCniError(error, ErrorCode.toolMissing)) throw error;
  }
}
