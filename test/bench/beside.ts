/** One figure of several contenders, taken in turns, and what ours is beside another's. */
import { type Build, builds, type ContenderName } from './contenders.ts';
import { type Summary, summarize, summarizeRatio } from './statistics.ts';

export type Of<Name extends ContenderName, Value> = Readonly<Partial<Record<Name, Value>>>;

export interface Beside {
  /** Who took part. */
  readonly values: Of<ContenderName, Summary>;
  /** Each build's by the other one's, pair by pair. */
  readonly ratios: Of<Build, Summary>;
}

export type SamplesOf = ReadonlyMap<ContenderName, readonly number[]>;

/** @param against what ours is compared with; there are no ratios where it has no samples */
export function beside(samples: SamplesOf, against: ContenderName): Beside {
  const taken = [...samples].filter(([, list]) => list.length > 0);
  const others = samples.get(against) ?? [];
  const ratios = builds.flatMap((build) => {
    const own = samples.get(build) ?? [];
    return own.length > 0 && others.length > 0 ? [[build, summarizeRatio(own, others)] as const] : [];
  });
  return {
    values: Object.fromEntries(taken.map(([name, list]) => [name, summarize(list)])),
    ratios: Object.fromEntries(ratios),
  };
}
