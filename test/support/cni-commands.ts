/** Calls of a plugin that must succeed, and such as must fail. */
import { type CniCall, type CniOutcome, cni } from './cni.ts';
import type { CniFailure, CniResult } from './cni-result.ts';
import type { Node } from './node.ts';

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
