/**
 * The dispatcher: one call from environment and standard input to what is printed, and the exit status.
 *
 * It owns all that is the same for every plugin: versions, validation, the sandbox, the delegate, the error output.
 */
import { asCniError, CniError, ErrorCode } from '../errors.ts';
import { type Host, isOwnNamespaceError, type Netns } from '../exec/host.ts';
import { refuseUnknownArgs } from './args.ts';
import { type BaseConfig, baseConfigSchema, parseByForm } from './config.ts';
import { delegateTo, type InProcess } from './delegate.ts';
import { createLog, type Log, loggingRunner } from './log.ts';
import { plainConfig } from './plain.ts';
import type { AttachmentContext, Context, Plugin, PluginTable } from './plugin.ts';
import { type Environment, parseCommand, parseRequest, type Request } from './request.ts';
import { emptyResult, parseResult, printable, type Result } from './result.ts';
import { currentVersion, type SpecVersion, supportedVersions, versions } from './version.ts';

export interface Outcome {
  /** The result or the error, as JSON; empty for commands that print nothing. */
  readonly stdout: string;
  readonly exitCode: number;
}

export interface ServeOptions {
  readonly plugins: PluginTable;
  readonly host: Host;
  /** Standard input, read when it is known to be needed. */
  readonly stdin: () => string;
  readonly env: Environment;
  /** Takes log lines and the about text. */
  readonly stderr: (line: string) => void;
}

const baseForm = { schema: baseConfigSchema, plain: plainConfig };

/** Answers one call of a plugin. Never throws. */
export async function serve(plugin: Plugin, options: ServeOptions): Promise<Outcome> {
  const { env, stderr } = options;
  if (!env['CNI_COMMAND']) {
    stderr(
      `plumbline ${plugin.name}: ${plugin.about}\nCNI protocol versions supported: ${supportedVersions.join(', ')}`,
    );
    return { stdout: '', exitCode: 0 };
  }
  let version: SpecVersion = currentVersion;
  let debug = false;
  try {
    const command = parseCommand(env['CNI_COMMAND']);
    const stdin = options.stdin();
    if (command === 'VERSION') return { stdout: versions(), exitCode: 0 };
    const request = parseRequest(command, env, stdin);
    version = request.cniVersion;
    const base = parseByForm(baseForm, request.config);
    const log = createLog({
      level: base.logLevel,
      file: base.logFile,
      plugin: plugin.name,
      command,
      containerId: request.containerId,
      stderr,
    });
    debug = log.level === 'debug';
    return await answer({ plugin, request, base, log, ...options });
  } catch (thrown) {
    return failed(thrown, version, debug ? stderr : undefined);
  }
}

async function answer(
  call: ServeOptions & { plugin: Plugin; request: Request; base: BaseConfig; log: Log },
): Promise<Outcome> {
  const { plugin, request, base, log } = call;
  const host =
    log.level === 'debug' ? { ...call.host, runner: loggingRunner(call.host.runner, log) } : call.host;
  log.log('debug', 'called', { network: request.network, ifname: request.ifname, netns: request.netns });
  try {
    // Not for the delegate: a key that it does not know is for the plugin that has called it.
    refuseUnknownArgs(request.args, plugin.args);
    using sandbox = openSandbox(plugin, request, host);
    const result = await execute({ plugin, request, base, host, log, sandbox, plugins: call.plugins });
    log.log('info', 'done');
    return request.command === 'ADD'
      ? printed(printable(result ?? emptyResult, request.cniVersion))
      : { stdout: '', exitCode: 0 };
  } catch (thrown) {
    const { code, message, details } = asCniError(thrown);
    log.log('info', 'failed', { code, error: message, details: details || undefined });
    throw thrown;
  }
}

interface Execution {
  readonly plugin: Plugin;
  readonly request: Request;
  /** What every plugin's config has, read from the request's: a delegate's call is about the same config. */
  readonly base: BaseConfig;
  readonly host: Host;
  readonly log: Log;
  readonly sandbox: Netns | undefined;
  readonly plugins: PluginTable;
  readonly after?: Promise<void> | undefined;
}

/** One command of one plugin, for the caller or, in process, for a plugin that delegates. */
async function execute(execution: Execution): Promise<Result | undefined> {
  const { plugin, request, base, host, log, sandbox } = execution;
  const config = parseByForm(plugin.config, request.config);
  const ipamType = plugin.kind === 'interface' ? base.ipam?.type : undefined;
  const inProcess: InProcess = (type, delegated, after) =>
    executeDelegate(type, delegated, { ...execution, after });
  const context: Context<unknown> = {
    request,
    config,
    host,
    log,
    ipam: ipamType ? delegateTo(ipamType, request, host, inProcess) : undefined,
    prevResult: previousResult(base, request, log),
  };
  const { network, containerId, ifname } = request;
  const attached: AttachmentContext<unknown> = {
    ...context,
    attachment: { network, containerId, ifname },
    sandbox,
    after: execution.after,
  };
  switch (request.command) {
    case 'ADD':
      return add(plugin, attached);
    case 'DEL':
      await plugin.del(attached);
      return undefined;
    case 'CHECK':
      await plugin.check(attached);
      return undefined;
    case 'GC':
      await plugin.gc({ ...context, valid: validAttachments(base) });
      return undefined;
    case 'STATUS':
      await plugin.status(context);
      return undefined;
  }
}

/** DEL takes one that it cannot make sense of for none: it may be a later plugin's, and what is there must go. */
function previousResult({ prevResult }: BaseConfig, { command }: Request, log: Log): Result | undefined {
  if (prevResult === undefined) return undefined;
  try {
    return parseResult(prevResult, 'prevResult');
  } catch (error) {
    if (command !== 'DEL') throw error;
    log.log('warn', 'prevResult is passed over', { error: asCniError(error).message });
    return undefined;
  }
}

async function add(plugin: Plugin, context: AttachmentContext<unknown>): Promise<Result> {
  const result = await plugin.add(context);
  try {
    // A result that the config's version has no room for is a failure, and leaves nothing either.
    printable(result, context.request.cniVersion);
  } catch (error) {
    await plugin.del(context);
    throw error;
  }
  return result;
}

async function executeDelegate(
  type: string,
  request: Request,
  execution: Execution,
): Promise<Result | undefined> {
  const plugin = await execution.plugins(type);
  if (plugin?.kind !== 'ipam') {
    throw new CniError(
      ErrorCode.invalidConfig,
      `ipam.type: "${type}" is no IPAM plugin; use host-local, static, dhcp or another one`,
    );
  }
  return execute({ ...execution, plugin, request, sandbox: undefined });
}

/**
 * The sandbox of a call, open, or undefined where there is none to work in.
 * Refuses the plugin's own namespace before anything is done: once a PID is reused, /proc/PID/ns/net can be the host's.
 */
function openSandbox(plugin: Plugin, request: Request, host: Host): Netns | undefined {
  const { command, netns, netnsOverride } = request;
  if (command === 'GC' || command === 'STATUS' || netns === '') return undefined;
  const mustBeThere = plugin.kind === 'interface' && command !== 'DEL';
  try {
    const sandbox = host.openNetns(netns, netnsOverride);
    if (plugin.kind === 'interface') return sandbox;
    sandbox[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (mustBeThere || isOwnNamespaceError(error)) throw error;
    return undefined;
  }
}

function validAttachments(config: BaseConfig): NonNullable<BaseConfig['cni.dev/valid-attachments']> {
  return config['cni.dev/valid-attachments'] ?? [];
}

function printed(value: unknown): Outcome {
  return { stdout: `${JSON.stringify(value, undefined, 4)}\n`, exitCode: 0 };
}

function failed(
  thrown: unknown,
  cniVersion: SpecVersion,
  trace: ((line: string) => void) | undefined,
): Outcome {
  const error = asCniError(thrown);
  if (trace && thrown instanceof Error && thrown.stack) trace(thrown.stack);
  const { code, message: msg, details } = error;
  const body = details === '' ? { cniVersion, code, msg } : { cniVersion, code, msg, details };
  return { stdout: `${JSON.stringify(body, undefined, 4)}\n`, exitCode: 1 };
}
