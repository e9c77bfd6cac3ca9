/** The network namespaces of a call: the node's, and those of the sandboxes that it opens. */
import type { Host, Netns } from '../../lib/exec/host.ts';
import { nodeNamespace, type Text } from './text.ts';

export interface Space {
  /** `device:inode`. */
  readonly id: string;
  /** As the call names it; undefined for the node's own. */
  readonly path: string | undefined;
  /** How programs that are run now are given it; undefined for the node's own. */
  readonly ref: string | undefined;
}

export interface Spaces {
  readonly node: Space;
  /** The one that a program is given by `/proc/PID/fd/N`. */
  byRef(ref: string): Space;
  /** As it stands in the script: a name of ip-netns(8) where it has one, else a path. */
  word(ref: string): Text;
  open: Host['openNetns'];
}

export function spacesOf(host: Host): Spaces {
  using own = host.openNetns('/proc/self/ns/net', true);
  const node: Space = { id: own.id, path: undefined, ref: undefined };
  const known = new Map<string, Space>();
  const byRef = (ref: string): Space => known.get(ref) ?? { id: ref, path: ref, ref };
  return {
    node,
    byRef,
    word(ref) {
      const { path } = byRef(ref);
      return path === undefined ? [nodeNamespace] : (netnsName(path) ?? path);
    },
    open(path, mayBeOwn): Netns {
      const netns = host.openNetns(path, mayBeOwn);
      const { id, ref } = netns;
      known.set(ref, id === node.id ? node : { id, path, ref });
      return netns;
    },
  };
}

/** The name by which ip-netns(8) knows a path. */
export function netnsName(path: string): string | undefined {
  return /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(path)?.[1];
}
