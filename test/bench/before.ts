/** Whether calls have become slower: the builds of an earlier state of the source, called in turns with today's. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runnerOf, runRounds, type Step, stepSamples, steps, warmUps } from './calls.ts';
import { type Build, builds, contend } from './contenders.ts';
import { within } from './page-cache.ts';
import { plain } from './scenarios.ts';
import { createStation } from './station.ts';
import { type Summary, summarize, summarizeRatio } from './statistics.ts';

export interface BeforeMeasure {
  readonly build: Build;
  readonly step: Step;
  /** Milliseconds. */
  readonly now: Summary;
  readonly before: Summary;
  /** Now by before, pair by pair. */
  readonly ratio: Summary;
}

/** @param dist what `make build`, with and without RUNTIME=bun, has made of the earlier state: its folder `dist` */
export async function measureBefore(dist: string, rounds: number): Promise<readonly BeforeMeasure[]> {
  const measures: BeforeMeasure[] = [];
  for (const build of builds) {
    const folder = join(dist, within[build]);
    if (!existsSync(folder)) continue;
    await using stations = new AsyncDisposableStack();
    const now = contend(build, stations.use(await createStation()));
    const before = { ...contend(build, stations.use(await createStation())), folder };
    const runners = [await runnerOf(now, plain, 0), await runnerOf(before, plain, 0)] as const;
    await runRounds(runners, { rounds, seconds: 14, warmUps });
    for (const step of steps) {
      const [ours, theirs] = [stepSamples(runners[0].samples, step), stepSamples(runners[1].samples, step)];
      const ratio = summarizeRatio(ours, theirs);
      measures.push({ build, step, now: summarize(ours), before: summarize(theirs), ratio });
    }
  }
  return measures;
}
