/**
 * A network as a runtime (libcni) drives it: a plugin or a chain of plugins, with prevResult handed on, results kept
 * for CHECK and DEL, and runtimeConfig for the capabilities that a plugin asks for.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CniCall, type CniOutcome, type Command, type Config, cni } from './cni.ts';
import { describeOutcome } from './cni-commands.ts';
import type { CniResult } from './cni-result.ts';
import type { Container } from './container.ts';
import type { Node } from './node.ts';
import { binDir as builtDir, referenceDir } from './paths.ts';

/** A network configuration list, as in a .conflist file. */
export interface ConfList extends Config {
  readonly name: string;
  readonly cniVersion?: string;
  readonly plugins: readonly Config[];
}

export interface ChainOptions
  extends Pick<
    CniCall,
    'container' | 'containerId' | 'netns' | 'ifname' | 'args' | 'env' | 'path' | 'strace'
  > {
  /** Capability arguments: each plugin gets those that its `capabilities` ask for. */
  readonly capabilityArgs?: Readonly<Record<string, unknown>>;
  /** The cached result, for CHECK and DEL. */
  readonly prevResult?: CniResult;
  /** For GC. */
  readonly validAttachments?: readonly ValidAttachment[];
}

export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

export interface ChainOutcome {
  readonly ok: boolean;
  /** What the last plugin of an ADD answered. */
  readonly result?: CniResult;
  /** Each call, in the order in which they were made. */
  readonly calls: readonly { readonly type: string; readonly outcome: CniOutcome }[];
  /** The first failure, for people. */
  readonly failure?: string;
}

/**
 * Executes one command of a list: in order, DEL in reverse. It stops at the first failure, but GC goes on.
 */
export async function chain(
  node: Node,
  list: ConfList,
  command: Command,
  options: ChainOptions = {},
): Promise<ChainOutcome> {
  const { capabilityArgs: _args, prevResult, validAttachments: _valid, ...call } = options;
  const path = options.path ?? [builtDir, referenceDir];
  const calls: { type: string; outcome: CniOutcome }[] = [];
  let result = prevResult;
  for (const plugin of command === 'DEL' ? list.plugins.toReversed() : list.plugins) {
    const type = String(plugin['type']);
    const config = configOf(list, plugin, command, { ...options, ...(result && { prevResult: result }) });
    const outcome = await cni(node, { ...call, command, config, path, binDir: folderOf(node, type, path) });
    calls.push({ type, outcome });
    if (outcome.code !== 0 && command !== 'GC') break;
    if (command === 'ADD') result = outcome.result;
  }
  const failed = calls.find(({ outcome }) => outcome.code !== 0);
  if (failed) {
    return {
      ok: false,
      calls,
      failure: `${command} of ${failed.type} failed: ${describeOutcome(failed.outcome)}`,
    };
  }
  return { ok: true, calls, ...(command === 'ADD' && result && { result }) };
}

/** What one plugin of a list gets on its stdin. */
function configOf(list: ConfList, plugin: Config, command: Command, options: ChainOptions): Config {
  const { capabilityArgs, prevResult, validAttachments = [] } = options;
  const whole = {
    ...plugin,
    name: list.name,
    cniVersion: list.cniVersion,
    runtimeConfig: runtimeConfigOf(plugin, capabilityArgs),
    prevResult: prevResult ?? plugin['prevResult'],
    'cni.dev/valid-attachments': command === 'GC' ? validAttachments : undefined,
  };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
}

/** The folder of CNI_PATH that a plugin is in, as the runtime and the node see it. */
function folderOf(node: Node, type: string, path: readonly string[]): string {
  const folder = path.find((one) => existsSync(join(one, type)) || existsSync(node.path(join(one, type))));
  if (folder === undefined) throw new Error(`no plugin ${type} in ${path.join(':')}`);
  return folder;
}

/** The capability arguments that a plugin asks for; a config for a single plugin may hold them already. */
function runtimeConfigOf(plugin: Config, args: Config = {}): unknown {
  const capabilities = plugin['capabilities'];
  if (typeof capabilities !== 'object' || capabilities === null) return plugin['runtimeConfig'];
  const asked = Object.entries(capabilities).filter(([name, wanted]) => wanted === true && name in args);
  if (asked.length === 0) return plugin['runtimeConfig'];
  return Object.fromEntries(asked.map(([name]) => [name, args[name]]));
}

export type AttachOptions = Omit<ChainOptions, 'container' | 'prevResult' | 'validAttachments'>;

/** A network on a node. Each of its functions throws with the plugin's words when the plugin fails. */
export interface Network {
  readonly list: ConfList;
  add(container: Container, options?: AttachOptions): Promise<CniResult>;
  check(container: Container, options?: AttachOptions): Promise<void>;
  del(container: Container, options?: AttachOptions): Promise<void>;
  /** Garbage collection; these containers, each with eth0, or attachments stay. */
  gc(valid?: readonly (Container | ValidAttachment)[]): Promise<void>;
  status(): Promise<void>;
  /** The cached result of an attachment. */
  result(container: Container, ifname?: string): CniResult | undefined;
}

/**
 * @param config a list, or one plugin's config with `name`; cniVersion is 1.0.0 where it says none
 * @param defaults for each call
 */
export function network(node: Node, config: Config, defaults: AttachOptions = {}): Network {
  const list = asList(config);
  const results = new Map<string, CniResult>();
  const keyOf = (container: Container, options: AttachOptions = {}): string =>
    `${options.containerId ?? container.id}/${options.ifname ?? defaults.ifname ?? 'eth0'}`;
  const call = async (command: Command, options: ChainOptions): Promise<ChainOutcome> => {
    const outcome = await chain(node, list, command, { ...defaults, ...options });
    if (!outcome.ok) throw new Error(outcome.failure);
    return outcome;
  };
  const withResult = (container: Container, options: AttachOptions = {}): ChainOptions => {
    const prevResult = results.get(keyOf(container, options));
    return { ...options, container, ...(prevResult === undefined ? {} : { prevResult }) };
  };
  return {
    list,
    async add(container, options) {
      const { result } = await call('ADD', { ...options, container });
      if (result === undefined) throw new Error('ADD ended with 0 and printed no result');
      results.set(keyOf(container, options), result);
      return result;
    },
    async check(container, options) {
      await call('CHECK', withResult(container, options));
    },
    async del(container, options) {
      const gone = container.alive ? {} : { netns: '' };
      await call('DEL', { ...gone, ...withResult(container, options) });
      results.delete(keyOf(container, options));
    },
    async gc(valid = []) {
      const validAttachments = valid.map((one) =>
        'containerID' in one ? one : { containerID: one.id, ifname: 'eth0' },
      );
      await call('GC', { validAttachments });
    },
    async status() {
      await call('STATUS', {});
    },
    result: (container, ifname) => results.get(keyOf(container, ifname === undefined ? {} : { ifname })),
  };
}

function asList(config: Config): ConfList {
  const { name, cniVersion = '1.0.0', plugins } = config;
  if (typeof name !== 'string' || typeof cniVersion !== 'string')
    throw new Error('a network needs a name and a cniVersion');
  if (Array.isArray(plugins)) return { ...config, name, cniVersion, plugins };
  return { name, cniVersion, plugins: [config] };
}
