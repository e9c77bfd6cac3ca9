/** Calls one plugin as a runtime does: an executable, CNI_* in its environment, the config on its stdin. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CniResult, interpret, type Printed } from './cni-result.ts';
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

export interface CniOutcome extends Printed {
  /** Exit status, null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: number;
  /** From start to end, as the runtime sees it. */
  readonly milliseconds: number;
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
