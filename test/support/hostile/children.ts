/** Hostile calls of macvlan and ipvlan: their own fields, their environment, what is given back to them. */
import * as fc from 'fast-check';
import {
  anyCommand,
  type ChildPlugin,
  type HostileCall,
  type HostileCommand,
  isAttachment,
  ordinary,
  putJson,
  withConfig,
} from './call.ts';
import { type Kind, wrong } from './fields.ts';
import { evilResult } from './results.ts';
import { badName, evilText, oddName } from './text.ts';

type Path = readonly (string | number)[];

const anyChild = fc.constantFrom<ChildPlugin>('macvlan', 'ipvlan');
const shown = (value: unknown): string => JSON.stringify(value).slice(0, 100);

/** Fields by what they hold. */
const typed: Readonly<Record<Kind, readonly (readonly [ChildPlugin, Path])[]>> = {
  text: [
    ...['master', 'mode', 'mac'].map((key) => ['macvlan', [key]] as const),
    ...['master', 'mode', 'flag', 'mac'].map((key) => ['ipvlan', [key]] as const),
    ['macvlan', ['hostAccess', 'interface']],
    ['macvlan', ['hostAccess', 'address']],
    ['macvlan', ['sourceMacs', 0]],
  ],
  flag: [
    ['macvlan', ['linkInContainer']],
    ['ipvlan', ['linkInContainer']],
  ],
  number: [
    ['macvlan', ['mtu']],
    ['macvlan', ['bcqueuelen']],
    ['ipvlan', ['mtu']],
  ],
  list: [['macvlan', ['sourceMacs']]],
  object: [['macvlan', ['hostAccess']]],
};

const wrongType: fc.Arbitrary<HostileCall> = fc
  .tuple(fc.constantFrom<Kind>('text', 'flag', 'number', 'list', 'object'), anyCommand)
  .chain(([kind, command]) => fc.tuple(fc.constant(command), fc.constantFrom(...typed[kind]), wrong[kind]))
  .map(([command, [plugin, path], value]) =>
    withConfig(plugin, command, putJson(ordinary(plugin, command), path, value), {
      what: `${path.join('.')} is ${shown(value)}`,
      expected: 7,
    }),
  );

type Expectation = Partial<Record<HostileCommand, number>> & { readonly others: number };

const refused: Expectation = { others: 7 };
/** Read where the network is built or looked at, not where it is taken down. */
const refusedButDown: Expectation = { others: 7, DEL: 0, GC: 0 };

const evilFields: readonly (readonly [ChildPlugin, Path, fc.Arbitrary<string>, Expectation])[] = [
  ['macvlan', ['master'], badName, refused],
  ['ipvlan', ['master'], badName, refused],
  ['macvlan', ['hostAccess', 'interface'], badName, refused],
  ['macvlan', ['hostAccess', 'address'], evilText, refused],
  ['macvlan', ['mode'], evilText, refused],
  ['ipvlan', ['mode'], evilText, refused],
  ['ipvlan', ['flag'], evilText, refused],
  ['macvlan', ['sourceMacs', 0], evilText, refusedButDown],
  ...(['macvlan', 'ipvlan'] as const).flatMap((plugin) =>
    [['mac'], ['args', 'cni', 'mac'], ['runtimeConfig', 'mac']].map(
      (path) => [plugin, path, evilText, refusedButDown] as const,
    ),
  ),
];

const evilField: fc.Arbitrary<HostileCall> = fc
  .tuple(fc.constantFrom(...evilFields), anyCommand)
  .chain(([field, command]) => fc.tuple(fc.constant(field), fc.constant(command), field[2]))
  .map(([[plugin, path, , expected], command, text]) =>
    withConfig(plugin, command, putJson(ordinary(plugin, command), path, text), {
      what: `${path.join('.')} is ${shown(text)}`,
      expected: expected[command] ?? expected.others,
    }),
  );

/** Names that a link could have, and none has: CHECK finds the master gone. */
const noSuchMaster: fc.Arbitrary<HostileCall> = fc
  .tuple(anyChild, anyCommand, fc.constantFrom('nic9', '-x', 'x=y', '&&', '$(id)'.slice(1), '~'))
  .map(([plugin, command, master]) =>
    withConfig(
      plugin,
      command,
      { ...ordinary(plugin, command), master },
      {
        what: `master is ${shown(master)}`,
        links: [master],
        expected: { ADD: 7, CHECK: 104, STATUS: 50, DEL: 0, GC: 0 }[command],
      },
    ),
  );

const withEnv = (
  plugin: ChildPlugin,
  command: HostileCommand,
  env: HostileCall['env'],
  expected: number,
): HostileCall =>
  withConfig(plugin, command, ordinary(plugin, command), {
    what: `environment ${shown(env)}`,
    env,
    expected,
  });

const evilIfname = fc
  .tuple(anyChild, anyCommand, badName)
  .map(([plugin, command, name]) =>
    withEnv(plugin, command, { CNI_IFNAME: name }, isAttachment(command) ? 4 : 0),
  );

/** Odd, but a name: it goes all the way, through batches, settings, labels and files. */
const oddIfname = fc.tuple(anyChild, anyCommand, oddName).map(([plugin, command, name]) => {
  const call = withEnv(plugin, command, { CNI_IFNAME: name }, 0);
  return { ...call, ...(call.after && { after: { CNI_IFNAME: name } }) };
});

/** A MAC address that is none; ipvlan does not take any, and with IgnoreUnknown does not mind. */
const evilMacArgs = fc.tuple(anyChild, anyCommand, evilText).map(([plugin, command, text]) => {
  const isRead = plugin === 'macvlan' && command !== 'DEL' && command !== 'GC';
  const args = `IgnoreUnknown=true;MAC=!${text.replaceAll(/[=;]/g, '')}`;
  return withEnv(plugin, command, { CNI_ARGS: args }, isRead ? 4 : 0);
});

const evilPrevResult: fc.Arbitrary<HostileCall> = fc
  .tuple(anyChild, fc.constantFrom<HostileCommand>('ADD', 'DEL', 'CHECK'), evilResult)
  .map(([plugin, command, prevResult]) =>
    withConfig(
      plugin,
      command,
      { ...ordinary(plugin, command), prevResult },
      {
        what: `prevResult is ${shown(prevResult)}`,
        expected: command === 'CHECK' ? 104 : 0,
      },
    ),
  );

export const evilChildren: fc.Arbitrary<HostileCall> = fc.oneof(
  { weight: 3, arbitrary: wrongType },
  { weight: 4, arbitrary: evilField },
  { weight: 1, arbitrary: noSuchMaster },
  { weight: 1, arbitrary: evilIfname },
  { weight: 2, arbitrary: oddIfname },
  { weight: 1, arbitrary: evilMacArgs },
  { weight: 2, arbitrary: evilPrevResult },
);
