/** The links in other network namespaces. */
import { closeSync, openSync, readFileSync, unlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathOfDescriptor } from '../../../lib/exec/held.ts';
import type { Host, Netns } from '../../../lib/exec/host.ts';
import { temporaryFolder } from '../../temporary.ts';
import type { Link } from '../facts.ts';
import { parseLinks, showLinks } from './links.ts';

/**
 * Each namespace takes a child that enters it and one ip, some 5 ms: several at a time, each series with a file of its own
 * for what it prints. The script is constant; its arguments are the number of series, ip, and the namespaces; files are 3, 4, ….
 */
const enterAll = [
  'lanes=$1; ip=$2; shift 2',
  'lane=0',
  'while [ $lane -lt $lanes ]; do',
  '  (',
  '    number=0',
  '    for netns do',
  '      if [ $((number % lanes)) -eq $lane ]; then',
  '        echo "$number"',
  `        "$0" --net="$netns" -- "$ip" ${showLinks.join(' ')} || :`,
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

/** Links of namespaces, by their places in the list; those that cannot be entered are left out. */
export async function linksIn(
  host: Host,
  namespaces: readonly Netns[],
): Promise<ReadonlyMap<number, readonly Link[]>> {
  const lanes = Math.min(mostLanes, 2 * availableParallelism(), namespaces.length);
  if (lanes === 0) return new Map();
  const outputs = Array.from({ length: lanes }, openNameless);
  try {
    const refs = namespaces.map(({ ref }) => ref);
    await host.runner.run('sh', ['-c', enterAll, { tool: 'nsenter' }, `${lanes}`, { tool: 'ip' }, ...refs], {
      inherit: outputs,
    });
    return new Map(outputs.flatMap((fd) => seriesIn(readFileSync(pathOfDescriptor(fd), 'utf8'))));
  } finally {
    for (const fd of outputs) closeSync(fd);
  }
}

/** Lines: a number, and what ip has printed in that namespace. What cannot be understood counts as not entered. */
export function seriesIn(text: string): readonly (readonly [number, readonly Link[]])[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const links = /^\d+$/.test(line) ? tryParse(lines[index + 1] ?? '') : undefined;
    return links === undefined ? [] : [[Number(line), links] as const];
  });
}

/** A container must not be able to keep all others from being shown. */
function tryParse(text: string): readonly Link[] | undefined {
  try {
    return parseLinks(text);
  } catch {
    return undefined;
  }
}

function openNameless(): number {
  const path = join(
    temporaryFolder(),
    `plumbline-topology-${process.pid}-${Math.random().toString(36).slice(2)}`,
  );
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return fd;
}
