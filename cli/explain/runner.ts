/**
 * The runner of a call that is only told of: what reads is run, what writes becomes a step. Whether a write would go
 * through is asked of whoever can say so without doing it: nft -c, ovsdb-client query, and the links as they would be.
 */
import type { Arg, Runner, RunOptions, RunResult } from '../../lib/exec/runner.ts';
import { linesOf, runBatch } from './batch.ts';
import { callDelegate } from './delegate.ts';
import type { Plan } from './plan.ts';
import { runIptables, runNft } from './rules.ts';
import type { Space } from './spaces.ts';
import { runOvsdbClient } from './switch.ts';

/** A run without what is around it: its lock, its way into a sandbox. */
interface Run {
  readonly program: string;
  readonly args: readonly Arg[];
  readonly space: Space;
  readonly options: RunOptions;
}

export function planningRunner(plan: Plan): Runner {
  return {
    has: plan.runner.has,
    run: (program, args, options = {}) => dispatch(plan, { program, args, space: plan.spaces.node, options }),
  };
}

const done: RunResult = { status: 0, stdout: '', stderr: '' };

async function dispatch(plan: Plan, run: Run): Promise<RunResult> {
  const { program, args, options } = run;
  switch (program) {
    case 'flock':
      // Nobody is to be kept waiting: the lock is not taken.
      return args[0] === '--no-fork' ? dispatch(plan, underLock(run)) : done;
    case 'nsenter':
      return enter(plan, run);
    case 'ip':
    case 'bridge':
    case 'tc':
      return runBatch(plan, {
        program,
        flags: args.filter((arg) => typeof arg === 'string'),
        space: run.space,
        lines: linesOf(options.input ?? ''),
      });
    case 'nft':
      return runNft(plan, args, options);
    case 'ovsdb-client':
      return runOvsdbClient(plan, texts(args), options);
    default:
      if (/^ip6?tables(?:-restore)?$/.test(program)) return runIptables(plan, program, texts(args), options);
      if (program.startsWith('/')) return callDelegate(plan, program, options);
      throw new Error(`explain does not know what ${program} would change`);
  }
}

const texts = (args: readonly Arg[]): string[] => args.filter((arg) => typeof arg === 'string');

const toolOf = (arg: Arg | undefined): string =>
  typeof arg === 'object' ? arg.tool : typeof arg === 'string' ? arg : '';

/** `flock --no-fork … LOCK PROGRAM …`: the program stands where lib/exec/lock.ts has put it. */
function underLock({ args, ...run }: Run): Run {
  const at = args.findIndex((arg) => typeof arg === 'object');
  return { ...run, program: toolOf(args[at]), args: args.slice(at + 1) };
}

/** `nsenter --net=REF -- ip …`, or the shell that sets sysctls first (lib/ip/batch.ts). */
async function enter(plan: Plan, { args, options }: Run): Promise<RunResult> {
  const [net, , tool, ...rest] = args;
  const space = plan.space(String(net).slice('--net='.length));
  if (toolOf(tool) !== 'sh') return dispatch(plan, { program: toolOf(tool), args: rest, space, options });
  const [, , ip, ...settings] = rest;
  for (const setting of texts(settings)) setInside(plan, space, setting);
  return dispatch(plan, { program: toolOf(ip), args: ['-details', '-json', '-batch', '-'], space, options });
}

/** A setting that this kernel does not have for any link is passed over, as the call does. */
function setInside(plan: Plan, space: Space, setting: string): void {
  const at = setting.lastIndexOf('=');
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  const [, family = '', device = '', key = ''] = /^(ipv[46])\/conf\/(.*)\/([^/]+)$/.exec(name) ?? [];
  if (!plan.kernel.exists(`/proc/sys/net/${family}/conf/default/${key}`)) return;
  const why = `${whyOfSysctl[key] ?? key}: ${device}`;
  plan.step({ kind: 'setting', why, netns: space.path, path: `/proc/sys/net/${name}`, value });
}

const whyOfSysctl: Readonly<Record<string, string>> = {
  arp_notify: 'neighbours are told of the address when the link comes up (gratuitous ARP)',
  ndisc_notify:
    'neighbours are told of the address when the link comes up (unsolicited neighbour advertisement)',
  disable_ipv6: 'IPv6 is on',
  keep_addr_on_down: 'IPv6 addresses stay when the link goes down',
  accept_dad: 'whether an IPv6 address waits until it is known to be unique',
  enhanced_dad: 'an own probe that comes back is not taken for a duplicate',
};
