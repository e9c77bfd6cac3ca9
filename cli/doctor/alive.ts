/**
 * Whether a container is still there, by what a node shows of it without its runtime being asked. Nothing here is
 * certain of life, and little of death: so each answer says what it comes from.
 */
import { type Attachment, identify, isMarked } from '../../lib/cni/identity.ts';
import { isObject, member } from '../../lib/cni/json.ts';
import type { Host, Kernel } from '../../lib/exec/host.ts';
import { recordPath } from '../attach/record.ts';

export type Life =
  | { readonly is: 'alive' }
  /** With the reason. */
  | { readonly is: 'gone'; readonly why: string }
  /** Nothing shows it, and it may be there all the same. */
  | { readonly is: 'unseen' };

export interface Traces {
  of(attachment: Attachment, hasHostEnd: boolean): Life;
}

/** Where libcni, which containerd, CRI-O, Podman and nerdctl call plugins by, keeps results until DEL. */
const resultsFolder = '/var/lib/cni/results';

/** Shorter IDs would be found in whatever command line. */
const leastLength = 12;

/** One look at the node: links, processes, results. */
export function tracesOn(host: Pick<Host, 'kernel' | 'openNetns' | 'stateDir'>): Traces {
  const { kernel } = host;
  const aliases = kernel
    .list('/sys/class/net')
    .flatMap((link) => kernel.read(`/sys/class/net/${link}/ifalias`) ?? []);
  let processes: string | undefined;
  return {
    of(attachment, hasHostEnd) {
      const identity = identify(attachment);
      if (aliases.some((alias) => isMarked(alias, identity))) return { is: 'alive' };
      // The host's end goes with the container's, at once.
      if (hasHostEnd) return { is: 'gone', why: 'its link on the node is gone' };
      const cached = byResult(host, attachment);
      if (cached !== undefined) return cached;
      processes ??= processTexts(kernel);
      const { containerId } = attachment;
      return containerId.length >= leastLength && processes.includes(containerId)
        ? { is: 'alive' }
        : { is: 'unseen' };
    },
  };
}

/** A result, which the runtime or `plumbline attach` has kept, names the namespace of the sandbox: without that, there is no container. */
function byResult(
  host: Pick<Host, 'kernel' | 'openNetns' | 'stateDir'>,
  attachment: Attachment,
): Life | undefined {
  const { network, containerId, ifname } = attachment;
  const text =
    host.kernel.read(`${resultsFolder}/${network}-${containerId}-${ifname}`) ??
    host.kernel.read(recordPath(host.stateDir, attachment));
  if (text === undefined) return undefined;
  const sandbox = sandboxIn(text);
  if (sandbox === undefined) return undefined;
  return isNetns(host, sandbox) ? { is: 'alive' } : { is: 'gone', why: `its namespace ${sandbox} is gone` };
}

/** What is left at the path may be a plain file. */
function isNetns({ openNetns }: Pick<Host, 'openNetns'>, path: string): boolean {
  try {
    openNetns(path, true)[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

function sandboxIn(text: string): string | undefined {
  try {
    const cached: unknown = JSON.parse(text);
    const result = isObject(cached) ? member(cached, 'result') : undefined;
    const interfaces = isObject(result) ? member(result, 'interfaces') : undefined;
    const sandboxes = (Array.isArray(interfaces) ? interfaces : []).map((one) =>
      isObject(one) ? member(one, 'sandbox') : undefined,
    );
    return sandboxes.find(
      (sandbox): sandbox is string => typeof sandbox === 'string' && sandbox.startsWith('/'),
    );
  } catch {
    return undefined;
  }
}

/** Command lines and control groups of all processes: a runtime's helper of a container has its ID in one of them. */
function processTexts(kernel: Kernel): string {
  return kernel
    .list('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => [kernel.read(`/proc/${pid}/cmdline`) ?? '', kernel.read(`/proc/${pid}/cgroup`) ?? ''])
    .join('\n');
}
