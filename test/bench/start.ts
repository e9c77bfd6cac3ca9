/** What it takes to start: VERSION, which no plugin does anything for, beside an empty program on the same runtime. */
import { type Build, callOf, configOf, contend, isBuild, type Side } from './contenders.ts';
import { emptyIsThere, emptyPrograms } from './empty.ts';
import { layAnew } from './page-cache.ts';
import type { Command } from './protocol.ts';
import { plain } from './scenarios.ts';
import type { Station } from './station.ts';
import { rotated, roundsWithin, type Summary, summarize, summarizeRatio } from './statistics.ts';

export interface StartMeasure {
  readonly side: Side;
  /** Milliseconds. */
  readonly version: Summary;
  /** An empty program's, where it was built. */
  readonly empty?: Summary;
  /** VERSION by the empty program, pair by pair. */
  readonly ratio?: Summary;
}

interface Starter {
  readonly side: Side;
  readonly what: 'version' | 'empty';
  readonly command: Command;
  readonly samples: number[];
}

const warmUps = 3;

/** All on one node: nothing is made there. */
export async function measureStarts(
  sides: readonly Side[],
  station: Station,
  limits: { readonly rounds: number; readonly seconds: number },
): Promise<readonly StartMeasure[]> {
  const starters = sides.flatMap((side) => [
    starterOf(side, 'version', versionCall(side, station)),
    ...(isBuild(side) && emptyIsThere(side) ? [starterOf(side, 'empty', emptyCall(side, station))] : []),
  ]);
  for (const round of roundsWithin({ ...limits, rounds: limits.rounds + warmUps, least: 5 + warmUps })) {
    if (round % 10 === 0) layAnew();
    for (const { command, samples } of rotated(starters, round)) {
      const { milliseconds } = await station.run(command);
      if (round >= warmUps) samples.push(milliseconds);
    }
  }
  return sides.map((side) => {
    const samplesOf = (what: Starter['what']): readonly number[] =>
      starters.find((starter) => starter.side === side && starter.what === what)?.samples ?? [];
    const version = samplesOf('version');
    const empty = samplesOf('empty');
    return {
      side,
      version: summarize(version),
      ...(empty.length === 0 ? {} : { empty: summarize(empty), ratio: summarizeRatio(version, empty) }),
    };
  });
}

const starterOf = (side: Side, what: Starter['what'], command: Command): Starter => ({
  ...{ side, what, command },
  samples: [],
});

function versionCall(side: Side, station: Station): Command {
  const contender = contend(side, station);
  const nowhere = { id: 'none', netns: '/run/netns/none' };
  return callOf(contender, 'VERSION', configOf(contender, 0, plain), nowhere);
}

/** With the same environment and input. */
function emptyCall(build: Build, station: Station): Command {
  return { ...versionCall(build, station), argv: [emptyPrograms[build]] };
}
