/** What the figures mean: whether targets are met, and whether two runs say the same. */
import { agreementLimit, isWithinSpread } from './agreement.ts';
import type { Report } from './report.ts';
import { spread, table } from './table.ts';
import { missed } from './targets.ts';

export function targetSection({ targets }: Report): string[] {
  if (targets.length === 0) return [];
  const failed = missed(targets);
  return [
    '## Targets',
    '',
    'What this project asks of itself: ratios unless a unit stands there, at most that unless it says "at least". Least',
    'possible (of connections the most): an empty program and the kernel\'s work; a "must" beyond it is out of reach.',
    '',
    ...table(
      ['what', 'build', 'must', 'aim', 'measured', 'least possible', 'verdict'],
      targets.map(({ what, build, must, aim, measured, limit, verdict }) => [
        ...[what, build, must, aim, measured, limit],
        verdict,
      ]),
      'left',
    ),
    '',
    failed.length === 0
      ? 'Every "must" that was measured is met.'
      : `**NOT MET: ${failed.map(({ what, build }) => `${what} (${build})`).join('; ')}.**`,
    '',
  ];
}

export function agreementSection({ agreement }: Report): string[] {
  if (agreement === undefined) return [];
  const { compared, apart } = agreement;
  const percent = Math.round((agreementLimit - 1) * 100);
  return [
    '## Agreement with the run before',
    '',
    `${compared - apart.length} of ${compared} ratios are within ${percent} % of those in previous.json.`,
    '',
    ...(apart.length === 0
      ? []
      : [
          ...table(
            ['ratio', 'now', 'rounds', 'before', 'rounds', 'now / before', 'spreads'],
            apart.map(({ name, now, before }) => [
              name,
              ...[now, before].flatMap((ratio) => [spread(ratio, 2), String(ratio.count)]),
              (now.median / before.median).toFixed(2),
              isWithinSpread(now, before) ? 'each within' : 'apart',
            ]),
          ),
          '',
          'Each within: the ratio of each run lies among what the rounds of the other have shown (10th to 90th percentile).',
          '',
        ]),
  ];
}
