/** Which field a fault is at, and a config without it. */
import { isObject, type JsonObject } from '../../lib/cni/json.ts';
import type { Path } from '../network/source.ts';
import { knownAs } from './keys.ts';

/**
 * The field that an error's message begins with: `ipam.ranges[0][1].subnet: ...`, `a and b exclude each other`.
 * Empty where it begins with none.
 */
export function fieldOf(message: string): Path {
  const [field = ''] =
    /^[A-Za-z][\w-]*(?:\[\d+\])*(?:\.[\w-]+(?:\[\d+\])*)*(?=:| and | exclude)/.exec(message) ?? [];
  return [...field.matchAll(/\[(\d+)\]|[\w-]+/g)].map(([word, index]) =>
    index === undefined ? word : Number(index),
  );
}

export const startsWith = (path: Path, start: Path): boolean =>
  start.length <= path.length && start.every((step, index) => String(step) === String(path[index]));

/** A config from which fields are taken one by one, for what is wrong beside them. Paths stay those of the whole. */
export interface Reduced {
  readonly config: JsonObject;
  readonly removed: readonly Path[];
}

/** The config without a field, or without the list's item that it is in; undefined where there is nothing to take away. */
export function without({ config, removed }: Reduced, path: Path): Reduced | undefined {
  const lastIndex = path.findLastIndex((step) => typeof step === 'number');
  const target = lastIndex < 0 ? path : path.slice(0, lastIndex + 1);
  if (target.length === 0 || removed.some((gone) => startsWith(target, gone))) return undefined;
  const reduced = drop(config, shifted(target, removed));
  return reduced === undefined ? undefined : { config: reduced as JsonObject, removed: [...removed, target] };
}

function drop(value: unknown, [step, ...rest]: Path): unknown {
  if (typeof step === 'number') return Array.isArray(value) ? dropItem(value, step, rest) : undefined;
  const key = isObject(value) && step !== undefined ? knownAs(step, Object.keys(value)) : undefined;
  if (!isObject(value) || key === undefined) return undefined;
  const { [key]: taken, ...others } = value;
  if (rest.length === 0) return others;
  const inner = drop(taken, rest);
  return inner === undefined ? undefined : { ...value, [key]: inner };
}

function dropItem(list: readonly unknown[], index: number, rest: Path): unknown {
  if (index >= list.length) return undefined;
  if (rest.length === 0) return list.toSpliced(index, 1);
  const inner = drop(list[index], rest);
  return inner === undefined ? undefined : list.with(index, inner);
}

/** A path of the whole config in the reduced one: items behind a removed one have moved up. */
function shifted(path: Path, removed: readonly Path[]): Path {
  return path.map((step, at) =>
    typeof step === 'number' ? step - removedBefore(path.slice(0, at), step, removed) : step,
  );
}

/** A path of the reduced config in the whole one. */
export function unshifted(path: Path, removed: readonly Path[]): Path {
  const whole: (string | number)[] = [];
  for (const step of path) {
    if (typeof step === 'string') {
      whole.push(step);
      continue;
    }
    const gone = removed
      .filter((other) => other.length === whole.length + 1 && startsWith(other, whole))
      .map((other) => Number(other.at(-1)));
    let index = step;
    for (const missing of gone.toSorted((a, b) => a - b)) if (missing <= index) index += 1;
    whole.push(index);
  }
  return whole;
}

const removedBefore = (list: Path, index: number, removed: readonly Path[]): number =>
  removed.filter(
    (other) => other.length === list.length + 1 && startsWith(other, list) && Number(other.at(-1)) < index,
  ).length;
