/** Other values in the places of what readers read. */
import { isObject } from '../../../lib/cni/json.ts';

/** What may stand where something else is expected. */
export const odd = [
  ...['', 'a', 'off', '-br', 'a b', 'eth0/1', '10.1.0.0/24', '10.1.0.5', 'fd00::/64', '/x', 'a\0b', '802.1Q'],
  ...[0, 1, -1, 1.5, 67, 68, 4094, 4095, 65536, 2 ** 32, Number.MAX_SAFE_INTEGER, 2 ** 60],
  ...[true, false, null, [], {}, [null], ['a'], [1], [{}], [[{ subnet: '10.2.0.0/24' }]], { type: 7 }],
  ...[[{ id: 5 }], [{ minID: 9 }], [{ minID: 9, maxID: 3 }], [{ minID: 3, maxID: 9, more: 1 }]],
  ...[{ device: 'e', Device: 'f', MIGRATEADDRESSES: true }],
  ...[{ cni: { mac: 'x', ips: ['10.0.0.1'], other: null } }, { mac: null, IPS: [] }, { a: 'b' }, { '': '' }],
] as const;

export type Step = string | number;

const stepsOf = (value: unknown): readonly [Step, unknown][] => {
  if (Array.isArray(value)) return value.map((item, index): [Step, unknown] => [index, item]);
  return isObject(value) ? Object.entries(value) : [];
};

/** Every path in a value at which something may be put in another's place. */
export function pathsOf(value: unknown, path: Step[] = []): Step[][] {
  return [path, ...stepsOf(value).flatMap(([step, item]) => pathsOf(item, [...path, step]))];
}

/** A copy with another item at a path; the same where the path leads nowhere. */
export function put<T>(value: T, path: readonly Step[], item: unknown): T {
  const copy = structuredClone(value);
  let parent: unknown = copy;
  for (const step of path.slice(0, -1)) parent = stepsOf(parent).find(([one]) => one === step)?.[1];
  const last = path.at(-1);
  if (last !== undefined && typeof parent === 'object' && parent !== null)
    (parent as Record<Step, unknown>)[last] = structuredClone(item);
  return copy;
}
