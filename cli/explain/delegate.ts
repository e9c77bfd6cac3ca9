/**
 * IPAM plugins of other projects. None can be asked for an address without giving one, so their calls are steps, and an
 * address of the documentation's own (RFC 5737) stands for what they would answer. `static` only repeats its config: it
 * is asked.
 */
import { basename } from 'node:path';
import type { RunOptions, RunResult } from '../../lib/exec/runner.ts';
import type { Plan } from './plan.ts';

/** What stands for the answer of an IPAM plugin that cannot be asked. */
export const placeholder = { address: '192.0.2.2/24', gateway: '192.0.2.1' } as const;

export async function callDelegate(
  plan: Plan,
  program: string,
  { input, env }: RunOptions,
): Promise<RunResult> {
  const command = env?.['CNI_COMMAND'] ?? '';
  const name = basename(program);
  if (name === 'static' && command === 'ADD')
    return plan.runner.run(program, [], { input: input ?? '', env: env ?? {} });
  const what = {
    ADD: 'an address is asked of',
    DEL: 'the address goes back to',
    CHECK: 'is the address still held by',
  };
  const planned = {
    argv: [program],
    input: input ?? '',
    env: callEnvironment({ ...env }),
    why: `${what[command as keyof typeof what] ?? command} the IPAM plugin ${name}`,
  };
  if (command === 'CHECK') plan.read(planned);
  else plan.run(planned);
  if (command !== 'ADD') return { status: 0, stdout: '', stderr: '' };
  plan.step({
    kind: 'stop',
    why: `From here on the answer of ${name} decides: ${placeholder.address} and the gateway ${placeholder.gateway} stand for it. Put its own addresses and routes in their place, and take the next line away.`,
  });
  const answer = { cniVersion: '1.0.0', ips: [placeholder], routes: [], dns: {} };
  return { status: 0, stdout: JSON.stringify(answer), stderr: '' };
}

/** What a plugin is called by, and nothing else of the caller's. */
export function callEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const names = ['CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_ARGS', 'CNI_PATH'];
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = env[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}
