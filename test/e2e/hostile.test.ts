/** Hostile input on the built executable: exit status, output, code; no stack trace, no file, nothing left. */
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { classes, faultOf, fillIn, type HostileCall, ordinary } from '../support/hostile.ts';
import {
  binDir,
  type CniOutcome,
  type Container,
  cni,
  createContainer,
  createNode,
  describeOutcome,
  expectNoLeaks,
  has,
  type Node,
  roundsOf,
  snapshot,
  startOvs,
  testNeeds,
} from '../support/index.ts';

const total = roundsOf({ usual: 120, full: 200, vm: 20 });
const nodes = 4;

/** What cannot be in an environment at all: NUL, and more than Linux takes for one variable (MAX_ARG_STRLEN). */
const canBeExecuted = ({ plugin, env, ipam, onlyRecorded = false }: HostileCall): boolean =>
  !onlyRecorded &&
  (plugin !== 'ipvlan' || has('ipvlan')) &&
  (plugin !== 'ovs' || has('ovs')) &&
  [...Object.keys(env), ...Object.values(env)].every(
    (text = '') => !text.includes('\0') && text.length < 30_000,
  ) &&
  // A shell script stands for the plugin.
  !(ipam?.stdout.includes('\0') ?? false);

const calls = fc
  .oneof(...Object.values(classes).map(({ weight, calls: arbitrary }) => ({ weight, arbitrary })))
  .filter(canBeExecuted);

/** A folder for CNI_PATH as the recording host has one: host-local is the executable itself, ipam-other is not. */
function makeBin(node: Node): string {
  const folder = join(node.dir, 'bin');
  mkdirSync(folder);
  symlinkSync(join(binDir, 'host-local'), join(folder, 'host-local'));
  const script =
    '#!/bin/sh\ncat >/dev/null\n[ "$CNI_COMMAND" = ADD ] || exit 0\ncat "$0.stdout"\nexit "$(cat "$0.status")"\n';
  writeFileSync(join(folder, 'ipam-other'), script);
  chmodSync(join(folder, 'ipam-other'), 0o755);
  return folder;
}

interface Place {
  readonly node: Node;
  readonly container: Container;
  readonly dataDir: string;
  readonly binDir: string;
}

interface Sent {
  readonly command: string;
  readonly plugin: string;
  readonly stdin: string;
  readonly env: HostileCall['env'];
}

async function send(place: Place, { command, plugin, stdin, env }: Sent, result = '{}'): Promise<CniOutcome> {
  const { node, container } = place;
  const fill = (text: string): string => fillIn(text, place, result);
  const filled = Object.entries(env).map(([name, value]) => [name, value && fill(value)]);
  const known = {
    CNI_CONTAINERID: container.id,
    CNI_NETNS: container.path,
    CNI_IFNAME: 'eth0',
    CNI_PATH: place.binDir,
  };
  return cni(node, {
    command,
    plugin,
    config: fill(stdin),
    cwd: join(node.dir, 'cwd'),
    env: { ...known, ...Object.fromEntries(filled) },
  });
}

/** @returns what is wrong, for people */
async function judge(place: Place, hostile: HostileCall): Promise<string | undefined> {
  const { plugin, after = {}, ipam } = hostile;
  writeFileSync(join(place.binDir, 'ipam-other.stdout'), ipam?.stdout ?? '');
  writeFileSync(join(place.binDir, 'ipam-other.status'), `${ipam?.status ?? 0}`);
  const usual = JSON.stringify(ordinary(plugin, 'ADD'));
  let result = '{}';
  if (hostile.after) {
    const added = await send(place, { command: 'ADD', plugin, stdin: usual, env: after });
    if (added.code !== 0) return `the ordinary ADD before ${hostile.what} failed: ${describeOutcome(added)}`;
    result = added.stdout;
  }
  const outcome = await send(place, hostile, result);
  const fault = faultOf(hostile, { ...outcome, exitCode: outcome.code }) ?? strayFiles(place);
  // An ADD that has failed has left nothing: the next one would stumble over it.
  const isMade = hostile.command === 'ADD' && outcome.code === 0;
  const cleanings = [
    ...(isMade ? [{ ...hostile, command: 'DEL' }] : []),
    ...(hostile.after ? [{ command: 'DEL', plugin, stdin: usual, env: after }] : []),
  ];
  for (const cleaning of cleanings) {
    const cleaned = await send(place, cleaning);
    if (cleaned.code !== 0) return `the DEL after ${hostile.what} failed: ${describeOutcome(cleaned)}`;
  }
  if (fault === undefined) return undefined;
  return `${hostile.command} of ${plugin}, ${hostile.what}, expected ${hostile.expected}: ${fault}\n${describeOutcome(outcome).slice(0, 1000)}`;
}

function strayFiles({ node, binDir: bin }: Place): string | undefined {
  const expected: Readonly<Record<string, readonly string[]>> = {
    [node.dir]: ['bin', 'cwd', 'networks'],
    [join(node.dir, 'cwd')]: [],
    [bin]: ['host-local', 'ipam-other', 'ipam-other.stdout', 'ipam-other.status'],
  };
  const stray = Object.entries(expected).flatMap(([folder, names]) =>
    readdirSync(folder)
      .filter((name) => !names.includes(name))
      .map((name) => join(folder, name)),
  );
  return stray.length > 0 ? `${stray.join(', ')} came to be` : undefined;
}

/** One node and its share of the calls. @returns what is wrong with them */
async function runOnNode(seed: number, numRuns: number): Promise<readonly string[]> {
  await using node = await createNode();
  mkdirSync(join(node.dir, 'cwd'));
  await node.sh('ip link add uplink type veth peer name wire; ip link set uplink up; ip link set wire up');
  if (has('ovs')) await (await startOvs(node)).addBridge('br-int');
  const place = {
    node,
    container: await createContainer(node),
    dataDir: node.dataDir,
    binDir: makeBin(node),
  };
  const before = await snapshot(node);
  const faults: string[] = [];
  for (const hostile of fc.sample(calls, { numRuns, seed })) {
    const fault = await judge(place, hostile);
    if (fault !== undefined) faults.push(fault);
  }
  if (faults.length === 0) await expectNoLeaks(before, node);
  return faults.map((fault) => `seed ${seed}: ${fault}`);
}

testNeeds(
  ['root', 'built', 'nft', 'nft-bridge', 'nft-masquerade', 'iptables', 'ipv6'],
  `${total} hostile calls of the executable`,
  async () => {
    const first = Math.trunc(Math.random() * 2 ** 30);
    const seeds = Array.from({ length: nodes }, (_, index) => first + index);
    const faults = await Promise.all(seeds.map(async (seed) => runOnNode(seed, total / nodes)));
    if (faults.flat().length > 0) throw new Error(faults.flat().join('\n'));
  },
  300_000,
);
