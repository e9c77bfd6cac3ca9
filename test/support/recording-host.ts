/**
 * A host on which nothing really happens: its runner notes each run and answers as the programs would, out of a
 * made-up kernel. Files are real, in a folder that goes with the host.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../../lib/exec/host.ts';
import * as kernel from '../../lib/exec/kernel.ts';
import type { RunResult } from '../../lib/exec/runner.ts';
import { openNetns } from '../../lib/ip/netns.ts';
import { showQdiscs } from './recording/forms.ts';
import type { Typed } from './recording/grammar.ts';
import { createMachine, hostRef, type Machine, Refusal } from './recording/machine.ts';
import { createSwitch, type Switch } from './recording/ovs.ts';
import { membersOf } from './recording/ovs-schema.ts';
import { parseRun, type RecordedRun, type TypedRun } from './recording/runs.ts';

export type { RecordedRun, TypedRun } from './recording/runs.ts';

export interface RecordingHost extends Host, Disposable {
  /** Every run so far, in order. */
  readonly runs: readonly RecordedRun[];
  /** The same, each read back into what it came from. */
  typedRuns(): readonly TypedRun[];
  readonly machine: Machine;
  /** Its Open vSwitch; without a bridge at first. */
  readonly ovs: Switch;
  /** The host's own folder; everything below is in it. */
  readonly dir: string;
  /** For CNI_PATH: `host-local` is this very executable, `ipam-other` another one. */
  readonly binDir: string;
  /** For host-local; not made yet. */
  readonly dataDir: string;
}

export interface RecordingOptions {
  /** CNI_NETNS that lead to a sandbox; all other paths are looked at as a real host does. */
  readonly sandboxes?: readonly string[];
  /** Answers a run in place of the made-up host, where it returns something. */
  readonly answer?: (run: RecordedRun, typed: TypedRun | undefined) => Partial<RunResult> | undefined;
  /** Programs that are not installed. */
  readonly missing?: readonly string[];
  /** Where the host's folder is made; the temporary folder by default. */
  readonly parent?: string;
}

/** CNI_NETNS of the one sandbox that every recording host has. */
export const sandboxPath = '/run/netns/blue';
/** How the runs name that sandbox. */
export const sandboxRef = '/proc/4194304/fd/10';

export function recordingHost(options: RecordingOptions = {}): RecordingHost {
  const { sandboxes = [sandboxPath], answer, missing = [], parent = tmpdir() } = options;
  const dir = mkdtempSync(join(parent, 'plumbline-host-'));
  const binDir = join(dir, 'bin');
  const executable = join(binDir, 'host-local');
  mkdirSync(binDir);
  for (const name of ['host-local', 'ipam-other']) copyFileSync('/dev/null', join(binDir, name));
  const machine = createMachine();
  const ovs = createSwitch(machine);
  const runs: RecordedRun[] = [];
  /** Read back once, when it is made. */
  const typedRuns: (() => TypedRun)[] = [];
  return {
    runner: {
      has: (program) => !missing.includes(program),
      async run(program, args, runOptions = {}) {
        const run = { program, args, options: runOptions };
        const typed = tryParse(run);
        runs.push(run);
        typedRuns.push(() => typed ?? parseRun(run));
        return {
          status: 0,
          stdout: '',
          stderr: '',
          ...(answer?.(run, typed) ?? answerOf(machine, ovs, typed)),
        };
      },
    },
    kernel: {
      ...machine.kernel,
      list: (path, atMost) =>
        path.startsWith(dir) ? kernel.list(path, atMost) : machine.kernel.list(path).slice(0, atMost),
      exists: (path) => (path.startsWith(dir) ? kernel.exists(path) : machine.kernel.exists(path)),
    },
    runDir: join(dir, 'run'),
    stateDir: join(dir, 'state'),
    executable,
    openNetns(path, mayBeOwn) {
      const index = sandboxes.indexOf(path);
      // For what goes back to the host.
      if (path === '/proc/self/ns/net' && mayBeOwn)
        return { path, ref: hostRef, fd: 9, id: '4:9', [Symbol.dispose]: () => undefined };
      if (index < 0) return openNetns(path, mayBeOwn);
      return {
        path,
        ref: `/proc/4194304/fd/${10 + index}`,
        fd: 10 + index,
        id: `4:${10 + index}`,
        [Symbol.dispose]: () => undefined,
      };
    },
    runs,
    typedRuns: () => typedRuns.map((read) => read()),
    machine,
    ovs,
    dir,
    binDir,
    dataDir: join(dir, 'networks'),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** What cannot be read back is recorded all the same; typedRuns() tells it. */
function tryParse(run: RecordedRun): TypedRun | undefined {
  try {
    return parseRun(run);
  } catch {
    return undefined;
  }
}

function answerOf(machine: Machine, ovs: Switch, typed: TypedRun | undefined): Partial<RunResult> {
  const { action, sandbox } = typed ?? {};
  if (action?.kind === 'ip') {
    return runBatch(machine, action.lines, sandbox?.ref ?? '', action.flags.includes('-force'));
  }
  if (action?.kind === 'ovsdb') return ovs.run(action);
  if (action?.kind === 'tc') return { stdout: action.lines.map((line) => `${limits(ovs, line)}\n`).join('') };
  if (action?.kind === 'command') return answerCommand(action.words);
  return {};
}

/** Limits are in force where the rows ask for them. */
function limits(ovs: Switch, { form, values: { name = '' } }: Typed): string {
  if (form === showQdiscs)
    return JSON.stringify([
      { kind: membersOf(ovs.row('Port', name)?.['qos']).length > 0 ? 'htb' : 'noqueue' },
    ]);
  return JSON.stringify(ovs.row('Interface', name)?.['ingress_policing_rate'] ? [{ kind: 'matchall' }] : []);
}

function runBatch(
  machine: Machine,
  lines: readonly Typed[],
  ref: string,
  force: boolean,
): Partial<RunResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      const document = machine.run(line, ref);
      if (document !== undefined) stdout.push(`${document}\n`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      stderr.push(`${error.message}\nCommand failed -:${index + 1}\n`);
      if (!force) break;
    }
  }
  return { status: stderr.length > 0 ? 1 : 0, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** Each chain has its rules; sets have no elements. */
function answerCommand(words: readonly string[]): Partial<RunResult> {
  if (!words.includes('list')) return {};
  const nftables = words.includes('chain') ? [{ metainfo: {} }, { rule: { handle: 1 } }] : [{ metainfo: {} }];
  return { stdout: JSON.stringify({ nftables }) };
}
