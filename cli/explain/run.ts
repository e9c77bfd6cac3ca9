/** What a call of a network would do: its plugins in order, or backwards for DEL. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject, type JsonObject } from '../../lib/cni/json.ts';
import { asCniError, show } from '../../lib/errors.ts';
import type { CliIo } from '../command.ts';
import { CommandError, UsageError } from '../command.ts';
import { type Chain, executionConfig, parseChain } from '../network/chain.ts';
import { findNetwork } from '../network/find.ts';
import { type Call, explainCall, startPlanning } from './call.ts';
import { type Explained, scriptOf, stepsAsJson } from './script.ts';

export interface ExplainOptions {
  readonly command: 'ADD' | 'DEL' | 'CHECK' | 'GC';
  readonly netns: string | undefined;
  readonly container: string | undefined;
  readonly ifname: string;
  readonly network: string | undefined;
  readonly netDir: string;
  readonly binDir: string;
  /** Attachments that GC is to keep, as `ID/IFNAME` or `ID`. */
  readonly keep: readonly string[];
  readonly json: boolean;
}

/** @returns the exit status */
export async function runExplain(options: ExplainOptions, io: CliIo): Promise<number> {
  const chain = chainOf(options);
  const call = callOf(options);
  const explained = await explain(chain, call, options.keep, (line) => io.stderr.write(`${line}\n`));
  io.stdout.write(options.json ? stepsAsJson(explained) : scriptOf(explained));
  return 0;
}

function chainOf({ network, netDir }: ExplainOptions): Chain {
  if (network !== undefined) return findNetwork(network, netDir);
  if (process.stdin.isTTY) {
    throw new UsageError(
      'the network is missing: name one by --network, or give its config on standard input',
    );
  }
  return parseChain('standard input', readFileSync(0, 'utf8'));
}

function callOf({ command, netns: named, container, ifname, binDir }: ExplainOptions): Call {
  const netns = named === undefined || named.includes('/') ? (named ?? '') : `/run/netns/${named}`;
  if (netns === '' && (command === 'ADD' || command === 'CHECK')) {
    throw new UsageError(`--netns PATH is missing: ${command} needs the container's network namespace`);
  }
  return {
    command,
    containerId: container ?? containerOf(netns),
    netns,
    ifname,
    args: process.env['CNI_ARGS'] ?? '',
    path: (process.env['CNI_PATH'] ?? `${binDir}:${dirname(process.execPath)}`)
      .split(':')
      .filter((folder) => folder !== ''),
  };
}

/** An ID for a container that has a namespace alone: its name there, or its process. */
function containerOf(netns: string): string {
  const pid = /^\/proc\/(\d+)\//.exec(netns)?.[1];
  const name = netns.slice(netns.lastIndexOf('/') + 1);
  return pid === undefined ? name || 'none' : `pid-${pid}`;
}

/** @throws CommandError with the plugin's words, where the call would fail */
async function explain(
  chain: Chain,
  call: Call,
  keep: readonly string[],
  warn: (line: string) => void,
): Promise<Explained> {
  using planning = await startPlanning(call.command);
  const version = chain.versions.at(-1) ?? '1.0.0';
  const plugins = call.command === 'DEL' ? chain.plugins.toReversed() : chain.plugins;
  const isLeftOut = call.command === 'CHECK' && chain.disableCheck;
  const capabilityArgs = capabilityArgsOf(process.env['CAP_ARGS']);
  let prevResult = call.command === 'DEL' || call.command === 'CHECK' ? keptResult(chain, call) : undefined;
  for (const plugin of isLeftOut ? [] : plugins) {
    const derived = executionConfig(chain, plugin, version, { prevResult, capabilityArgs });
    const config = call.command === 'GC' ? { ...derived, ...keptBy(keep) } : derived;
    const { result } = await explainCall(planning, call, plugin.type, config, warn);
    if (call.command === 'ADD') prevResult = result;
  }
  return { chain, call, steps: planning.plan.steps, result: call.command === 'ADD' ? prevResult : undefined };
}

function keptBy(keep: readonly string[]): JsonObject {
  if (keep.length === 0) return {};
  const valid = keep.map((text) => {
    const [containerID = '', ifname = 'eth0'] = text.split('/');
    return { containerID, ifname };
  });
  return { 'cni.dev/valid-attachments': valid };
}

/** As cnitool takes them: JSON by capability. */
function capabilityArgsOf(text: string | undefined): JsonObject {
  if (!text) return {};
  const value = parse(text);
  if (isObject(value)) return value;
  throw new CommandError(`CAP_ARGS: ${show(text)}, expected a JSON object`);
}

/** Where libcni, and with it most runtimes, keeps what an ADD has answered. */
const resultsFolder = '/var/lib/cni/results';

function keptResult({ name }: Chain, { containerId, ifname }: Call): JsonObject | undefined {
  try {
    const kept = parse(readFileSync(`${resultsFolder}/${name}-${containerId}-${ifname}`, 'utf8'));
    const result = isObject(kept) ? kept['result'] : undefined;
    return isObject(result) ? result : undefined;
  } catch (error) {
    if (asCniError(error).message.includes('ENOENT')) return undefined;
    throw new CommandError(`${resultsFolder}: ${asCniError(error).message}`, { cause: error });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
