/** The links in other network namespaces. */
import { closeSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { openNameless, pathOfDescriptor } from '../../../lib/exec/held.ts';
import type { Host, Netns } from '../../../lib/exec/host.ts';
import { temporaryFolder } from '../../temporary.ts';
import type { Namespace } from '../facts.ts';
import { parseLinks } from './links.ts';
import { nameNamespaces, readNumbers } from './numbers.ts';

/** What is read in each namespace; the first read gives the node a number there, if a link refers to it. */
const reads = 'address show\nnetns list\n';

/** The name under which each namespace is asked for its number of the node's. */
const nodeName = 'node';

/**
 * Each namespace takes a child that enters it and one ip, some 5 ms: several at a time, each series with a file of its own
 * for what it prints. The script is constant; its arguments are a folder and what it is mounted over (numbers.ts), the
 * number of series, ip, and the namespaces; files are 3, 4, ….
 */
const enterAll = [
  'folder=$1; run=$2; lanes=$3; ip=$4; shift 4',
  'mount --bind "$folder" "$run" || exit 1',
  'lane=0',
  'while [ $lane -lt $lanes ]; do',
  '  (',
  '    number=0',
  '    for netns do',
  '      if [ $((number % lanes)) -eq $lane ]; then',
  '        echo "$number"',
  '        "$0" --net="$netns" -- "$ip" -details -json -batch "$run/reads" || :',
  '      fi',
  '      number=$((number + 1))',
  '    done',
  '  ) >&$((lane + 3)) 2>/dev/null &',
  '  lane=$((lane + 1))',
  'done',
  'wait',
].join('\n');

/** A shell takes descriptors of one digit. */
const mostLanes = 6;

/** What a namespace tells of itself. */
export type Seen = Pick<Namespace, 'links' | 'numberOfNode'>;

/**
 * What is in namespaces, by their places in the list; those that cannot be entered are left out.
 * @param node the node's own
 */
export async function lookInto(
  host: Host,
  node: Netns,
  namespaces: readonly Netns[],
): Promise<ReadonlyMap<number, Seen>> {
  const lanes = Math.min(mostLanes, 2 * availableParallelism(), namespaces.length);
  if (lanes === 0) return new Map();
  using names = nameNamespaces(new Map([[nodeName, node]]));
  writeFileSync(join(names.folder, 'reads'), reads);
  const outputs = Array.from({ length: lanes }, () => openNameless(temporaryFolder()));
  try {
    const refs = namespaces.map(({ ref }) => ref);
    const tools = [{ tool: 'nsenter' }, names.folder, names.run, `${lanes}`, { tool: 'ip' }] as const;
    const script = ['--mount', '--', { tool: 'sh' }, '-c', enterAll, ...tools, ...refs] as const;
    await host.runner.run('unshare', script, { inherit: outputs });
    return new Map(outputs.flatMap((fd) => seriesIn(readFileSync(pathOfDescriptor(fd), 'utf8'))));
  } finally {
    for (const fd of outputs) closeSync(fd);
  }
}

/**
 * Lines: a namespace's place in the list, then its links and its number of the node's, as ip has printed them. What cannot
 * be understood counts as not entered.
 */
export function seriesIn(text: string): readonly (readonly [number, Seen])[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const seen = /^\d+$/.test(line) ? tryParse(lines[index + 1] ?? '', lines[index + 2] ?? '') : undefined;
    return seen === undefined ? [] : [[Number(line), seen] as const];
  });
}

/** A container must not be able to keep all others from being shown. */
function tryParse(links: string, numbers: string): Seen | undefined {
  try {
    return { links: parseLinks(links), numberOfNode: readNumbers(numbers).get(nodeName) };
  } catch {
    return undefined;
  }
}
