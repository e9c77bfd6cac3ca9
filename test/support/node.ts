/**
 * A node: a network namespace and a private mount namespace in which a plugin runs as if it were the host.
 *
 * Nothing of it has a name on the machine. A process holds both namespaces and ends with the test's process, and
 * then links, rules, mounts and named containers of the node are gone.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Background, startHolder } from './background.ts';
import type { Container } from './container.ts';
import type { Fact } from './facts.ts';
import { inVirtualMachine } from './pace.ts';
import { type Backgrounds, makePlace, type Place, placeEnvironment } from './place.ts';

export interface Node extends Place, AsyncDisposable {
  /** The process that holds the namespaces: `/proc/PID/ns/net`. */
  readonly pid: number;
  /** A temporary folder, under the same path inside and outside. */
  readonly dir: string;
  /** A host-local dataDir of this node's own, in `dir`; not made yet. */
  readonly dataDir: string;
  /** How this process reaches a path inside the node: private are /run, /sys and /var/lib/cni, and what tests mount. */
  path(inside: string): string;
  /** Makes /proc/sys/kernel/random/boot_id say this: the node has been restarted. */
  setBootId(uuid: string): Promise<void>;
  /** The containers made on this node that are not removed yet. */
  readonly containers: Set<Container>;
  /** Texts that name a container or its attachments; after DEL they must be nowhere. Helpers add to them. */
  readonly marks: Set<string>;
  /** What the leak check asks besides the kernel: helpers add what they know to hold rows of plugins. */
  readonly factSources: Set<() => Promise<readonly Fact[]>>;
  /** Programs started by the test that run on. */
  readonly backgrounds: Backgrounds;
  /** Ends everything; what `await using` calls. */
  dispose(): Promise<void>;
}

let counter = 0;

/** A name that no other test has, on this machine and at any time: the process that made it is in it. */
export function uniqueName(): string {
  counter += 1;
  return `plt-${process.pid}-${counter}-${randomBytes(2).toString('hex')}`;
}

export interface NodeOptions {
  /**
   * `machine` for the machine's own network namespace, where its hardware is: in the virtual machine alone, since nothing
   * there is undone by itself.
   */
  readonly network?: 'own' | 'machine';
  /**
   * `own` for a PID namespace with a /proc of its own. Then whatever is started on the node, also what detaches itself as
   * a container's shim does, ends with it. Programs are entered by a fork: a place's process ids are those of nsenter.
   */
  readonly processes?: 'own' | 'machine';
}

// /sys shows the network namespace of whoever mounted it, hence a mount of its own; /run as a whole, since
// there are plumbline's locks, the named namespaces, xtables' lock and what daemons of a test leave.
const setUp = `
  mount -t sysfs sysfs /sys
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/netns /run/lock /var/lib/cni
  mount -t tmpfs -o mode=755 tmpfs /var/lib/cni
  ip link set lo up
  echo ready
`;

// `cat` ends with the test's process, since its stdin does. The first process of a PID namespace gets the orphans of all
// others, and must wait for their ends, as a shell does that waits.
const hold = {
  machine: 'exec cat >/dev/null',
  own: 'exec 3<&0; cat <&3 >/dev/null & wait $!',
};

export async function createNode(name = uniqueName(), options: NodeOptions = {}): Promise<Node> {
  const { network = 'own', processes = 'machine' } = options;
  if (network === 'machine' && !inVirtualMachine)
    throw new Error("the machine's own network is no place for tests");
  const dir = mkdtempSync(join(tmpdir(), `${uniqueName()}-`));
  const holder = await startHolder(
    [
      'unshare',
      ...(network === 'own' ? ['--net'] : []),
      ...(processes === 'own' ? ['--pid', '--fork', '--kill-child', '--mount-proc'] : []),
      ...['--mount', '--propagation', 'private', 'sh', '-ec', setUp + hold[processes]],
    ],
    placeEnvironment,
  ).catch((error: unknown) => {
    rmSync(dir, { recursive: true });
    throw error;
  });
  const { pid } = holder;
  const backgrounds: Backgrounds = new Set<Background>([holder]);
  const ownProcesses = processes === 'own' ? [`--pid=/proc/${pid}/ns/pid_for_children`] : [];
  const enter = ['/usr/bin/nsenter', '-t', `${pid}`, '-m', '-n', ...ownProcesses, '--'];
  const place = makePlace(name, enter, backgrounds);
  const containers = new Set<Container>();
  const bootId = join(dir, 'boot_id');
  let bootIdMounted = false;

  async function dispose(): Promise<void> {
    await Promise.all([...containers].map((container) => container.remove()));
    await Promise.all([...backgrounds].map((background) => background.stop('SIGKILL')));
    rmSync(dir, { recursive: true, force: true });
  }

  return {
    ...place,
    pid,
    dir,
    dataDir: join(dir, 'networks'),
    path: (inside) => `/proc/${pid}/root${inside}`,
    async setBootId(uuid) {
      writeFileSync(bootId, `${uuid}\n`);
      if (bootIdMounted) return;
      await place.run('mount', '--bind', bootId, '/proc/sys/kernel/random/boot_id');
      bootIdMounted = true;
    },
    containers,
    marks: new Set(),
    factSources: new Set(),
    backgrounds,
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}
