/**
 * The network namespaces that belong to this node's network, and the links in them.
 *
 * Candidates are those that are mounted somewhere (`ip netns add`, containerd, Docker) and those of processes. Of the
 * latter, many have nothing to do with this node's network: those of containers within containers. So such a one counts
 * where the node has a number for it, which it gets when a link is moved there or has its other end there.
 */
import { readlinkSync } from 'node:fs';
import { CniError, ErrorCode } from '../../../lib/errors.ts';
import type { Host, Kernel, Netns } from '../../../lib/exec/host.ts';
import type { Namespace } from '../facts.ts';
import { lookInto } from './inside.ts';
import { nameNamespaces, readNumbers } from './numbers.ts';

interface Candidate extends Omit<Namespace, 'number' | 'numberOfNode' | 'links'> {
  /** By which it can be opened. */
  readonly path: string;
}

export async function readNamespaces(host: Host): Promise<readonly Namespace[]> {
  const own = numberIn(linkAt('/proc/self/ns/net'));
  const candidates = candidatesOn(host.kernel).filter(({ inode }) => inode !== own);
  const opened = candidates.flatMap((candidate) => {
    const netns = open(host, candidate);
    return netns === undefined ? [] : [{ ...candidate, netns }];
  });
  try {
    return await look(host, opened);
  } finally {
    for (const { netns } of opened) netns[Symbol.dispose]();
  }
}

async function look(
  host: Host,
  opened: readonly (Candidate & { readonly netns: Netns })[],
): Promise<readonly Namespace[]> {
  const netnsOf = (list: typeof opened): readonly Netns[] => list.map(({ netns }) => netns);
  const numbers = await numbersOf(host, netnsOf(opened));
  const related = opened
    .map((one, index) => ({ ...one, number: numbers.get(index) }))
    .filter(({ number, paths }) => number !== undefined || paths.length > 0);
  using node = host.openNetns('/proc/self/ns/net', true);
  const seen = await lookInto(host, node, netnsOf(related));
  return related.map(({ inode, paths, process, number }, index) => ({
    inode,
    paths,
    process,
    number,
    numberOfNode: seen.get(index)?.numberOfNode,
    links: seen.get(index)?.links,
  }));
}

function open(host: Host, { path, inode }: Candidate): Netns | undefined {
  try {
    const netns = host.openNetns(path, true);
    if (netns.id.endsWith(`:${inode}`)) return netns;
    // A process has ended meanwhile, and its number is another's.
    netns[Symbol.dispose]();
  } catch {
    // Gone meanwhile, or not for us to open.
  }
  return undefined;
}

/** One each, whatever the number of its paths and processes. */
function candidatesOn(kernel: Kernel): readonly Candidate[] {
  const mounted = Map.groupBy(mountsIn(kernel.read('/proc/self/mountinfo') ?? ''), ({ inode }) => inode);
  const processes = processesOn(kernel);
  return [...new Set([...mounted.keys(), ...processes.keys()])].flatMap((inode) => {
    const paths = [...new Set((mounted.get(inode) ?? []).map(({ path }) => path))];
    const pid = processes.get(inode);
    const path = paths[0] ?? (pid === undefined ? undefined : `/proc/${pid}/ns/net`);
    if (path === undefined) return [];
    const name = pid === undefined ? undefined : (kernel.read(`/proc/${pid}/comm`) ?? '');
    return [{ inode, paths, path, process: pid === undefined ? undefined : { pid, name: name ?? '' } }];
  });
}

interface Mount {
  readonly inode: number;
  readonly path: string;
}

/** Mounts of network namespaces, out of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
export function mountsIn(mountinfo: string): readonly Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [, , , root = '', path = ''] = line.split(' ');
    const inode = numberIn(root);
    // Other mounts may lie over it: it is looked at when it is opened.
    return inode === undefined ? [] : [{ inode, path: unescapeOctal(path) }];
  });
}

/** Blanks and the like, as the kernel writes them: \040. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

function numberIn(text: string | undefined): number | undefined {
  const digits = /^net:\[(\d+)\]$/.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The first process of each namespace. */
function processesOn(kernel: Kernel): ReadonlyMap<number, number> {
  const first = new Map<number, number>();
  const pids = kernel
    .list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  for (const pid of pids.sort((a, b) => a - b)) {
    const inode = numberIn(linkAt(`/proc/${pid}/ns/net`));
    if (inode !== undefined && !first.has(inode)) first.set(inode, pid);
  }
  return first;
}

/**
 * The node's numbers for namespaces, by their places in the list.
 * @throws CniError 101 where they cannot be told: without CAP_SYS_ADMIN, as in a container
 */
async function numbersOf(host: Host, namespaces: readonly Netns[]): Promise<ReadonlyMap<number, number>> {
  if (namespaces.length === 0) return new Map();
  using names = nameNamespaces(new Map(namespaces.map((netns, index) => [`${index}`, netns])));
  const { status, stdout, stderr } = await host.runner.run('unshare', [
    ...['--mount', '--', { tool: 'sh' }, '-ec', 'mount --bind "$1" "$2"; exec "$0" -json netns list'],
    ...[{ tool: 'ip' }, names.folder, names.run],
  ]);
  if (status !== 0) {
    throw new CniError(
      ErrorCode.commandFailed,
      `which namespace is which cannot be told: ${stderr.trim()}; a mount namespace must be allowed`,
      stderr.trim(),
    );
  }
  return new Map([...readNumbers(stdout)].map(([name, number]) => [Number(name), number]));
}
