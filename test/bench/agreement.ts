/** Whether two runs say the same: what is a property of the software has the same ratio each time. */
import type { Report } from './report.ts';
import type { Summary } from './statistics.ts';

export interface Agreement {
  /** Ratios that both runs have. */
  readonly compared: number;
  /** Those that are not within {@link agreementLimit}. */
  readonly apart: readonly { readonly name: string; readonly now: Summary; readonly before: Summary }[];
}

/** The larger by the smaller one. */
export const agreementLimit = 1.2;

/** Whether each run's ratio lies among what the rounds of the other have shown: then the rounds are too few to tell them apart. */
export const isWithinSpread = (a: Summary, b: Summary): boolean => lies(a.median, b) && lies(b.median, a);
const lies = (value: number, { p10, p90 }: Summary): boolean => p10 <= value && value <= p90;

export function compareRuns(now: Report, before: Report): Agreement {
  const others = new Map(ratiosIn(before));
  const pairs = ratiosIn(now).flatMap(([name, ratio]) => {
    const other = others.get(name);
    return other === undefined ? [] : [{ name, now: ratio, before: other }];
  });
  return {
    compared: pairs.length,
    apart: pairs.filter(
      ({ now: { median: a }, before: { median: b } }) => Math.max(a / b, b / a) > agreementLimit,
    ),
  };
}

/** Every ratio of a run, with a name that says what it is of. */
export function ratiosIn(report: Report): readonly (readonly [string, Summary])[] {
  const named = (name: string, ratio: Summary | undefined): readonly (readonly [string, Summary])[] =>
    ratio === undefined ? [] : [[name, ratio]];
  const each = (name: string, ratios: Readonly<Record<string, Summary>>) =>
    Object.entries(ratios).flatMap(([build, ratio]) => named(`${name}, ${build}`, ratio));
  return [
    ...report.starts.flatMap(({ side, ratio }) => named(`VERSION to an empty program, ${side}`, ratio)),
    ...report.limits.flatMap(({ scenario, containers, ratios }) =>
      each(`the least possible, ${scenario}, ${containers} at once`, ratios),
    ),
    ...report.calls.flatMap(({ plugin, scenario, step, ratios }) =>
      each(`${plugin} ${scenario} ${step}`, ratios),
    ),
    ...report.growth.flatMap(({ of, plugin, size, side, ratio, growth }) => [
      ...named(`${plugin} at ${size} ${of}, ${side}`, ratio),
      ...(size > 0 ? named(`${plugin} at ${size} ${of} to none, ${side}`, growth.cycle) : []),
    ]),
    ...report.load.flatMap(({ containers, scenario, side, add, del }) => [
      ...named(`${containers} ADDs at once, ${scenario}, ${side}`, add.ratio),
      ...named(`${containers} DELs at once, ${scenario}, ${side}`, del.ratio),
    ]),
    ...report.traffic.flatMap(({ plugin, scenario, what, ratio }) =>
      named(`${plugin} ${scenario}: ${what}`, ratio),
    ),
    ...report.connections.flatMap(({ came, ratios, most }) => [
      ...each(`new connections, ${came} to come`, ratios),
      ...named(`new connections by hand, ${came} to come`, most),
    ]),
  ];
}
