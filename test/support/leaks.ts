/**
 * The leak check: what a node holds after a test is what it held before, apart from what may stay.
 *
 * May stay: a bridge with its gateway addresses and `<bridge>.<vlan>`; empty tables, base chains and their rules,
 * empty sets and maps; `last_reserved_ip.N`, `lock`, boot markers, folders, lock files of a fixed number; forwarding
 * sysctls. Nothing that names a container.
 */
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from './container.ts';
import {
  addressFacts,
  bridgesOf,
  type Fact,
  type FoundFile,
  fileFacts,
  hasIptables,
  iptablesFacts,
  linkFacts,
  nftFacts,
  plainFacts,
  routeFacts,
} from './facts.ts';
import type { Node } from './node.ts';
import { pace } from './pace.ts';
import { findProgram } from './paths.ts';
import type { IpObject } from './place.ts';

export interface SnapshotOptions {
  /** Folders inside the node to be looked through, besides its own dataDir, /var/lib/cni and /run/plumbline. */
  readonly dataDirs?: readonly string[];
}

export interface Snapshot {
  readonly facts: readonly Fact[];
  readonly options: SnapshotOptions;
}

export interface LeakOptions {
  /** Facts that this test may leave or change, by their text: `/^link uplink /`. */
  readonly allow?: readonly RegExp[];
  /** Texts that name a container, besides those that the node knows of. */
  readonly marks?: readonly string[];
  /** Milliseconds until nothing may be left, 3,000 by default: the kernel removes a namespace's links a moment later. */
  readonly within?: number;
}

export interface Difference {
  readonly left: readonly string[];
  readonly missing: readonly string[];
}

/**
 * What is asked on the node, by program: each command of a batch prints JSON on a line of its own. Programs started are
 * what a leak check costs, and there are two and more in each test.
 */
const questions = {
  'ip -json -details -batch -': { links: 'link show', addresses: 'address show' },
  'ip -json -4 -batch -': {
    routes4: 'route show table all',
    rules4: 'rule show',
    neighbours4: 'neighbour show nud permanent',
  },
  'ip -json -6 -batch -': {
    routes6: 'route show table all',
    rules6: 'rule show',
    neighbours6: 'neighbour show nud permanent',
  },
  'bridge -json -batch -': { vlans: 'vlan show', fdb: 'fdb show' },
  // Its files are JSON, too, where its answers are.
  'nft -json list ruleset': { ruleset: '' },
} as const;

type Batches = typeof questions;
type Question = { [Program in keyof Batches]: keyof Batches[Program] }[keyof Batches];

/** Looks at all that a plugin could leave on a node and in its containers. */
export async function snapshot(node: Node, options: SnapshotOptions = {}): Promise<Snapshot> {
  const told = await askAll(node);
  const objects = (question: Question): readonly IpObject[] => told[question] as readonly IpObject[];
  const [saved, inside, further] = await Promise.all([
    iptablesRules(node, told.ruleset),
    Promise.all([...node.containers].map((container) => insideOf(container))),
    Promise.all([...node.factSources].map((facts) => facts())),
  ]);
  const bridges = bridgesOf(objects('links'));
  const isBridge = ({ ifname = '' }: IpObject): boolean => bridges.has(ifname);
  const folders = new Set(['/run/plumbline', '/var/lib/cni', node.dataDir, ...(options.dataDirs ?? [])]);
  const facts = [
    ...linkFacts(objects('links')),
    ...addressFacts(objects('addresses'), bridges),
    ...routeFacts(4, objects('routes4'), bridges),
    ...routeFacts(6, objects('routes6'), bridges),
    ...plainFacts('rule4', objects('rules4')),
    ...plainFacts('rule6', objects('rules6')),
    ...plainFacts('neighbour', [...objects('neighbours4'), ...objects('neighbours6')]),
    ...plainFacts('vlan', objects('vlans'), isBridge),
    ...plainFacts('fdb', objects('fdb').filter(isSetByHand), isBridge),
    ...nftFacts(told.ruleset),
    ...saved,
    ...inside.flat(),
    ...further.flat(),
    ...fileFacts([...folders].flatMap((folder) => filesBelow(node.path(folder), folder))),
    // Last: the programs that told the above have ended.
    ...processFacts(node),
  ];
  return { facts, options };
}

/** Asks all in one shell: entering the node costs more than an answer. */
async function askAll(node: Node): Promise<Readonly<Record<Question, unknown>>> {
  const batches = Object.entries(questions).map(([command, batch]) => ({
    command,
    names: Object.keys(batch),
    lines: Object.values(batch),
    there: findProgram(command.split(' ')[0] ?? '') !== undefined,
  }));
  const script = batches
    .map(({ command, lines, there }) => (there ? `${command} <<'.'\n${lines.join('\n')}\n.\n` : ''))
    .join("printf '\\0'\n");
  const answers = (await node.sh(script)).split('\0');
  const parsed = batches.flatMap(({ command, names, there }, index) => {
    const told = there ? (answers[index] ?? '').split('\n').filter(Boolean) : names.map(() => '[]');
    if (told.length !== names.length)
      throw new Error(`${command} told ${told.length} things, not ${names.join(', ')}`);
    return names.map((name, at) => [name, JSON.parse(told[at] ?? '') as unknown] as const);
  });
  return Object.fromEntries(parsed) as Record<Question, unknown>;
}

/** Whether nothing of an attachment is left, compared with a snapshot from before it. */
export async function findLeaks(
  before: Snapshot,
  node: Node,
  options: LeakOptions = {},
): Promise<Difference> {
  const end = performance.now() + (options.within ?? 3_000) * pace;
  const marks = [...node.marks, ...(options.marks ?? [])];
  for (let pause = 25 * pace; ; pause = Math.min(pause * 2, 400)) {
    const found = compare(before.facts, (await snapshot(node, before.options)).facts, { ...options, marks });
    if (found.left.length + found.missing.length === 0 || performance.now() >= end) return found;
    await sleep(pause);
  }
}

/** @throws with all that is left behind, and all that was there before and is gone */
export async function expectNoLeaks(before: Snapshot, node: Node, options: LeakOptions = {}): Promise<void> {
  const { left, missing } = await findLeaks(before, node, options);
  const tell = (title: string, texts: readonly string[]): string[] =>
    texts.length === 0 ? [] : [title, ...texts.map((text) => `  ${text}`)];
  const told = [...tell('left behind:', left), ...tell('there before, and gone:', missing)];
  if (told.length > 0) throw new Error(`${node.name} is not as it was\n${told.join('\n')}`);
}

/** Compares two lists of facts. */
export function compare(
  before: readonly Fact[],
  after: readonly Fact[],
  options: LeakOptions = {},
): Difference {
  const { allow = [], marks = [] } = options;
  const allowed = ({ text }: Fact): boolean => allow.some((pattern) => pattern.test(text));
  const old = new Set(before.map(({ text }) => text));
  const now = new Set(after.map(({ text }) => text));
  const names = (text: string): boolean => marks.some((mark) => mentions(text, mark));
  const left = after.filter(
    (fact) => !old.has(fact.text) && !allowed(fact) && !(fact.mayStay && !names(fact.text)),
  );
  // What may stay on disk need not, and processes end; but no link, address or rule that was there before may go.
  const mayGo = ({ text, mayStay }: Fact): boolean =>
    /^process /.test(text) || (mayStay && /^(file|folder) /.test(text));
  const missing = before.filter((fact) => !now.has(fact.text) && !allowed(fact) && !mayGo(fact));
  return { left: left.map(({ text }) => text), missing: missing.map(({ text }) => text) };
}

/** Whether a text holds a mark: hashes and IDs anywhere, addresses as whole words. */
export function mentions(text: string, mark: string): boolean {
  if (mark === '') return false;
  if (/^[0-9a-f]{11,}$/.test(mark)) return text.toLowerCase().includes(mark);
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
    const around = `${text[at - 1] ?? ' '}${text[at + mark.length] ?? ' '}`;
    if (!/[0-9A-Za-z.:]/.test(around)) return true;
  }
  return false;
}

/** Rules of both kinds of iptables, where there is anything of theirs. */
async function iptablesRules(node: Node, ruleset: unknown): Promise<readonly Fact[]> {
  const asked = [
    ...(hasIptables(ruleset) || findProgram('nft') === undefined ? ['iptables-save', 'ip6tables-save'] : []),
    ...(isFilled(`/proc/${node.pid}/net/ip_tables_names`) ? ['iptables-legacy-save'] : []),
    ...(isFilled(`/proc/${node.pid}/net/ip6_tables_names`) ? ['ip6tables-legacy-save'] : []),
  ].filter((program) => findProgram(program) !== undefined);
  const saved = await Promise.all(
    asked.map(async (program) => iptablesFacts(program.replace('-save', ''), await node.run(program))),
  );
  return saved.flat();
}

function isFilled(file: string): boolean {
  try {
    return readFileSync(file, 'utf8') !== '';
  } catch {
    return false;
  }
}

/** Entries that somebody set, and not the ones that ports and multicast have by themselves. */
function isSetByHand({ state, flags = [] }: IpObject): boolean {
  return state === 'static' && !flags.includes('self');
}

/** Links that every new network namespace has, where the kernel has their drivers. */
const innate = /^(lo|tunl0|sit0|ip6tnl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6gre0)$/;

/** What DEL takes out of a container: its links, and with them their addresses and routes. */
async function insideOf(container: Container): Promise<readonly Fact[]> {
  const { code, stdout } = await container.try('ip', '-json', 'link', 'show');
  // It may be removed at this very moment.
  if (code !== 0) return [];
  return (JSON.parse(stdout || '[]') as readonly IpObject[])
    .filter(({ ifname = '' }) => !innate.test(ifname))
    .map(({ ifname }) => ({ text: `in ${container.name}: link ${ifname}`, mayStay: false }));
}

function filesBelow(folder: string, shownAs: string): readonly FoundFile[] {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    const shown = join(shownAs, entry.name);
    if (entry.isDirectory())
      return [{ path: shown, kind: 'folder' as const, size: 0, content: '' }, ...filesBelow(path, shown)];
    try {
      if (entry.isSymbolicLink())
        return [{ path: shown, kind: 'link' as const, size: 0, content: readlinkSync(path) }];
      if (!entry.isFile()) return [{ path: shown, kind: 'other' as const, size: 0, content: '' }];
      return [
        {
          path: shown,
          kind: 'file' as const,
          size: lstatSync(path).size,
          content: readFileSync(path, 'latin1'),
        },
      ];
    } catch {
      // Gone between the listing and the reading.
      return [];
    }
  });
}

/** Processes in the namespaces of the node and its containers that the test itself did not start. */
function processFacts(node: Node): readonly Fact[] {
  const own = new Set([...node.backgrounds].filter(({ running }) => running).map(({ pid }) => pid));
  const namespaceOf = (path: string): string | undefined => {
    try {
      return readlinkSync(path);
    } catch {
      return undefined;
    }
  };
  const mount = namespaceOf(`/proc/${node.pid}/ns/mnt`);
  const network = namespaceOf(`/proc/${node.pid}/ns/net`);
  const facts: Fact[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (own.has(Number(pid))) continue;
    const isHere =
      (mount !== undefined && namespaceOf(`/proc/${pid}/ns/mnt`) === mount) ||
      (network !== undefined && namespaceOf(`/proc/${pid}/ns/net`) === network);
    if (!isHere) continue;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      // A process that has ended, and not been waited for yet, has no command line.
      if (command !== '') facts.push({ text: `process ${pid} ${command}`, mayStay: false });
    } catch {
      // Ended meanwhile.
    }
  }
  return facts;
}
