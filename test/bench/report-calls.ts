/** One call, and what it takes besides time, as text. */
import type { CallMeasure } from './calls.ts';
import type { Report } from './report.ts';
import type { ResourceMeasure } from './resources.ts';
import { hasReference, type Plugin, plugins } from './scenarios.ts';
import { columns, labels, ratioColumns, ratioTitle, spread, table } from './table.ts';

export function startSection({ starts }: Report): string[] {
  if (starts.length === 0) return [];
  return [
    '## Start',
    '',
    'VERSION, for which a plugin does nothing but start and answer. Empty program: built by the same tools for the same',
    'runtime, for Node with a code cache and without a snapshot. The ratio is to that.',
    '',
    ...table(
      ['side', 'VERSION ms', 'empty program ms', 'ratio'],
      starts.map(({ side, version, empty, ratio }) => [
        ...[labels[side], spread(version), spread(empty)],
        spread(ratio, 2),
      ]),
    ),
    '',
  ];
}

export function limitSection({ limits }: Report): string[] {
  if (limits.length === 0) return [];
  const sides = columns(limits);
  const against = ratioColumns(limits);
  return [
    '## The least that is possible',
    '',
    "An empty program of a build's runtime, and after it the kernel's work by `ip` and `nft` out of a shell script, without",
    'IPAM, locks, marks and checks: what a plugin on this runtime that calls `ip` cannot go far below. For Node it has a code cache; a',
    'snapshot that has forgotten code starts a little faster (docs/startup.md). Several at once: ADDs alone.',
    '',
    ...table(
      ['veth-bridge', ...sides.map((side) => `${labels[side]} ms`), ...against.map(ratioTitle)],
      limits.map(({ scenario, containers, values, ratios }) => [
        containers === 1 ? `${scenario}: ADD+DEL` : `${scenario}: ${containers} ADDs at once`,
        ...sides.map((side) => spread(values[side])),
        ...against.map((build) => spread(ratios[build], 2)),
      ]),
    ),
    '',
  ];
}

export function beforeSection({ before: measures }: Report): string[] {
  if (measures.length === 0) return [];
  return [
    '## Beside an earlier build',
    '',
    'veth-bridge, plain, in turns with the executables that were named to `make bench BEFORE=`. Ratio: now by before.',
    '',
    ...table(
      ['build', 'call', 'now ms', 'before ms', 'ratio'],
      measures.map(({ build, step, now, before, ratio }) => [
        ...[labels[build], step, spread(now), spread(before)],
        spread(ratio, 2),
      ]),
    ),
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
  'host-local': 'Beside `host-local`: an address alone, called by itself. Reservations are on a disk.',
};

export function callSections({ rounds, calls, missing }: Report): string[] {
  if (calls.length + missing.length === 0) return [];
  return [
    '## One call',
    '',
    `${rounds} rounds, fewer where the machine was too busy for them (latest.json has the counts). One container is there`,
    'already; IPv4, host-local, cniVersion 1.0.0. Floor: the same link, addresses and route by two `ip -batch` and one',
    '`ip link delete` out of a shell script: the least that a program which calls `ip` can take.',
    '',
    ...plugins
      .filter((name) => [...calls, ...missing].some(({ plugin }) => plugin === name))
      .flatMap((plugin) => callSection(plugin, { calls, missing })),
  ];
}

function callSection(plugin: Plugin, { calls, missing }: Pick<Report, 'calls' | 'missing'>): string[] {
  const measured = calls.filter((call) => call.plugin === plugin);
  const lacking = missing.filter((lack) => lack.plugin === plugin);
  return [
    `### ${plugin}`,
    '',
    settings[plugin],
    '',
    ...lacking.flatMap(({ scenario, reason }) => [`Missing: ${plugin} ${scenario}: ${reason}.`, '']),
    ...(measured.length > 0 ? [...callTable(plugin, measured), ''] : []),
  ];
}

function callTable(plugin: Plugin, calls: readonly CallMeasure[]): string[] {
  const sides = columns(calls);
  const against = ratioColumns(calls);
  const nameOf = (side: (typeof sides)[number]): string =>
    side === 'floor' && !hasReference(plugin) ? 'by hand' : labels[side];
  return table(
    ['scenario', 'call', ...sides.map((side) => `${nameOf(side)} ms`), ...against.map(ratioTitle)],
    calls.map(({ scenario, step, values, ratios }) => [
      step === 'VERSION' ? '' : scenario,
      step,
      ...sides.map((side) => spread(values[side])),
      ...against.map((build) => spread(ratios[build], 2)),
    ]),
  );
}

export function resourceSection({ resources }: Report): string[] {
  if (resources.length === 0) return [];
  return [
    '## Memory and processes of a call',
    '',
    'Peak: the resident set of the largest process in the tree (wait4, median of 3), pages of the executable that all',
    'processes share included; the executables are evicted from the page cache before. Children: processes made (strace),',
    'threads not among them, in the steady state: the bridge, tables and another container are there.',
    '',
    ...resourceTable(resources),
    '',
  ];
}

function resourceTable(resources: readonly ResourceMeasure[]): string[] {
  const sides = (['pkg', 'bun', 'reference'] as const).filter((side) =>
    resources.some(({ contender }) => contender === side),
  );
  const [first] = sides;
  const rows = resources.filter(({ contender }) => contender === first);
  // Empty where there is no reference.
  const peak = (measure: ResourceMeasure | undefined): string =>
    measure === undefined ? '' : (measure.peak?.toFixed(1) ?? 'not measured: no GNU time');
  const children = (measure: ResourceMeasure | undefined): string =>
    measure === undefined ? '' : String(measure.children ?? 'not measured: no strace');
  return table(
    [
      ...['plugin', 'scenario', 'call'],
      ...sides.map((side) => `${labels[side]} MiB`),
      ...sides.map((side) => `${labels[side]} children`),
    ],
    rows.map(({ plugin, scenario, command }) => {
      const found = sides.map((side) =>
        resources.find(
          (other) =>
            other.contender === side &&
            other.plugin === plugin &&
            other.scenario === scenario &&
            other.command === command,
        ),
      );
      return [plugin, scenario, command, ...found.map(peak), ...found.map(children)];
    }),
  );
}
