/** Calls one plugin as a runtime does: an executable, CNI_* in its environment, the config on its stdin. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container } from './container.ts';
import { attachmentMarks, markOf } from './marks.ts';
import { type Node, uniqueName } from './node.ts';
import { binDir as builtDir, referenceDir, systemPath } from './paths.ts';
import { type ChildProcessTrace, type Effort, effortIn, parseStrace, straceArguments } from './strace.ts';

export type Command = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';

/** A plugin's config. What it holds is for the plugin to judge, so a test may write anything. */
export type Config = Readonly<Record<string, unknown>>;

export interface CniCall {
  /** CNI_COMMAND; left out of the environment where it is ''. */
  readonly command: Command | (string & {});
  /** File name of the executable, or a path; the config's `type` by default. */
  readonly plugin?: string;
  /** stdin: an object is sent as JSON, a string or bytes as they are. */
  readonly config?: Config | string | Uint8Array;
  /** Gives CNI_CONTAINERID and CNI_NETNS. */
  readonly container?: Container;
  /** CNI_CONTAINERID, where it is not the container's. */
  readonly containerId?: string;
  /** CNI_NETNS, where it is not the container's; '' leaves it out. */
  readonly netns?: string;
  /** CNI_IFNAME; `eth0` by default for ADD, DEL and CHECK. */
  readonly ifname?: string;
  /** CNI_ARGS. */
  readonly args?: string | Readonly<Record<string, string>>;
  /** CNI_PATH: a list of folders; the binDir and the reference plugins by default. */
  readonly path?: readonly string[];
  /** More of the environment; undefined takes a variable out, PATH and CNI_* too. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the executable is; dist/bin by default. */
  readonly binDir?: string;
  /** The plugin's working folder; / by default. */
  readonly cwd?: string;
  /** Counts the processes that it makes: see `children` of the outcome. Slows it down about twofold. */
  readonly strace?: boolean;
  /** Counts also what it asks of the kernel: see `effort` of the outcome. Slows it down several times. */
  readonly effort?: boolean;
}

/** A result in any version of the specification. */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces?: readonly CniInterface[];
  readonly ips?: readonly CniIp[];
  readonly routes?: readonly CniRoute[];
  readonly dns?: CniDns;
  /** 0.1.0 and 0.2.0. */
  readonly ip4?: { readonly ip: string; readonly gateway?: string; readonly routes?: readonly CniRoute[] };
  readonly ip6?: { readonly ip: string; readonly gateway?: string; readonly routes?: readonly CniRoute[] };
  /** VERSION. */
  readonly supportedVersions?: readonly string[];
}

export interface CniInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

export interface CniIp {
  readonly address: string;
  readonly gateway?: string;
  readonly interface?: number;
  readonly version?: '4' | '6';
}

export interface CniRoute {
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

export interface CniDns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

export interface CniFailure {
  readonly cniVersion?: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

export interface CniOutcome {
  /** Exit status, null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: number;
  /** From start to end, as the runtime sees it. */
  readonly milliseconds: number;
  /** stdout's JSON, where it is JSON. */
  readonly json?: unknown;
  /** stdout as a result, where the exit status is 0 and there is any. */
  readonly result?: CniResult;
  /** stdout as an error, where the exit status is not 0. */
  readonly error?: CniFailure;
  /** With `strace`: the processes it made, in order; threads are not among them, and an exec chain is one. */
  readonly children?: readonly ChildProcessTrace[];
  /** With `effort`: what it and its children have asked of the kernel. */
  readonly effort?: Effort;
}

export interface CniProcess {
  /** The plugin's own process id. */
  readonly pid: number;
  /** Kills the plugin (and not its children) with SIGKILL; nothing happens where it has ended. */
  kill9(): void;
  /** Settles when it has ended and its output is read to the end; after kill9 as soon as it has ended. */
  readonly done: Promise<CniOutcome>;
}

/** Calls a plugin in a node and waits for its end. Whatever it answers is an outcome, not an exception. */
export async function cni(node: Node, call: CniCall): Promise<CniOutcome> {
  return startCni(node, call).done;
}

/** Starts a call, to be killed in its course. */
export function startCni(node: Node, call: CniCall): CniProcess {
  const folder = call.binDir ?? builtDir;
  const plugin = call.plugin ?? typeOf(call.config);
  const trace = call.strace || call.effort ? join(node.dir, `strace-${uniqueName()}`) : undefined;
  const executable = plugin.includes('/') ? plugin : join(folder, plugin);
  const argv =
    trace === undefined
      ? [executable]
      : [...straceArguments(trace, call.effort ? 'work' : 'processes'), executable];
  const [nsenter = '', ...enter] = node.enter;
  const enterAt = call.cwd === undefined ? enter : [`--wdns=${call.cwd}`, ...enter];
  if (call.containerId) node.marks.add(markOf(call.containerId));

  const started = performance.now();
  // nsenter becomes the plugin by exec, so the child's id is the plugin's (with strace: strace's).
  const child = spawn(nsenter, [...enterAt, ...argv], { env: environmentOf(call, folder), stdio: 'pipe' });
  const { promise, resolve, reject } = Promise.withResolvers<CniOutcome>();
  let stdout = '';
  let stderr = '';
  let killed = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  // A plugin that ends before it has read all of its stdin is no fault of the test.
  child.stdin.on('error', () => {});
  child.stdin.end(stdinOf(call.config));
  const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
    const pid = child.pid ?? 0;
    const milliseconds = performance.now() - started;
    const outcome = { code, signal, stdout, stderr, pid, milliseconds, ...interpret(code, stdout) };
    const traced = trace === undefined ? {} : readTrace(readFileSync(trace, 'utf8'), call);
    if (outcome.result) addMarks(node, call, outcome.result);
    resolve({ ...outcome, ...traced });
  };
  child.on('error', reject);
  child.on('close', finish);
  child.on('exit', (code, signal) => {
    // Children of a killed plugin may hold its output open for a while: that is not waited for.
    if (!killed) return;
    child.stdout.destroy();
    child.stderr.destroy();
    finish(code, signal);
  });
  return {
    get pid() {
      if (child.pid === undefined) throw new Error(`${nsenter} did not start`);
      return child.pid;
    },
    kill9() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      killed = true;
      child.kill('SIGKILL');
    },
    done: promise,
  };
}

function readTrace(text: string, { effort }: CniCall): Pick<CniOutcome, 'children' | 'effort'> {
  return { children: parseStrace(text), ...(effort ? { effort: effortIn(text) } : {}) };
}

type Shortcut = Omit<CniCall, 'command'>;

/** @throws with the plugin's words, when it fails; so do the next ones */
export async function add(node: Node, call: Shortcut): Promise<CniResult> {
  const { result } = await succeed(node, { ...call, command: 'ADD' });
  if (result === undefined) throw new Error('ADD ended with 0 and printed no result');
  return result;
}

export async function del(node: Node, call: Shortcut): Promise<void> {
  await succeed(node, { ...call, command: 'DEL' });
}

export async function check(node: Node, call: Shortcut): Promise<void> {
  await succeed(node, { ...call, command: 'CHECK' });
}

export async function gc(node: Node, call: Shortcut): Promise<void> {
  await succeed(node, { ...call, command: 'GC' });
}

export async function status(node: Node, call: Shortcut): Promise<void> {
  await succeed(node, { ...call, command: 'STATUS' });
}

export async function version(node: Node, call: Shortcut): Promise<readonly string[]> {
  const { result } = await succeed(node, { ...call, command: 'VERSION' });
  return result?.supportedVersions ?? [];
}

/** Calls a plugin that must succeed. */
export async function succeed(node: Node, call: CniCall): Promise<CniOutcome> {
  const outcome = await cni(node, call);
  if (outcome.code !== 0) throw new Error(`${call.command} failed: ${describeOutcome(outcome)}`);
  return outcome;
}

/**
 * Calls a plugin that must fail, with an error as the specification wants it.
 * @param expected the error's code, and what its msg or details say
 */
export async function expectFailure(
  node: Node,
  call: CniCall,
  expected: { readonly code?: number; readonly says?: RegExp } = {},
): Promise<CniFailure> {
  const outcome = await cni(node, call);
  const { error } = outcome;
  const asExpected =
    error !== undefined &&
    (expected.code === undefined || error.code === expected.code) &&
    (expected.says === undefined || expected.says.test(`${error.msg}\n${error.details ?? ''}`));
  if (asExpected) return error;
  const wanted = [expected.code === undefined ? '' : `code ${expected.code}`, expected.says ?? ''].filter(
    Boolean,
  );
  throw new Error(
    `${call.command} should fail with ${wanted.join(' and ') || 'an error'}: ${describeOutcome(outcome)}`,
  );
}

export function describeOutcome({ code, signal, stdout, stderr, error }: CniOutcome): string {
  const how = signal === null ? `exit status ${code}` : signal;
  const said =
    error === undefined
      ? stdout
      : `error ${error.code}: ${error.msg}${error.details ? `\n${error.details}` : ''}`;
  return [how, said, stderr].filter(Boolean).join('\n');
}

/** The address of a family in a result, without its prefix. */
export function addressIn(result: CniResult, family: 4 | 6 = 4): string {
  const old = family === 4 ? result.ip4?.ip : result.ip6?.ip;
  const found =
    old ??
    result.ips?.map(({ address }) => address).find((address) => address.includes(':') === (family === 6));
  if (found === undefined) throw new Error(`no IPv${family} address in ${JSON.stringify(result)}`);
  return found.replace(/\/\d+$/, '');
}

function environmentOf(call: CniCall, folder: string): NodeJS.ProcessEnv {
  const { command, container, args } = call;
  const attaches = command === 'ADD' || command === 'DEL' || command === 'CHECK';
  const env: Record<string, string | undefined> = {
    PATH: systemPath,
    CNI_COMMAND: command || undefined,
    CNI_CONTAINERID: call.containerId ?? container?.id,
    CNI_NETNS: (call.netns ?? container?.path) || undefined,
    CNI_IFNAME: call.ifname ?? (attaches ? 'eth0' : undefined),
    CNI_ARGS: args === undefined || typeof args === 'string' ? args : formatArgs(args),
    CNI_PATH: (call.path ?? [folder, referenceDir]).join(':'),
    ...call.env,
  };
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}

export function formatArgs(args: Readonly<Record<string, string>>): string {
  return Object.entries(args)
    .map(([key, value]) => `${key}=${value}`)
    .join(';');
}

function stdinOf(config: CniCall['config']): string | Uint8Array {
  if (config === undefined) return '';
  return typeof config === 'string' || config instanceof Uint8Array ? config : JSON.stringify(config);
}

function typeOf(config: CniCall['config']): string {
  const type = fieldOfConfig(config, 'type');
  if (type === undefined) throw new Error('say which plugin to call: the config has no type');
  return type;
}

function interpret(code: number | null, stdout: string): Pick<CniOutcome, 'json' | 'result' | 'error'> {
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch {
    return {};
  }
  if (typeof json !== 'object' || json === null) return { json };
  if (code === 0) return { json, result: json as CniResult };
  return 'code' in json && 'msg' in json ? { json, error: json as CniFailure } : { json };
}

/** Notes all by which the attachment could be named, so that the leak check can look for it. */
function addMarks(node: Node, call: CniCall, { ips = [], ip4, ip6, interfaces = [] }: CniResult): void {
  const containerId = call.containerId ?? call.container?.id;
  const network = fieldOfConfig(call.config, 'name');
  const addresses = [...ips.map(({ address }) => address), ip4?.ip, ip6?.ip].filter(
    (address) => address !== undefined,
  );
  const marks = [
    ...(containerId === undefined || network === undefined
      ? []
      : attachmentMarks(network, containerId, call.ifname ?? 'eth0')),
    ...addresses.map((address) => address.replace(/\/\d+$/, '')),
    ...interfaces.filter(({ sandbox }) => sandbox).flatMap(({ mac }) => mac || []),
  ];
  for (const mark of marks) node.marks.add(mark);
}

function fieldOfConfig(config: CniCall['config'], field: string): string | undefined {
  const value = typeof config === 'object' && !(config instanceof Uint8Array) ? config[field] : undefined;
  return typeof value === 'string' ? value : undefined;
}
