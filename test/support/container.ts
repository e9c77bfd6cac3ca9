/** A container, as far as networking is concerned: an ID and a network namespace that a path leads to. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Background, startHolder } from './background.ts';
import { markOf } from './marks.ts';
import { type Node, uniqueName } from './node.ts';
import { type Backgrounds, eventually, makePlace, type Place, placeEnvironment } from './place.ts';

export interface Container extends Place, AsyncDisposable {
  /** 64 hexadecimal digits, as runtimes give them. */
  readonly id: string;
  /** CNI_NETNS: the path of its namespace, inside the node. */
  readonly path: string;
  readonly node: Node;
  /** Whether its namespace has not been removed. */
  readonly alive: boolean;
  /**
   * Removes the namespace, as when a container dies before its DEL, and waits for the node's ends of its veth pairs to
   * go: the kernel takes a namespace apart some time after its last holder is gone. Twice is fine.
   */
  remove(): Promise<void>;
}

export interface ContainerOptions {
  /** Name of the namespace: `blue`. Unique by default; it need be so on its node only. */
  readonly name?: string;
  readonly id?: string;
  /**
   * What the path is: `name` in /run/netns (default), `pid` for /proc/PID/ns/net of a process,
   * `bind` for a bind mount in the node's temporary folder.
   */
  readonly via?: 'name' | 'pid' | 'bind';
}

interface Namespace {
  readonly path: string;
  readonly holder?: Background;
  remove(): Promise<void>;
}

export async function createContainer(node: Node, options: ContainerOptions = {}): Promise<Container> {
  const { name = uniqueName(), id = randomBytes(32).toString('hex'), via = 'name' } = options;
  const namespace = await make[via](node, name);
  const backgrounds: Backgrounds = new Set<Background>();
  // nsenter opens both before it enters the first, so the path is taken as the node sees it.
  const enter = [
    '/usr/bin/nsenter',
    `--mount=/proc/${node.pid}/ns/mnt`,
    `--net=${node.path(namespace.path)}`,
    '--',
  ];
  const place = makePlace(name, enter, backgrounds);
  let alive = true;

  async function remove(): Promise<void> {
    if (!alive) return;
    alive = false;
    node.containers.delete(container);
    await Promise.all([...backgrounds].map((background) => background.stop('SIGKILL')));
    const ends = (await pairsAt(place)).map(([inside, onNode]) => `${onNode} ${inside}`);
    await namespace.remove();
    if (ends.length === 0) return;
    const areGone = async (): Promise<boolean> =>
      !(await pairsAt(node)).some((pair) => ends.includes(pair.join(' ')));
    // That they stay is no error: another process may still hold the namespace.
    await eventually(areGone, 2_000);
  }

  const container: Container = {
    ...place,
    start: (program, ...args) => {
      const started = place.start(program, ...args);
      node.backgrounds.add(started);
      return started;
    },
    id,
    path: namespace.path,
    node,
    get alive() {
      return alive;
    },
    remove,
    [Symbol.asyncDispose]: remove,
  };
  await container.run('ip', 'link', 'set', 'lo', 'up');
  node.containers.add(container);
  node.marks.add(markOf(id));
  return container;
}

/** The veth pairs with one end here and the other in another namespace: the index of the near end and of the far one. */
async function pairsAt(place: Place): Promise<string[][]> {
  const { stdout } = await place.try('ip', '-oneline', 'link', 'show', 'type', 'veth');
  return [...stdout.matchAll(/^(\d+): \S+@if(\d+):/gm)].map(([, near = '', far = '']) => [near, far]);
}

const make: Record<NonNullable<ContainerOptions['via']>, (node: Node, name: string) => Promise<Namespace>> = {
  async name(node, name) {
    await node.run('ip', 'netns', 'add', name);
    return {
      path: `/run/netns/${name}`,
      remove: async () => void (await node.try('ip', 'netns', 'delete', name)),
    };
  },

  async pid(node) {
    const argv = [...node.enter, 'unshare', '--net', 'sh', '-c', 'echo ready; exec cat >/dev/null'];
    const holder = await startHolder(argv, placeEnvironment);
    node.backgrounds.add(holder);
    return {
      path: `/proc/${holder.pid}/ns/net`,
      holder,
      remove: async () => void (await holder.stop('SIGKILL')),
    };
  },

  async bind(node, name) {
    const folder = join(node.dir, 'sandboxes');
    const path = join(folder, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, '');
    await node.run('unshare', `--net=${path}`, 'true');
    return {
      path,
      async remove() {
        await node.try('umount', path);
        rmSync(path, { force: true });
      },
    };
  },
};
