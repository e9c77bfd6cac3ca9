/** A place is a set of namespaces in which a test runs programs: a node, a container, the outside. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Background, startBackground } from './background.ts';
import { pace } from './pace.ts';
import { systemPath } from './paths.ts';

export interface Outcome {
  /** Exit status; 128 + number where a signal ended the program, as a shell tells it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Text for the program's stdin; empty by default. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout?: number;
}

export interface Place {
  readonly name: string;
  /** The command line that enters the place; what follows it is run there by exec, so it keeps the process id. */
  readonly enter: readonly string[];
  /**
   * Runs a program in the place.
   * @returns its stdout, without the last newline
   * @throws with the command line and what it printed, when it fails
   */
  run(program: string, ...args: readonly string[]): Promise<string>;
  /** Runs a program and never throws. */
  try(program: string, ...args: readonly string[]): Promise<Outcome>;
  /** Runs a command line and never throws. */
  exec(argv: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Runs a shell script, under `sh -e`. */
  sh(script: string): Promise<string>;
  /** Runs lines of `ip` in one process: `link set lo up`. */
  batch(lines: string): Promise<string>;
  /** Runs nft with a command or a file's text. */
  nft(text: string): Promise<string>;
  /** What `ip -json ...` tells: `await node.ip('addr show dev cni0')`; an empty list where it prints nothing. */
  ip(command: string): Promise<readonly IpObject[]>;
  /** The link of this name, or undefined. */
  link(name: string): Promise<IpObject | undefined>;
  /** Addresses with prefix, without loopback and link-local ones: `['10.22.0.2/24', 'fd00::2/64']`. */
  addresses(device?: string): Promise<readonly string[]>;
  /** Value of a setting: `net/ipv4/ip_forward`. */
  sysctl(name: string): Promise<string>;
  /** Whether an address answers. */
  ping(address: string, options?: PingOptions): Promise<boolean>;
  /** Starts a program that runs until it is stopped, at the latest when the place goes. */
  start(program: string, ...args: readonly string[]): Background;
}

export interface PingOptions {
  /** Packets, 0.2 s apart; one answer will do. 1 by default. */
  readonly count?: number;
  /** Seconds to wait for an answer; 1 by default. */
  readonly timeout?: number;
  /** Source address or interface. */
  readonly from?: string;
}

/** What ip tells of a link, an address, a route or a rule. */
export interface IpObject {
  readonly ifname?: string;
  readonly ifindex?: number;
  readonly link?: string;
  readonly flags?: readonly string[];
  readonly mtu?: number;
  readonly master?: string;
  readonly operstate?: string;
  readonly address?: string;
  readonly ifalias?: string;
  readonly altnames?: readonly string[];
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: Readonly<Record<string, unknown>>;
    readonly info_slave_kind?: string;
    readonly info_slave_data?: Readonly<Record<string, unknown>>;
  };
  readonly addr_info?: readonly IpAddress[];
  readonly type?: string;
  readonly dst?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly scope?: string;
  readonly prefsrc?: string;
  readonly table?: string;
  readonly metric?: number;
  readonly metrics?: readonly Readonly<Record<string, number>>[];
  readonly nexthops?: readonly unknown[];
  /** Of a neighbour or an entry of a bridge's table. */
  readonly state?: string;
}

export interface IpAddress {
  readonly family: 'inet' | 'inet6';
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly broadcast?: string;
  readonly label?: string;
  readonly dynamic?: boolean;
  readonly temporary?: boolean;
  readonly tentative?: boolean;
}

/** The environment of whatever runs in a place. */
export const placeEnvironment: Readonly<Record<string, string>> = {
  PATH: systemPath,
  LC_ALL: 'C',
  HOME: '/root',
};

/** Programs that tests leave running; a place's owner ends them. */
export type Backgrounds = Set<Background>;

export function makePlace(name: string, enter: readonly string[], backgrounds: Backgrounds): Place {
  const exec: Place['exec'] = (argv, options) => runProgram([...enter, ...argv], options);
  const insist = async (argv: readonly string[], options?: RunOptions): Promise<string> => {
    const { code, stdout, stderr } = await exec(argv, options);
    if (code !== 0) throw new Error(`in ${name}: ${argv.join(' ')}: exit status ${code}\n${stderr}${stdout}`);
    return stdout;
  };
  const ip: Place['ip'] = async (command) => {
    const stdout = await insist(['ip', '-json', ...command.split(/\s+/).filter(Boolean)]);
    const parsed: unknown = stdout === '' ? [] : JSON.parse(stdout);
    // ip prints {} for each object that a filter leaves out.
    return Array.isArray(parsed) ? parsed.filter(isIpObject) : [];
  };
  return {
    name,
    enter,
    exec,
    run: (program, ...args) => insist([program, ...args]),
    try: (program, ...args) => exec([program, ...args]),
    sh: (script) => insist(['sh', '-ec', script]),
    batch: (lines) => insist(['ip', '-batch', '-'], { input: `${lines}\n` }),
    nft: (text) => insist(['nft', '-f', '-'], { input: `${text}\n` }),
    ip,
    link: async (device) =>
      (await ip('-details link show')).find(
        ({ ifname, altnames }) => ifname === device || altnames?.includes(device) === true,
      ),
    addresses: async (device) =>
      (await ip(`address show ${device === undefined ? '' : `dev ${device}`}`))
        .flatMap((link) => link.addr_info ?? [])
        .filter(({ scope }) => scope !== 'host' && scope !== 'link')
        .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    sysctl: (setting) => insist(['cat', `/proc/sys/${setting}`]),
    ping: async (address, { count = 1, timeout = 1, from } = {}) => {
      const source = from === undefined ? [] : ['-I', from];
      const args = ['-n', '-q', '-c', `${count}`, '-i', '0.2', '-W', `${timeout}`, ...source, address];
      return (await exec(['ping', ...args])).code === 0;
    },
    start: (program, ...args) => {
      const started = startBackground([...enter, program, ...args], placeEnvironment);
      backgrounds.add(started);
      return started;
    },
  };
}

/**
 * Runs a program to its end, and never throws. Not by execa: an emulated processor takes longer for what execa does
 * about a child than for the child, and tests start thousands of them.
 */
function runProgram(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { input = '', env, timeout } = options;
  const [program = '', ...args] = argv;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const child = spawn(program, args, {
    env: { ...placeEnvironment, ...env },
    stdio: [input === '' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(timeout === undefined ? {} : { timeout }),
  });
  const printed = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.on('data', (chunk: Buffer) => printed[stream].push(chunk));
  // A program may end before it has read all of it.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const told = (stream: 'stdout' | 'stderr'): string =>
    Buffer.concat(printed[stream]).toString().replace(/\n$/, '');
  child.on('error', ({ message }) => resolve({ code: 128, stdout: told('stdout'), stderr: message }));
  child.on('close', (code, signal) => {
    const ended = signal === null ? '' : `${program} was ended by ${signal}`;
    const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    resolve({ code: status, stdout: told('stdout'), stderr: told('stderr') || ended });
  });
  return promise;
}

function isIpObject(value: unknown): value is IpObject {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/**
 * Calls a function until it tells true, 50 ms apart.
 * @param within milliseconds after which it gives up; longer in the virtual machine
 */
export async function eventually(holds: () => Promise<boolean>, within = 3_000): Promise<boolean> {
  const end = performance.now() + within * pace;
  for (;;) {
    if (await holds()) return true;
    if (performance.now() >= end) return false;
    await sleep(50);
  }
}
