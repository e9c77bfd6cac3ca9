/** A network as a runtime runs it: its plugins, in order. */
import { isObject, type JsonObject, member } from '../../lib/cni/json.ts';
import { networkName } from '../../lib/cni/request.ts';
import { parseVersion, type SpecVersion, supportedVersions } from '../../lib/cni/version.ts';
import { asCniError, show } from '../../lib/errors.ts';
import { CommandError } from '../command.ts';
import { isList } from './files.ts';
import { parseSource } from './source.ts';

/** One plugin of a network. */
export interface ChainedPlugin {
  /** Name of its executable. */
  readonly type: string;
  /** Name of its IPAM plugin's. */
  readonly ipamType: string | undefined;
  /** Which keys of runtimeConfig it takes: those that its `capabilities` have as true. */
  readonly capabilities: readonly string[];
  /** Its config as written; name and version are the chain's. */
  readonly written: JsonObject;
}

export interface Chain {
  /** Where it was read, for messages. */
  readonly file: string;
  readonly name: string;
  /** `cniVersion`, and all of `cniVersions` that plumbline speaks; the oldest first, and at least one. */
  readonly versions: readonly SpecVersion[];
  /** At least one, in the order of ADD. */
  readonly plugins: readonly ChainedPlugin[];
  /** Whether the network's file says that CHECK must not be called. */
  readonly disableCheck: boolean;
}

/** What a runtime adds to a plugin's config for one call. */
export interface Additions {
  readonly prevResult?: JsonObject | undefined;
  /** By capability; a plugin gets those that it says it takes. */
  readonly capabilityArgs?: JsonObject | undefined;
}

/** The configs of further plugins of a network, which are in files beside its own. */
export type ReadBeside = (network: string) => readonly unknown[];

/**
 * A network out of a file's text: a list of plugins (.conflist), or one plugin, which becomes a list of one.
 * @param file its name, for messages, and for what it is to hold
 * @throws CommandError with the file, the place and what is wrong
 */
export function parseChain(file: string, text: string, readBeside?: ReadBeside): Chain {
  const source = parseSource(file, text);
  if (!('root' in source)) {
    const [{ line, column, message } = { line: 1, column: 1, message: 'no valid JSON' }] = source;
    throw new CommandError(`${file}:${line}:${column}: ${message}`);
  }
  return chainOf(file, source.value, readBeside);
}

/**
 * A network out of what a file says.
 * @throws CommandError with the file and what is wrong
 */
export function chainOf(file: string, value: unknown, readBeside: ReadBeside = () => []): Chain {
  try {
    return readChain(file, value, readBeside);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${file}: ${asCniError(error).message}`, { cause: error });
  }
}

/**
 * What one plugin of a chain gets on standard input (CNI specification 1.1.0, section 3, "Deriving execution
 * configuration"): the chain's name and version, the result so far, and what of the capability arguments it takes.
 */
export function executionConfig(
  { name }: Pick<Chain, 'name'>,
  { written, capabilities }: ChainedPlugin,
  cniVersion: SpecVersion,
  { prevResult, capabilityArgs = {} }: Additions = {},
): JsonObject {
  const runtimeConfig = Object.fromEntries(
    capabilities.flatMap((key) => (capabilityArgs[key] === undefined ? [] : [[key, capabilityArgs[key]]])),
  );
  return {
    ...written,
    name,
    cniVersion,
    ...(Object.keys(runtimeConfig).length > 0 && { runtimeConfig }),
    ...(prevResult !== undefined && { prevResult }),
  };
}

function readChain(file: string, value: unknown, readBeside: ReadBeside): Chain {
  if (!isObject(value)) throw new CommandError(`${file}: the file must be a JSON object, not ${show(value)}`);
  // Whoever names a file means what is in it, whatever its extension.
  const isOne = !isList(file, value) && member(value, 'type') !== undefined;
  const name = networkName(isOne ? member(value, 'name') : value['name']);
  return {
    file,
    name,
    versions: versionsOf(value),
    plugins: isOne ? [readPlugin(file, value, 'type')] : readPlugins(file, value, () => readBeside(name)),
    disableCheck: isSet(value['disableCheck']),
  };
}

function readPlugins(
  file: string,
  list: JsonObject,
  readBeside: () => readonly unknown[],
): readonly ChainedPlugin[] {
  const inlined = list['plugins'] ?? [];
  if (!Array.isArray(inlined)) {
    throw new CommandError(`${file}: plugins: ${show(inlined)}, expected a list of plugins`);
  }
  const plugins: readonly unknown[] = isSet(list['loadOnlyInlinedPlugins'])
    ? inlined
    : [...inlined, ...readBeside()];
  if (plugins.length === 0)
    throw new CommandError(`${file}: plugins: expected a list of at least one plugin`);
  return plugins.map((plugin, index) => {
    if (isObject(plugin)) return readPlugin(file, plugin, `plugins[${index}].type`);
    throw new CommandError(`${file}: plugins[${index}]: ${show(plugin)}, expected an object`);
  });
}

/** Runtimes take a flag as a text, too. */
const isSet = (flag: unknown): boolean => /^true$/i.test(String(flag));

function readPlugin(file: string, written: JsonObject, field: string): ChainedPlugin {
  const type = member(written, 'type');
  // It is looked for in a folder, which it must not be able to leave.
  if (typeof type !== 'string' || !/^[^/\\\0]+$/.test(type) || type === '.' || type === '..') {
    throw new CommandError(`${file}: ${field}: ${show(type)}, expected the name of a plugin`);
  }
  const capabilities = member(written, 'capabilities');
  return {
    type,
    ipamType: ipamTypeOf(written),
    capabilities: Object.entries(isObject(capabilities) ? capabilities : {})
      .filter(([, isTaken]) => isTaken === true)
      .map(([key]) => key),
    written,
  };
}

/** The name of a config's IPAM plugin; undefined where it has none, or an empty one. */
export function ipamTypeOf(config: JsonObject): string | undefined {
  const ipam = member(config, 'ipam');
  const type = isObject(ipam) ? member(ipam, 'type') : undefined;
  return typeof type === 'string' && type !== '' ? type : undefined;
}

/** Of `cniVersions`, later ones than we speak are for later runtimes. */
function versionsOf(value: JsonObject): readonly SpecVersion[] {
  const list = value['cniVersions'];
  const others: readonly unknown[] = Array.isArray(list) ? list : [];
  const first = member(value, 'cniVersion');
  const said: readonly unknown[] = [
    ...(first === undefined && others.length > 0 ? [] : [parseVersion(first)]),
    ...others,
  ];
  const spoken = supportedVersions.filter((version) => said.includes(version));
  return spoken.length > 0 ? spoken : [parseVersion(said[0])];
}
