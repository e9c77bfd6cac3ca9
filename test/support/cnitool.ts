/** Calls the reference runtime's own command, cnitool. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, formatArgs } from './cni.ts';
import type { CniResult } from './cni-result.ts';
import type { Container } from './container.ts';
import type { Node } from './node.ts';
import { binDir as builtDir, findBuilt, referenceDir } from './paths.ts';

export interface CnitoolCall {
  readonly command: 'add' | 'check' | 'del' | 'gc' | 'status';
  /** What is put into the node's net.d, alone: a list (with `plugins`) or one plugin's config. Its name is called. */
  readonly config: Config;
  readonly container?: Container;
  /** The path of the namespace, where it is not the container's; cnitool wants one in any case. */
  readonly netns?: string;
  readonly ifname?: string;
  readonly args?: string | Readonly<Record<string, string>>;
  readonly capabilityArgs?: Readonly<Record<string, unknown>>;
  /** CNI_PATH: dist/bin and the reference plugins by default. */
  readonly path?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface CnitoolOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly result?: CniResult;
}

/** Runs cnitool in a node; whatever it answers is an outcome. Its cache is the node's /var/lib/cni. */
export async function tryCnitool(node: Node, call: CnitoolCall): Promise<CnitoolOutcome> {
  const tool = findBuilt('cnitool');
  if (tool === undefined) throw new Error('cnitool is not installed: see CONTRIBUTING.md');
  const name = call.config['name'];
  if (typeof name !== 'string') throw new Error('cnitool calls a network by its name: the config has none');
  const folder = join(node.dir, 'net.d');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const file = 'plugins' in call.config ? '10-test.conflist' : '10-test.conf';
  writeFileSync(join(folder, file), JSON.stringify(call.config, undefined, 2));
  const netns = call.netns ?? call.container?.path ?? '/run/netns/none';
  node.marks.add(cnitoolContainerId(netns));
  const outcome = await node.exec([tool, call.command, name, netns], {
    env: {
      NETCONFPATH: folder,
      CNI_PATH: (call.path ?? [builtDir, referenceDir]).join(':'),
      ...(call.ifname === undefined ? {} : { CNI_IFNAME: call.ifname }),
      ...(call.args === undefined
        ? {}
        : { CNI_ARGS: typeof call.args === 'string' ? call.args : formatArgs(call.args) }),
      ...(call.capabilityArgs === undefined ? {} : { CAP_ARGS: JSON.stringify(call.capabilityArgs) }),
      ...call.env,
    },
  });
  if (call.command !== 'add' || outcome.code !== 0) return outcome;
  return { ...outcome, result: JSON.parse(outcome.stdout) as CniResult };
}

/** Runs cnitool, which must succeed; an `add` gives its result. */
export async function cnitool(
  node: Node,
  call: CnitoolCall & { readonly command: 'add' },
): Promise<CniResult>;
export async function cnitool(node: Node, call: CnitoolCall): Promise<undefined>;
export async function cnitool(node: Node, call: CnitoolCall): Promise<CniResult | undefined> {
  const { code, stdout, stderr, result } = await tryCnitool(node, call);
  if (code !== 0) throw new Error(`cnitool ${call.command} failed: exit status ${code}\n${stderr}${stdout}`);
  return result;
}

/** The container ID that cnitool makes of a namespace's path. */
export function cnitoolContainerId(netns: string): string {
  return `cnitool-${createHash('sha512').update(netns).digest('hex').slice(0, 20)}`;
}
