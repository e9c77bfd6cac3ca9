/** What a link is like: its attributes (ip-link(8)) and its offloads (ethtool(8)), without what is its own alone. */
import type { Place } from './place.ts';

/** `mtu` -> `1500`, `linkinfo.info_kind` -> `veth`, `offload tx-checksumming` -> `on`. */
export type LinkFacts = ReadonlyMap<string, string>;

/** What two links differ in by nature: their names, addresses and numbers, and labels for people. */
const own: ReadonlySet<string> = new Set([
  ...['ifindex', 'ifname', 'link', 'link_index', 'link_netnsid', 'ifalias', 'altnames'],
  ...['address', 'permaddr'],
  // Of a port of a Linux bridge: its number there, and clocks that run.
  ...['id', 'no', 'designated_port', 'hold_timer', 'message_age_timer', 'forward_delay_timer'],
]);

/** @returns undefined where the place has no such link */
export async function linkFactsOf(place: Place, device: string): Promise<LinkFacts | undefined> {
  const { code, stdout } = await place.try('ip', '-details', '-json', 'link', 'show', 'dev', device);
  if (code !== 0) return undefined;
  const [link] = JSON.parse(stdout) as readonly unknown[];
  return new Map([...attributes(link), ...offloads(await place.run('ethtool', '--show-features', device))]);
}

/** Fields of what `ip` tells, at any depth, by their paths. */
export function attributes(
  value: unknown,
  path: readonly string[] = [],
): readonly (readonly [string, string])[] {
  if (own.has(path.at(-1) ?? '')) return [];
  if (typeof value !== 'object' || value === null) return [[path.join('.'), String(value)]];
  // Lists are sets here: flags.
  if (Array.isArray(value)) return [[path.join('.'), value.map(String).sort().join(' ')]];
  return Object.entries(value).flatMap(([key, inner]) => attributes(inner, [...path, key]));
}

/** Lines such as `	tx-checksum-ipv4: off [fixed]`, after a heading without a value. */
export function offloads(text: string): readonly (readonly [string, string])[] {
  return text.split('\n').flatMap((line) => {
    const [, name, value] = /^\s*([^:]+): +(.+)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[`offload ${name}`, value.trim()] as const];
  });
}

/** What is not alike, one line each: `mtu: 1400, by hand 1500`. */
export function differences(ours: LinkFacts, byHand: LinkFacts): readonly string[] {
  const names = new Set([...ours.keys(), ...byHand.keys()]);
  return [...names]
    .filter((name) => ours.get(name) !== byHand.get(name))
    .map((name) => `${name}: ${ours.get(name) ?? 'none'}, by hand ${byHand.get(name) ?? 'none'}`);
}
