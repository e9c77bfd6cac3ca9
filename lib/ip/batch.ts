/** Runs batches of `ip`: on the host, under a lock where they change something shared, and inside a sandbox. */
import { CniError, ErrorCode } from '../errors.ts';
import type { Host, Netns } from '../exec/host.ts';
import { type HeldLock, runUnderLock } from '../exec/lock.ts';
import { type Arg, type CommandLine, INPUT, type RunOptions, type RunResult } from '../exec/runner.ts';
import { batchText, type Command } from './command.ts';
import { parseDocument } from './document.ts';

export interface BatchOptions {
  /** A lock (lock.ts) that the child takes first, and holds as long as it lives. */
  readonly lock?: string;
  /** A lock that this call holds, for the child to hold too. */
  readonly holding?: HeldLock;
  /** Go on after a failed line; the failures come back instead of being thrown. */
  readonly force?: boolean;
  /** Of {@link RunOptions}: each read among the commands prints when those before it have been carried out. */
  readonly beside?: RunOptions['beside'];
  /** `bridge` for its own objects (VLANs, FDB), `tc` for traffic control. */
  readonly program?: 'ip' | 'bridge' | 'tc';
}

/** What a failed batch says: which line, and ip's own words. */
export class IpError extends CniError {
  /** Index of the command that failed; those before it were carried out. -1 where none was. */
  readonly failed: number;
  /** The kernel's or ip's reason, as it says it: `RTNETLINK answers: File exists`. */
  readonly reason: string;
  private readonly command: string;

  constructor(reason: string, failed: number, command: string) {
    super(ErrorCode.commandFailed, `"${command}" failed: ${reason}`, `${command}\n${reason}`);
    this.name = 'IpError';
    this.failed = failed;
    this.reason = reason;
    this.command = command;
  }

  /** The same failure, counted from another place of the batch. */
  at(failed: number): IpError {
    return new IpError(this.reason, failed, this.command);
  }
}

/** Reasons that a caller tells apart; iproute2 prints strerror(3) of netlink's answer, or the kernel's own text. */
const reasons = {
  exists: /File exists|already exists|already assigned|Unable to use '.*' for the new interface name/i,
  missing:
    /Cannot find device|No such device|does not exist|No such file|Cannot assign requested|No such process|not found/i,
  busy: /Device or resource busy/i,
  inUse: /Address already in use/i,
  invalid: /Invalid argument/i,
  unsupported: /Unknown device type|Operation not supported/i,
} as const;

export function isIpError(error: unknown, reason?: keyof typeof reasons): error is IpError {
  return error instanceof IpError && (reason === undefined || reasons[reason].test(error.reason));
}

/**
 * Of a deletion: between a look at a link and its deletion, the kernel may take it away together with its sandbox.
 * @returns whether it was there
 * @throws what the deletion throws for any other reason
 */
export async function wasThere(deletion: Promise<unknown>): Promise<boolean> {
  try {
    await deletion;
    return true;
  } catch (error) {
    if (isIpError(error, 'missing')) return false;
    throw error;
  }
}

/**
 * Carries out commands in the plugin's own namespace, in one child.
 * @returns what the reads among them print: one JSON document each, in their order
 * @throws IpError at the first command that fails
 */
export async function ipBatch(
  host: Host,
  commands: readonly Command[],
  options: BatchOptions = {},
): Promise<unknown[]> {
  const { lock, holding, force = false, program = 'ip', beside } = options;
  const flags = program === 'ip' ? ['-details', '-json'] : ['-json'];
  const line: CommandLine = [program, [...flags, ...(force ? ['-force'] : []), '-batch', INPUT]];
  const result = await runUnderLock(host.runner, lock, line, {
    input: batchText(commands),
    inherit: holding === undefined ? [] : [holding.fd],
    ...(beside && { beside }),
  });
  if (result.status !== 0 && !force) throw failure(program, commands, result);
  return documents(result.stdout);
}

/** A sysctl below /proc/sys/net: `ipv6/conf/eth0/accept_dad`. */
export type Sysctl = readonly [name: string, value: string];

/**
 * The only text that a shell gets. Its data are positional arguments: ip's path is $0, then one name=value each.
 * A sysctl that this kernel does not have is passed over: keep_addr_on_down, ndisc_notify, all of IPv6.
 */
const enterScript = [
  'for setting do',
  // At the last "=": an interface's name, and so a sysctl's, may hold one; a value does not.
  '  file=/proc/sys/net/$' + '{setting%=*}',
  '  if [ -e "$file" ]; then printf %s "$' + '{setting##*=}" > "$file"; fi',
  'done',
  'exec "$0" -details -json -batch -',
].join('\n');

export interface SandboxOptions {
  /** Set before the commands are carried out. */
  readonly sysctls?: readonly Sysctl[];
  /** Go on after a failed line. */
  readonly force?: boolean;
  readonly lock?: string;
}

/**
 * Sets sysctls and carries out commands inside a sandbox, in one child.
 * @throws IpError at the first command that fails
 */
export async function ipInSandbox(
  host: Host,
  sandbox: Netns,
  commands: readonly Command[],
  options: SandboxOptions = {},
): Promise<unknown[]> {
  const { sysctls = [], force = false, lock } = options;
  const enter: Arg[] = [`--net=${sandbox.ref}`, '--'];
  const flags = ['-details', '-json', ...(force ? ['-force'] : []), '-batch', '-'];
  const settings = sysctls.map(([name, value]) => `${name}=${value}`);
  const line: CommandLine =
    settings.length === 0
      ? ['nsenter', [...enter, { tool: 'ip' }, ...flags]]
      : ['nsenter', [...enter, { tool: 'sh' }, '-ec', enterScript, { tool: 'ip' }, ...settings]];
  // A child that waits for a lock is not in the sandbox yet: it would keep that alive, and outlive us with its batch.
  const result = await runUnderLock(host.runner, lock, line, { input: batchText(commands) }, (given) =>
    startWithin(host, sandbox, sysctls, () => host.runner.run('ip', flags, given)),
  );
  if (result.status !== 0 && !(force && sysctls.length === 0))
    throw sandboxFailure(sandbox, commands, result);
  return documents(result.stdout);
}

/**
 * Where the runtime can enter the sandbox itself, neither nsenter nor a shell is needed.
 * @param start  has started a program when it returns: its end is waited for elsewhere
 * @returns undefined where it cannot enter, or a sysctl is refused: a child is, too, and says why
 */
function startWithin(
  { runner, kernel }: Host,
  sandbox: Netns,
  sysctls: readonly Sysctl[],
  start: () => Promise<RunResult>,
): Promise<RunResult> | undefined {
  try {
    return runner.within?.(sandbox.fd, () => {
      for (const [name, value] of sysctls) {
        const file = `/proc/sys/net/${name}`;
        if (kernel.exists(file)) kernel.write(file, value);
      }
      return start();
    });
  } catch {
    return undefined;
  }
}

function sandboxFailure(sandbox: Netns, commands: readonly Command[], result: RunResult): CniError {
  if (/^nsenter: /m.test(result.stderr)) {
    return new CniError(
      ErrorCode.invalidNetns,
      `the network namespace ${sandbox.path} cannot be entered: ${result.stderr.trim()}`,
    );
  }
  return failure(`nsenter --net=${sandbox.path} ip`, commands, result);
}

function failure(program: string, commands: readonly Command[], { status, stderr }: RunResult): IpError {
  const line = /^Command failed .*:(\d+)$/m.exec(stderr)?.[1];
  const failed = line === undefined ? -1 : Number(line) - 1;
  const reason = stderr
    .split('\n')
    .filter((text) => text.trim() !== '' && !text.startsWith('Command failed '))
    .join('; ');
  const command = commands[failed]?.join(' ') ?? '-batch';
  return new IpError(reason || `exit status ${status}`, failed, `${program} ${command}`);
}

/** ip prints one JSON document a read, each on a line of its own. */
function documents(stdout: string): unknown[] {
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseDocument);
}
