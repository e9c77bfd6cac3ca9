/** What the calls of an attachment's life ask of the kernel, by strace: counts, which a busy machine does not change. */
import { expect } from 'vitest';
import {
  type Command,
  type Config,
  cni,
  createContainer,
  describeOutcome,
  type Effort,
  type Node,
} from '../../support/index.ts';

export type Efforts = Readonly<Partial<Record<Step, Effort>>>;
export type Step = Command | 'second DEL';

/** Effort of a life: STATUS, ADD, CHECK, DEL, and the DEL that runtimes send once more without a result. */
export async function effortsOf(node: Node, config: Config): Promise<Efforts> {
  const call = { container: await createContainer(node), effort: true };
  const run = async (command: Command, more: Config = {}) => {
    const outcome = await cni(node, { ...call, command, config: { ...config, ...more } });
    expect(outcome.code, describeOutcome(outcome)).toBe(0);
    const { effort = { calls: 0, bytes: 0, children: 0 } } = outcome;
    return { effort, result: outcome.result };
  };
  const { effort: status } = await run('STATUS');
  const { effort: add, result } = await run('ADD');
  const known = { prevResult: result };
  const { effort: check } = await run('CHECK', known);
  const { effort: del } = await run('DEL', known);
  const { effort: again } = await run('DEL');
  return { STATUS: status, ADD: add, CHECK: check, DEL: del, 'second DEL': again };
}

/**
 * getdents64(2) reads a folder by such blocks, so that the first names of a large one cost that much. Bun reads a folder to
 * its end, whoever wants its first names: a block and a half for a thousand.
 */
const block = (process.env['PLUMBLINE_RUNTIME'] === 'bun' ? 2 : 1) * 32 * 1024;

/**
 * Expects the same effort on a crowded node as on an empty one. There may be a little more: a folder has a first block
 * of names, a pipe is read in two parts. All of a thousand links, elements or files is no little more.
 * @param more how many calls there may be more
 */
export function expectSame(empty: Efforts, crowded: Efforts, more = 20): void {
  const grown = Object.entries(empty).flatMap(([step, { calls, bytes, children }]) => {
    const now = crowded[step as Step] ?? { calls: 0, bytes: 0, children: 0 };
    const isSame =
      now.children <= children && now.calls <= calls * 1.1 + more && now.bytes <= bytes * 1.1 + block;
    return isSame ? [] : [`${step}: ${describe({ calls, bytes, children })} -> ${describe(now)}`];
  });
  expect(grown).toEqual([]);
}

export const describe = ({ calls, bytes, children }: Effort): string =>
  `${calls} calls, ${bytes} bytes, ${children} children`;
