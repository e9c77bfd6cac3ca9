/** What passes between containers and out of them, and what their links are like, as text. */
import type { Report } from './report.ts';
import { labels, spread, table } from './table.ts';
import type { LinkMeasure, TrafficMeasure } from './traffic.ts';

export function trafficSection({ traffic, links, missingTraffic }: Report): string[] {
  if (traffic.length + links.length + missingTraffic.length === 0) return [];
  return [
    '## Traffic between two containers',
    '',
    'Wired by the plugin, and by hand in the same way on the same switch: two pairs by hand, measured in turns with ours and',
    'wired anew in each round. Ratio: ours by the mean of both, round by round; spread: the furthest that one of them was from',
    'the other in a round, as a factor. iperf3 for 1 s each; round trips are medians of 100 pings.',
    '',
    ...missingTraffic.flatMap(({ plugin, scenario, reason }) => [
      `Missing: ${plugin} ${scenario}: ${reason}.`,
      '',
    ]),
    ...(traffic.length > 0 ? [...trafficTable(traffic), ''] : []),
    ...(links.length > 0 ? linkPart(links) : []),
  ];
}

function trafficTable(traffic: readonly TrafficMeasure[]): string[] {
  return table(
    ['plugin', 'scenario', 'what', 'unit', 'ours', 'by hand', 'ratio', 'spread', 'ours is'],
    traffic.map(({ plugin, scenario, what, unit, ours, byHand, ratio, spread: factor, standing }) => [
      ...[plugin, scenario, what, unit],
      spread(ours),
      spread(byHand),
      spread(ratio, 2),
      `${(1 / factor).toFixed(2)}-${factor.toFixed(2)}`,
      standing === 'within' ? 'within the spread' : `${standing.toUpperCase()} the spread`,
    ]),
  );
}

function linkPart(links: readonly LinkMeasure[]): string[] {
  return [
    'Their links: attributes (`ip -details link`) and offloads (`ethtool -k`), without names, addresses, numbers and labels.',
    '',
    ...table(
      ['plugin', 'scenario', 'end', 'compared', 'ours'],
      links.map(({ plugin, scenario, end, compared, differences }) => [
        ...[plugin, scenario, end, String(compared)],
        differences.length === 0 ? 'equal' : `DIFFERS: ${differences.join('; ')}`,
      ]),
    ),
    '',
  ];
}

export function connectionSection({ connections, missingConnections }: Report): string[] {
  const [first] = connections;
  if (first === undefined && missingConnections === undefined) return [];
  return [
    '## New connections through masquerading',
    '',
    'TCP connections a second from a container through the node to a server outside, each masqueraded anew, with',
    `${first?.containers.toLocaleString('en') ?? 'many'} other masqueraded containers on the node: elements of a map for ours, a chain and a rule each for the reference, which`,
    'the kernel tries one after the other. By when the container has come; both builds make the same rules. The ratio is ours /',
    'reference: above 1, ours has more. By hand: one container, one set, one rule; the most that better rules could gain.',
    '',
    ...(first === undefined
      ? [`Missing: ${missingConnections}.`]
      : table(
          [
            'the container came',
            `${labels.pkg} 1/s`,
            `${labels.reference} 1/s`,
            'by hand 1/s',
            'ratio',
            'by hand / reference',
          ],
          connections.map(({ came, values, ratios, most }) => [
            came,
            spread(values.pkg, 0),
            spread(values.reference, 0),
            spread(values.floor, 0),
            spread(ratios.pkg, 2),
            spread(most, 2),
          ]),
        )),
    '',
  ];
}
