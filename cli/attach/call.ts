/**
 * Runs a network's plugins as a runtime does.
 *
 * Source: CNI specification 1.1.0, sections 2 and 3; libcni for what the specification leaves open.
 */
import { execa } from 'execa';
import { isObject, type JsonObject, parseObject } from '../../lib/cni/json.ts';
import { atLeast, type SpecVersion, supportedVersions } from '../../lib/cni/version.ts';
import { asCniError, ErrorCode } from '../../lib/errors.ts';
import { findInFolders } from '../../lib/exec/folder.ts';
import { CommandError } from '../command.ts';
import { type Chain, type ChainedPlugin, executionConfig } from '../network/chain.ts';
import { isOurs } from './plugins.ts';

/** One container's interface, for all plugins of a chain. */
export interface Call {
  readonly containerId: string;
  /** Path of the namespace; empty where it is gone. */
  readonly netns: string;
  readonly ifname: string;
  /** CNI_PATH. */
  readonly path: string;
  readonly cniArgs?: string | undefined;
  readonly capabilityArgs?: JsonObject | undefined;
  /** The caller's environment; plugins of other projects look for programs in its PATH. */
  readonly env: NodeJS.ProcessEnv;
  /** A lock that a plugin holds, too: one that outlives us keeps the next attach or detach waiting. */
  readonly lock: number;
  /** Told before each plugin is called. */
  readonly onStep?: (plugin: string, command: string) => void;
  /** What plugins say besides their result. */
  readonly onWords?: (text: string) => void;
}

/** A network in the version that its plugins are called in. */
export type VersionedChain = Pick<Chain, 'name' | 'plugins' | 'file'> & { readonly version: SpecVersion };

/**
 * Calls ADD of all plugins in order, each with the result of the one before.
 * @returns what the last one answered, as it printed it
 * @throws CommandError of the first one that fails; what those before it have made is still there
 */
export async function addChain(chain: VersionedChain, call: Call): Promise<JsonObject> {
  let prevResult: JsonObject | undefined;
  for (const plugin of chain.plugins) {
    const stdout = await callPlugin('ADD', chain, plugin, call, prevResult);
    prevResult = readResult(plugin, stdout);
  }
  return prevResult ?? {};
}

/**
 * Calls DEL of all plugins in reverse order, each with the result of the chain, and of all of them whichever fails.
 * @param result of ADD; undefined where there was none. Then a plugin that refuses its config has made nothing by it
 * @throws CommandError of those that failed
 */
export async function delChain(
  chain: VersionedChain,
  call: Call,
  result: JsonObject | undefined,
): Promise<void> {
  // Before 0.4.0, DEL has none.
  const prevResult = atLeast(chain.version, '0.4.0') ? result : undefined;
  const failures: string[] = [];
  for (const plugin of chain.plugins.toReversed()) {
    try {
      await callPlugin('DEL', chain, plugin, call, prevResult);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (result === undefined && isRefusal(error)) continue;
      failures.push(error.message);
    }
  }
  if (failures.length > 0) throw new CommandError(failures.join('\n'));
}

/** A plugin's error, with its code of the specification, section "Error". */
class PluginError extends CommandError {
  readonly code: unknown;

  constructor(message: string, code: unknown) {
    super(message);
    this.code = code;
  }
}

const isRefusal = (error: CommandError): boolean =>
  error instanceof PluginError && error.code === ErrorCode.invalidConfig;

async function callPlugin(
  command: 'ADD' | 'DEL',
  chain: VersionedChain,
  plugin: ChainedPlugin,
  call: Call,
  prevResult: JsonObject | undefined,
): Promise<string> {
  const { type } = plugin;
  call.onStep?.(type, command);
  const file = findInFolders(type, call.path.split(':'));
  if (file === undefined)
    throw new CommandError(`the plugin "${type}" is not in ${call.path}; install it there`);
  const { capabilityArgs } = call;
  const config = executionConfig(chain, plugin, chain.version, { prevResult, capabilityArgs });
  const said = await execa(file, [], {
    input: JSON.stringify(config),
    // The library's types name the first few descriptors only; it takes each.
    stdio: ['pipe', 'pipe', 'pipe', call.lock as 3],
    env: {
      ...withoutCni(call.env),
      CNI_COMMAND: command,
      CNI_CONTAINERID: call.containerId,
      CNI_NETNS: call.netns,
      CNI_IFNAME: call.ifname,
      CNI_PATH: call.path,
      ...(call.cniArgs !== undefined && { CNI_ARGS: call.cniArgs }),
    },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    // Should we be ended, it comes to its own end.
    cleanup: false,
  });
  if (said.exitCode === 0) {
    if (said.stderr !== '') call.onWords?.(said.stderr);
    return said.stdout;
  }
  throw failureOf(type, command, said);
}

function withoutCni(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !key.startsWith('CNI_')));
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly shortMessage?: string | undefined;
}

/** The plugin's error, with the failed command and its words below. */
function failureOf(
  type: string,
  command: string,
  { stdout, stderr, exitCode, signal, shortMessage }: Ended,
): CommandError {
  const error = errorIn(stdout);
  if (error !== undefined) {
    const details = typeof error['details'] === 'string' ? error['details'] : '';
    return new PluginError(
      [`${type}: ${String(error['msg'])}`, ...indented(details)].join('\n'),
      error['code'],
    );
  }
  const end =
    signal ?? (exitCode === undefined ? (shortMessage ?? 'no exit status') : `exit status ${exitCode}`);
  return new CommandError(
    [`${type}: ${command} failed (${end})`, ...indented(`${stderr}\n${stdout}`)].join('\n'),
  );
}

function errorIn(stdout: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(stdout);
    return isObject(value) && typeof value['msg'] === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

const indented = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 20)
    .map((line) => `  ${line}`);

function readResult({ type }: ChainedPlugin, stdout: string): JsonObject {
  try {
    return parseObject(stdout, `the result of ${type}`);
  } catch (error) {
    throw new CommandError(asCniError(error).message, { cause: error });
  }
}

/**
 * The version that a chain is called in: the latest of its own that all of its plugins speak. libcni takes the latest
 * that it speaks itself, and leaves plugins that are older to fail.
 * @throws CommandError where there is none
 */
export async function chooseVersion(
  { versions, plugins, file }: Chain,
  path: string,
  env: NodeJS.ProcessEnv,
): Promise<SpecVersion> {
  const [only, ...more] = versions;
  if (only !== undefined && more.length === 0) return only;
  const types = [...new Set(plugins.flatMap(({ type, ipamType }) => [type, ipamType ?? type]))];
  const spoken = await Promise.all(types.map((type) => versionsOf(type, path, env)));
  const common = versions.filter((version) => spoken.every((list) => list.includes(version)));
  const latest = supportedVersions.findLast((version) => common.includes(version));
  if (latest !== undefined) return latest;
  const lists = types.map((type, index) => `  ${type}: ${spoken[index]?.join(', ')}`);
  throw new CommandError(
    [`${file}: no version of ${versions.join(', ')} is one that all plugins speak`, ...lists].join('\n'),
  );
}

async function versionsOf(type: string, path: string, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const file = findInFolders(type, path.split(':')) ?? type;
  if (isOurs(file)) return supportedVersions;
  const { stdout } = await execa(file, [], {
    input: '{"cniVersion":"1.0.0"}',
    env: { ...withoutCni(env), CNI_COMMAND: 'VERSION' },
    extendEnv: false,
    reject: false,
  });
  try {
    const answer: unknown = JSON.parse(stdout);
    const versions = isObject(answer) ? answer['supportedVersions'] : undefined;
    return Array.isArray(versions) ? versions.map(String) : [];
  } catch {
    return [];
  }
}
