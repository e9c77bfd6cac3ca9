/**
 * A call, parsed once at the edge: environment and standard input in, a typed request out.
 * Nothing deeper reads process.env or stdin, so one process can serve several calls.
 *
 * Source: CNI specification 1.1.0, section 2, "Execution Protocol".
 */

import { CniError, ErrorCode, show } from '../errors.ts';
import { type CniArgs, parseArgs } from './args.ts';
import { type JsonObject, member, parseObject } from './json.ts';
import { parseVersion, type SpecVersion } from './version.ts';

export const commands = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'] as const;
export type Command = (typeof commands)[number];
/** The commands that a plugin itself answers; VERSION is the dispatcher's. */
export type PluginCommand = Exclude<Command, 'VERSION'>;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Request {
  readonly command: PluginCommand;
  /** Version of the config, and so of the result. */
  readonly cniVersion: SpecVersion;
  /** Name of the network; it also names a folder of the data directory. */
  readonly network: string;
  /** Empty for GC and STATUS, as are netns and ifname. */
  readonly containerId: string;
  /** Path of the sandbox as the runtime gave it; may be empty or gone on DEL. */
  readonly netns: string;
  readonly ifname: string;
  readonly args: CniArgs;
  /** Folders in which delegates are looked for. */
  readonly path: readonly string[];
  /** CNI_NETNS_OVERRIDE: the sandbox may be the plugin's own namespace. */
  readonly netnsOverride: boolean;
  /** The config as JSON, keys as they were written. */
  readonly config: JsonObject;
  /** The config's text and the environment, which an executed delegate gets unchanged. */
  readonly stdin: string;
  readonly env: Environment;
}

/** What each command needs (CNI specification, "Parameters" of each operation). */
const needs: Readonly<Record<PluginCommand, readonly string[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
};

/** First version of the specification that has the command. */
const since: Readonly<Partial<Record<PluginCommand, SpecVersion>>> = {
  CHECK: '0.4.0',
  GC: '1.1.0',
  STATUS: '1.1.0',
};

/** @throws CniError 4 for a command that the specification does not have */
export function parseCommand(text: string): Command {
  const command = commands.find((candidate) => candidate === text);
  if (command === undefined) {
    throw invalidEnvironment(`CNI_COMMAND: ${show(text)} is none of ${commands.join(', ')}`);
  }
  return command;
}

/**
 * Environment and config as a request.
 * @throws CniError 1 for the version, 4 for the environment, 6 for what is no JSON, 7 for the network's name
 */
export function parseRequest(command: PluginCommand, env: Environment, stdin: string): Request {
  const missing = needs[command].filter((name) => !env[name]);
  if (missing.length > 0) {
    throw invalidEnvironment(`${command} needs ${missing.join(', ')} in the environment`);
  }
  const { CNI_CONTAINERID: containerId = '', CNI_IFNAME: ifname = '' } = env;
  if (needs[command].includes('CNI_CONTAINERID')) checkContainerId(containerId);
  if (needs[command].includes('CNI_IFNAME')) checkIfname(ifname);

  const config = parseObject(stdin, 'the network config on standard input');
  const cniVersion = parseVersion(member(config, 'cniVersion'));
  const minimum = since[command];
  if (minimum !== undefined && isOlder(cniVersion, minimum)) {
    throw new CniError(
      ErrorCode.incompatibleVersion,
      `${command} needs cniVersion ${minimum} or later, and the config says ${cniVersion}`,
    );
  }
  return {
    command,
    cniVersion,
    network: networkName(member(config, 'name')),
    containerId,
    ifname,
    netns: env['CNI_NETNS'] ?? '',
    args: parseArgs(env['CNI_ARGS'] ?? ''),
    path: (env['CNI_PATH'] ?? '').split(':').filter((folder) => folder !== ''),
    netnsOverride: ['1', 'true'].includes((env['CNI_NETNS_OVERRIDE'] ?? '').toLowerCase()),
    config,
    stdin,
    env,
  };
}

function isOlder(version: SpecVersion, minimum: SpecVersion): boolean {
  // All are three one-digit numbers, so text order is version order.
  return version < minimum;
}

/** The rule of the specification for container IDs and network names. */
const identifier = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

function checkContainerId(id: string): void {
  if (!identifier.test(id) || id.length > 255) {
    throw invalidEnvironment(
      `CNI_CONTAINERID: ${show(id)} must begin with a letter or digit, go on with letters, digits, "_", "." or "-", ` +
        'and have at most 255 characters',
    );
  }
}

/**
 * The name of a network.
 * @throws CniError 7 for a name that the specification does not allow
 */
export function networkName(name: unknown): string {
  if (typeof name !== 'string' || !identifier.test(name) || name.length > 255) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `name: ${show(name)} must begin with a letter or digit, go on with letters, digits, "_", "." or "-", ` +
        'and have at most 255 characters',
    );
  }
  return name;
}

/**
 * Why a text cannot name a network interface, or undefined if it can.
 * The kernel's rule (dev_valid_name, net/core/dev.c), plus what `ip` cannot be given safely: `%` is a pattern to the
 * kernel, `all` and `default` are folders of sysctls, quotes, `#` and `\` are syntax of a batch. All that passes here
 * passes as a word of a batch, too.
 */
export function ifnameFault(name: string): string | undefined {
  const bytes = Buffer.from(name);
  if (bytes.length < 1 || bytes.length > 15) return `has ${bytes.length} bytes, not 1 to 15`;
  if (['.', '..', 'all', 'default'].includes(name)) return 'is a reserved name';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  if (/[\s/:%"'#\\\u0000-\u001f\u007f-\u009f]/u.test(name)) {
    return 'holds white space, a control character or one of / : % " \' # \\';
  }
  // The kernel reads bytes as Latin-1, where A0 is a space: it is the second byte of "à".
  if (bytes.includes(0xa0)) return 'holds a character that is white space to the kernel';
  // The name was cut out of other bytes than these when it was read.
  if (!name.isWellFormed() || name.includes('\ufffd')) return 'is not valid UTF-8';
  return undefined;
}

function checkIfname(name: string): void {
  const fault = ifnameFault(name);
  if (fault !== undefined) throw invalidEnvironment(`CNI_IFNAME: ${show(name)} ${fault}`);
}

function invalidEnvironment(message: string): CniError {
  return new CniError(ErrorCode.invalidEnvironment, message);
}
