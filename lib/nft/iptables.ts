/**
 * Masquerading by iptables, for nodes whose other software wants to find it there (`ipMasqBackend: "iptables"`), and
 * the removal of chains that the reference plugins made.
 *
 * One chain a container, with a jump from POSTROUTING for each of its addresses, as the reference does it; each change
 * is one iptables-restore, so that it is there whole or not at all.
 */
import { runtime } from '#runtime';
import { CniError, ErrorCode } from '../errors.ts';
import type { Host } from '../exec/host.ts';
import { runUnderLock } from '../exec/lock.ts';
import { type CommandLine, INPUT } from '../exec/runner.ts';
import { type Cidr, type Family, formatAddress } from '../net/address.ts';
import { type Owner, subnetOf } from './masquerade.ts';

const tools = { 4: 'iptables', 6: 'ip6tables' } as const;
const multicast = { 4: '224.0.0.0/4', 6: 'ff00::/8' } as const;
const families: readonly Family[] = [4, 6];

/** Chains of ours; 28 characters is what iptables takes (XT_EXTENSION_MAXNAMELEN - 1). */
const chainOf = (owner: Owner): string => `PLUMBLINE-${owner.key}`;

/** Name of the reference plugins' chain for a container: `CNI-` and the start of a SHA-512, 28 characters in all. */
export function referenceChain(network: string, containerId: string): string {
  return `CNI-${runtime.hash('sha512', network + containerId)}`.slice(0, 28);
}

export async function addIptables(
  host: Host,
  owner: Owner,
  addresses: readonly Cidr[],
  lock: string,
): Promise<void> {
  await removeChain(host, chainOf(owner), lock);
  for (const family of families) {
    const own = addresses.filter(({ address }) => address.family === family);
    if (own.length > 0) await restore(host, family, additions(owner, own, family), lock);
  }
}

function additions(owner: Owner, addresses: readonly Cidr[], family: Family): string[] {
  const chain = chainOf(owner);
  const comment = `-m comment --comment ${JSON.stringify(owner.comment)}`;
  const bits = family === 4 ? 32 : 128;
  return [
    `:${chain} - [0:0]`,
    ...[...new Set(addresses.map(subnetOf))].map((subnet) => `-A ${chain} -d ${subnet} ${comment} -j RETURN`),
    `-A ${chain} ! -d ${multicast[family]} ${comment} -j MASQUERADE`,
    ...addresses.map(
      ({ address }) => `-A POSTROUTING -s ${formatAddress(address)}/${bits} ${comment} -j ${chain}`,
    ),
  ];
}

export async function deleteIptables(host: Host, owner: Owner, lock: string): Promise<void> {
  await removeChain(host, chainOf(owner), lock);
}

/** Removes a chain and the jumps to it, in both families; that there is none is no error. */
export async function removeChain(host: Host, chain: string, lock: string): Promise<void> {
  for (const family of families) {
    // Where there is no such chain, nothing jumps to it.
    if (!(await hasChain(host, family, chain))) continue;
    const rules = await postrouting(host, family);
    const jumps = rules
      .filter((rule) => rule.endsWith(` -j ${chain}`))
      .map((rule) => rule.replace(/^-A/, '-D'));
    await restore(host, family, [...jumps, `-F ${chain}`, `-X ${chain}`], lock);
  }
}

/** Removes the chains of every attachment whose comment the caller calls stale. */
export async function collectIptables(
  host: Host,
  isStale: (comment: string) => boolean,
  lock: string,
): Promise<void> {
  for (const family of families) {
    const stale = new Set<string>();
    for (const rule of await postrouting(host, family)) {
      const [, comment, chain] = /--comment "?([^" ]*)"? .*-j (PLUMBLINE-[0-9a-f]+)$/.exec(rule) ?? [];
      if (comment !== undefined && chain !== undefined && isStale(comment)) stale.add(chain);
    }
    for (const chain of stale) await removeChain(host, chain, lock);
  }
}

/** What is wrong with the rules, in words. */
export async function checkIptables(host: Host, owner: Owner, addresses: readonly Cidr[]): Promise<string[]> {
  const chain = chainOf(owner);
  const faults: string[] = [];
  for (const { address } of addresses) {
    const text = formatAddress(address);
    const rules = await postrouting(host, address.family);
    const jump = rules.some((rule) => rule.includes(`-s ${text}/`) && rule.endsWith(` -j ${chain}`));
    if (!jump || !(await masquerades(host, address.family, chain))) {
      faults.push(
        `the masquerade rule of ${text} is gone from ${tools[address.family]}' table nat, chain ${chain}`,
      );
    }
  }
  return faults;
}

async function postrouting(host: Host, family: Family): Promise<string[]> {
  const { status, stdout } = await host.runner.run(tools[family], [
    '-w',
    '60',
    '-t',
    'nat',
    '-S',
    'POSTROUTING',
  ]);
  return status === 0 ? stdout.split('\n').filter((line) => line.startsWith('-A ')) : [];
}

async function masquerades(host: Host, family: Family, chain: string): Promise<boolean> {
  const { stdout } = await host.runner.run(tools[family], ['-w', '60', '-t', 'nat', '-n', '-L', chain]);
  return /^MASQUERADE /m.test(stdout);
}

async function hasChain(host: Host, family: Family, chain: string): Promise<boolean> {
  return (await host.runner.run(tools[family], ['-w', '60', '-t', 'nat', '-n', '-L', chain])).status === 0;
}

async function restore(host: Host, family: Family, lines: readonly string[], lock: string): Promise<void> {
  const program = `${tools[family]}-restore`;
  // -w waits for iptables-legacy's own lock; without --noflush all other rules of the table would go.
  const line: CommandLine = [program, ['-w', '60', '--noflush', INPUT]];
  const { status, stderr } = await runUnderLock(host.runner, lock, line, {
    input: ['*nat', ...lines, 'COMMIT', ''].join('\n'),
  });
  if (status !== 0) {
    throw new CniError(
      ErrorCode.commandFailed,
      `${program} failed: ${stderr.trim().split('\n')[0] ?? ''}`,
      stderr.trim(),
    );
  }
}
