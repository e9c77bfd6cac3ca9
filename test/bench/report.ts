/** The measurements as text: tables that read as they are, and are Markdown. */
import type { CallMeasure } from './calls.ts';
import { hasReference, type Plugin, plugins } from './contenders.ts';
import type { Machine } from './machine.ts';
import type { ParallelMeasure } from './parallel.ts';
import { trafficSection } from './report-traffic.ts';
import type { ReservationMeasure } from './reservations.ts';
import type { ResourceMeasure } from './resources.ts';
import { spread, table } from './table.ts';
import type { LinkMeasure, TrafficMeasure } from './traffic.ts';

export interface Report {
  readonly machine: Machine;
  readonly rounds: number;
  readonly calls: readonly CallMeasure[];
  readonly missing: readonly Missing[];
  readonly resources: readonly ResourceMeasure[];
  readonly parallel: readonly ParallelMeasure[];
  readonly reservations: readonly ReservationMeasure[];
  readonly traffic: readonly TrafficMeasure[];
  readonly links: readonly LinkMeasure[];
  readonly missingTraffic: readonly Missing[];
}

/** What this machine could not measure. */
export interface Missing {
  readonly plugin: Plugin;
  readonly scenario: string;
  readonly reason: string;
}

/** What ADD and DEL with 10,000 reservations may take, by what they take on an empty range. */
const growthLimit = 1.3;

export function formatReport(report: Report, plot: string): string {
  const { machine, rounds, calls, missing } = report;
  return [
    '# plumbline beside the reference plugins',
    '',
    'Made by `make bench`: both sides in one run on one machine, call by call in turns. Compare within a row; absolute',
    'times belong to the machine. Milliseconds are medians, with the 10th and the 90th percentile in brackets; a ratio is',
    'the median of ours / reference, pair by pair: above 1, ours is slower.',
    '',
    ...table(['', ''], Object.entries(machine), 'left'),
    '',
    '## One call',
    '',
    `${rounds} rounds, fewer where the machine was too busy for them (latest.json has the counts). One container is there`,
    'already; IPv4, host-local, cniVersion 1.0.0. Floor: the same link, addresses and route by two `ip -batch` and one',
    '`ip link delete` out of a shell script: the least that a program which calls `ip` can take.',
    '',
    ...plugins
      .filter((name) => [...calls, ...missing].some(({ plugin }) => plugin === name))
      .flatMap((plugin) => callSection(plugin, report)),
    ...trafficSection(report),
    ...resourceSection(report),
    ...parallelSection(report),
    ...reservationSection(report, plot),
  ].join('\n');
}

function resourceSection({ resources }: Report): string[] {
  if (resources.length === 0) return [];
  return [
    '## Memory and processes of a call',
    '',
    'Peak: the resident set of the largest process in the tree (wait4, median of 5), pages of the executable that all',
    'processes share included; the executables are evicted from the page cache before. Children: processes made (strace),',
    'threads not among them.',
    '',
    ...resourceTable(resources),
    '',
  ];
}

function parallelSection({ parallel }: Report): string[] {
  const [first] = parallel;
  if (first === undefined) return [];
  return [
    `## ${first.containers} containers at once`,
    '',
    'veth-bridge: one bridge, one range that has just enough addresses. From the first start to the last end.',
    '',
    ...parallelTable(parallel),
    '',
  ];
}

function reservationSection({ reservations }: Report, plot: string): string[] {
  if (reservations.length === 0) return [];
  return [
    '## host-local alone: ADD and DEL of one more',
    '',
    'On a file system in memory. Growth: ADD+DEL by the same on an empty range, pair by pair. First after boot: the one ADD',
    'of a network that looks at every reservation for what an earlier boot has left (one sample; the reference never does).',
    '',
    ...reservationTable(reservations),
    '',
    ...growthVerdict(reservations),
    '',
    `![ADD+DEL by reservations](${plot})`,
    '',
  ];
}

/** What a plugin's scenarios are, and what they have in common. */
const settings: Readonly<Record<Plugin, string>> = {
  'veth-bridge':
    'Beside `bridge`. A bridge with a gateway. ipMasq: ours by nftables, the reference by its default, iptables.',
  macvlan:
    'Beside `macvlan`. The master is one end of a veth, the other is a port of a bridge without addresses.',
  ipvlan: 'Beside `ipvlan`. The master is as that of macvlan.',
  ovs:
    'The reference has none: beside the same by hand, `ovs-vsctl add-port` and `del-port`, `ip` and `nsenter` out of a ' +
    'shell script,\nwithout IPAM and without marks; the ratio is ours / by hand. Each side has an Open vSwitch of its own.',
  sriov:
    'The reference has none: beside the same by hand, one `ip link set … netns` and one `ip -batch`, without IPAM and without\n' +
    'writing down what the function was; the ratio is ours / by hand. Part of it is the wait for the carrier.',
};

function callSection(plugin: Plugin, { calls, missing }: Report): string[] {
  const measured = calls.filter((call) => call.plugin === plugin);
  const lacking = missing.filter((lack) => lack.plugin === plugin);
  return [
    `### ${plugin}`,
    '',
    settings[plugin],
    '',
    ...lacking.flatMap(({ scenario, reason }) => [`Missing: ${plugin} ${scenario}: ${reason}.`, '']),
    ...(measured.length > 0
      ? [...(hasReference(plugin) ? callTable : handMadeTable)(measured).concat('')]
      : []),
  ];
}

function callTable(calls: readonly CallMeasure[]): string[] {
  return table(
    ['scenario', 'call', 'ours ms', 'reference ms', 'ratio', 'floor ms'],
    calls.map(({ scenario, step, ours, reference, ratio, floor }) => [
      step === 'VERSION' ? '' : scenario,
      step,
      spread(ours),
      spread(reference),
      spread(ratio, 2),
      spread(floor),
    ]),
  );
}

function handMadeTable(calls: readonly CallMeasure[]): string[] {
  return table(
    ['scenario', 'call', 'ours ms', 'by hand ms', 'ratio'],
    calls.map(({ scenario, step, ours, floor, ratio }) => [
      step === 'VERSION' ? '' : scenario,
      step,
      spread(ours),
      spread(floor),
      spread(ratio, 2),
    ]),
  );
}

function resourceTable(resources: readonly ResourceMeasure[]): string[] {
  const rows = resources.filter(({ contender }) => contender === 'ours');
  const find = (row: ResourceMeasure, contender: string): ResourceMeasure | undefined =>
    resources.find(
      (other) =>
        other.contender === contender &&
        other.plugin === row.plugin &&
        other.scenario === row.scenario &&
        other.command === row.command,
    );
  // Empty where there is no reference.
  const peak = (measure: ResourceMeasure | undefined): string =>
    measure === undefined ? '' : (measure.peak?.toFixed(1) ?? 'not measured: no GNU time');
  const children = (measure: ResourceMeasure | undefined): string =>
    measure === undefined ? '' : String(measure.children ?? 'not measured: no strace');
  return table(
    ['plugin', 'scenario', 'call', 'ours MiB', 'reference MiB', 'ours children', 'reference children'],
    rows.map((row) => {
      const reference = find(row, 'reference');
      const { plugin, scenario, command } = row;
      return [plugin, scenario, command, peak(row), peak(reference), children(row), children(reference)];
    }),
  );
}

function parallelTable(parallel: readonly ParallelMeasure[]): string[] {
  const rows = table(
    ['scenario', 'side', 'ADD ms', 'ratio', 'DEL ms', 'ratio', 'addresses', 'failures'],
    parallel.map(({ scenario, contender, add, del, ratio, addresses, failures }) => [
      scenario,
      contender,
      spread(add, 0),
      ratio?.add.median.toFixed(2) ?? '',
      spread(del, 0),
      ratio?.del.median.toFixed(2) ?? '',
      String(addresses),
      String(failures),
    ]),
  );
  const said = parallel.flatMap(({ contender, failure }) =>
    failure === undefined
      ? []
      : ['', `First failure, ${contender}:`, '', ...failure.split('\n').map((line) => `    ${line}`)],
  );
  return [...rows, ...said];
}

function reservationTable(reservations: readonly ReservationMeasure[]): string[] {
  return table(
    ['reservations', 'side', 'ADD ms', 'DEL ms', 'ADD+DEL ms', 'growth', 'first after boot ms'],
    reservations
      .toSorted((a, b) => a.reservations - b.reservations)
      .map(({ reservations: held, contender, add, del, cycle, growth, firstAfterBoot }) => [
        held.toLocaleString('en'),
        contender,
        spread(add),
        spread(del),
        spread(cycle),
        spread(growth, 2),
        firstAfterBoot?.toFixed(0) ?? '',
      ]),
  );
}

function growthVerdict(reservations: readonly ReservationMeasure[]): string[] {
  const measure = reservations.find((row) => row.contender === 'ours' && row.reservations === 10_000);
  if (measure === undefined) return [];
  const { median } = measure.growth;
  const verdict = median <= growthLimit ? 'holds' : 'IS EXCEEDED';
  return [
    `Ours with 10,000 reservations takes ${median.toFixed(2)} times what it takes on an empty range: the limit of ${growthLimit} ${verdict}.`,
  ];
}
