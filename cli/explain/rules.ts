/** Rules: nft is asked by `-c` whether it would take a transaction after those before it; iptables' reads are run. */
import { type Arg, INPUT, type RunOptions, type RunResult } from '../../lib/exec/runner.ts';
import type { Plan } from './plan.ts';

const done: RunResult = { status: 0, stdout: '', stderr: '' };

export async function runNft(plan: Plan, args: readonly Arg[], { input }: RunOptions): Promise<RunResult> {
  const words = args.filter((arg) => typeof arg === 'string');
  if (words.includes('list')) return plan.runner.run('nft', args);
  // CHECK's question.
  if (words.includes('-c')) {
    plan.read({ argv: ['nft', '-c', '-f', '-'], input: input ?? '' });
    return plan.runner.run('nft', args, { input: input ?? '' });
  }
  const lines = input ?? `${words.join(' ')}\n`;
  const result = await plan.runner.run('nft', ['-c', '-f', INPUT], {
    input: [...plan.rules, lines].join(''),
  });
  if (result.status !== 0) return result;
  plan.rules.push(lines);
  plan.run(
    input === undefined
      ? {
          argv: ['nft', ...words],
          why: 'the chain of the subnet, which nothing leads to any more',
          mayFail: true,
        }
      : { argv: ['nft', '-f', '-'], input, why: whyOfRules(input) },
  );
  return done;
}

const isRemoval = (text: string): boolean => !/^(?!delete element ).+$/m.test(text);

const purposes = {
  'inet plumbline': "masquerading, so that what leaves the network has the node's address",
  'bridge plumbline':
    "anti-spoofing, so that the port passes on only what comes from its container's MAC address",
} as const;

function whyOfRules(text: string): string {
  const found = Object.entries(purposes).filter(([table]) => text.includes(` ${table} `));
  if (isRemoval(text)) return `rules go: ${found.map(([, what]) => what.replace(/,.*/, '')).join(' and ')}`;
  return found.map(([, what]) => what).join('; ') || 'rules that the reference plugins have made go';
}

export async function runIptables(
  plan: Plan,
  program: string,
  args: readonly string[],
  { input }: RunOptions,
): Promise<RunResult> {
  if (!program.endsWith('-restore')) {
    plan.read({ argv: [program, ...args] });
    return plan.runner.run(program, args);
  }
  plan.run({
    argv: [program, ...args],
    input: input ?? '',
    why: /^-X /m.test(input ?? '')
      ? 'the chain of the container goes, with the jumps to it'
      : 'masquerading: a chain of the container, and a jump to it for each of its addresses',
  });
  return done;
}
