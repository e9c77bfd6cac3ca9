/** Hostile calls of ovs: its own fields, its environment, what is given back to it. */
import * as fc from 'fast-check';
import {
  anyCommand,
  type HostileCall,
  type HostileCommand,
  isAttachment,
  type Json,
  ordinary,
  putJson,
  withConfig,
} from './call.ts';
import { type Kind, wrong } from './fields.ts';
import { evilResult } from './results.ts';
import { badName, evilButNul, evilText, oddName } from './text.ts';

type Path = readonly (string | number)[];
type Expectation = Partial<Record<HostileCommand, number>> & { readonly others: number };

const shown = (value: unknown): string => JSON.stringify(value).slice(0, 100);

/** A call whose config differs from an ordinary one. */
function withFields(
  command: HostileCommand,
  fields: Json,
  expected: Expectation,
  more: Partial<HostileCall> = {},
): HostileCall {
  return withConfig(
    'ovs',
    command,
    { ...ordinary('ovs', command), ...fields },
    {
      what: shown(fields),
      expected: expected[command] ?? expected.others,
      ...more,
    },
  );
}

/** Fields by what they hold. */
const typed: Readonly<Record<Kind, readonly Path[]>> = {
  text: [
    ...['bridge', 'portType', 'vlanMode', 'mac', 'interface_type', 'deviceID'].map((key) => [key]),
    ...['socket_file', 'configuration_path'].map((key) => [key]),
    ['externalIds', 'note'],
    ['args', 'cni', 'ovnPort'],
    ['runtimeConfig', 'deviceID'],
  ],
  flag: [['createBridge']],
  number: [
    ...['vlan', 'mtu', 'ofport_request', 'ingressPolicingRate', 'ingressPolicingBurst'].map((key) => [key]),
    ...['link_state_check_retries', 'link_state_check_interval'].map((key) => [key]),
    ['trunk', 0, 'id'],
    ['trunk', 0, 'minID'],
  ],
  list: [['trunk']],
  object: [['externalIds'], ['trunk', 0], ['runtimeConfig', 'bandwidth']],
};

const wrongType: fc.Arbitrary<HostileCall> = fc
  .tuple(fc.constantFrom<Kind>('text', 'flag', 'number', 'list', 'object'), anyCommand)
  .chain(([kind, command]) => fc.tuple(fc.constant(command), fc.constantFrom(...typed[kind]), wrong[kind]))
  .map(([command, path, value]) =>
    withFields(
      command,
      putJson(ordinary('ovs', command), path, value),
      { others: 7 },
      {
        what: `${path.join('.')} is ${shown(value)}`,
      },
    ),
  );

const refused: Expectation = { others: 7 };
/** Read where the network is built or looked at, not where it is taken down. */
const refusedButDown: Expectation = { others: 7, DEL: 0, GC: 0 };
const harmless: Expectation = { others: 0 };

/** Anything that the database takes: it goes all the way, into quotes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is left out.
const noControl = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f]/g, '');
const evilLabel = evilText.map((text) => `"${noControl(text)}`.slice(0, 500).toWellFormed());
const withControl = fc
  .tuple(evilText, fc.constantFrom('\0', '\n', '\r', '\u001b', '\u007f', '\ud800'))
  .map(([text, control]) => `${text.slice(0, 100)}${control}x`);

/** What ovs-vsctl would take for its own: options, commands, symbols, values. */
const vsctlWords = fc.constantFrom(
  '--',
  '-x',
  '--may-exist',
  '--id=@x',
  '-- del-br br-int',
  'br-int -- del-br br-int',
  '@qos',
  '[]',
  '{}',
  'a=b',
  '"',
  '\\"',
  '\\u0000',
  'x"; emer-reset; "',
  'emer-reset',
);

type EvilField = readonly [Path, fc.Arbitrary<string>, Expectation, Partial<HostileCall>?];

const evilFields: readonly EvilField[] = [
  [['bridge'], badName, refused],
  [['bridge'], fc.constantFrom('--', '-x', '--may-exist', '-', '-- add-br x', '*', '$x', ';'), refused],
  ...['portType', 'vlanMode', 'interface_type'].map((key): EvilField => [[key], evilText, refused]),
  ...[['deviceID'], ['runtimeConfig', 'deviceID'], ['mac'], ['args', 'cni', 'mac']].map(
    (path): EvilField => [path, evilText, refusedButDown],
  ),
  // Where the database is, DEL and GC must know, too.
  [['socket_file'], evilText.map((text) => `x${text}`), refused],
  [['socket_file'], evilText.map((text) => `/${text.slice(0, 100)} x`), refused],
  [['socket_file'], fc.constantFrom('exec:sh', 'ptcp:6640', 'punix:/x', 'unix:', '--db=x', '-x'), refused],
  [
    ['socket_file'],
    fc
      .tuple(fc.constantFrom('/', 'unix:', 'tcp:', 'ssl:'), evilText)
      .map(([prefix, text]) => `${prefix}x${noControl(text).replaceAll(/\s/g, '').slice(0, 100)}`),
    harmless,
    { onlyRecorded: true },
  ],
  [['configuration_path'], evilText.map((text) => `../${text}`), refused],
  [['configuration_path'], evilText.map((text) => `/${text}\0`), refused],
  [
    ['configuration_path'],
    fc.constantFrom('/etc/passwd', '/dev/zero', '/etc', '/proc/self/mem', `/${'x'.repeat(256)}`),
    refused,
  ],
  [
    ['configuration_path'],
    evilText.map((text) => `/nowhere-at-all/${noControl(text).slice(0, 50)}`),
    harmless,
  ],
  [['externalIds', 'note'], withControl, refused],
  [['externalIds', 'note'], evilLabel, harmless],
  [['externalIds', 'note'], vsctlWords, harmless],
  [['args', 'cni', 'ovnPort'], withControl, refusedButDown],
  [['args', 'cni', 'ovnPort'], fc.oneof(evilLabel, vsctlWords), { others: 0, CHECK: 104 }],
];

const evilField: fc.Arbitrary<HostileCall> = fc
  .tuple(fc.constantFrom(...evilFields), anyCommand)
  .chain(([field, command]) => fc.tuple(fc.constant(field), fc.constant(command), field[1]))
  .map(([[path, , expected, more], command, text]) =>
    withFields(command, putJson(ordinary('ovs', command), path, text), expected, {
      what: `${path.join('.')} is ${shown(text)}`,
      ...more,
    }),
  );

const evilKey: fc.Arbitrary<HostileCall> = fc
  .tuple(
    anyCommand,
    fc.oneof(
      fc.tuple(fc.oneof(evilLabel, vsctlWords), fc.constant(harmless)),
      fc.tuple(withControl, fc.constant(refused)),
      fc.tuple(
        fc.constantFrom('owner', 'attachment', 'network', 'machine', 'device-id', 'device-name', 'netns'),
        fc.constant(refusedButDown),
      ),
    ),
  )
  .map(([command, [key, expected]]) => withFields(command, { externalIds: { [key]: 'x' } }, expected));

const evilTrunk: fc.Arbitrary<HostileCall> = fc
  .tuple(
    anyCommand,
    fc.constantFrom<readonly [unknown, Expectation]>(
      [[{ id: 4095 }], refused],
      [[{ minID: 5, maxID: 4 }], refused],
      [[{ minID: 5 }], refused],
      [['5'], refused],
      [Array.from({ length: 20_000 }, () => ({ id: '5' })), refused],
      [[{}], refusedButDown],
      // The port is an access port.
      [Array.from({ length: 20_000 }, () => ({ minID: 0, maxID: 4094 })), { others: 0, CHECK: 104 }],
      [[{ id: 0, __proto__: null, 'tag=5': 'x' }], { others: 0, CHECK: 104 }],
    ),
  )
  .map(([command, [trunk, expected]]) => withFields(command, { trunk }, expected));

/** Names that a bridge could have, and none has. */
const noSuchBridge: fc.Arbitrary<HostileCall> = fc
  .tuple(anyCommand, fc.constantFrom('br9', '@y', 'x=y', '[]', 'a,b', '&&', '~', '(id)'), fc.boolean())
  .map(([command, bridge, createBridge]) => {
    const missing: Expectation = { others: 0, ADD: 7, CHECK: 104, STATUS: 50 };
    const made: Expectation = { others: 0, CHECK: 104 };
    return withFields(command, { bridge, createBridge }, createBridge ? made : missing, {
      links: [bridge],
      // A bridge that is made stays.
      onlyRecorded: createBridge,
    });
  });

const withEnv = (
  command: HostileCommand,
  env: HostileCall['env'],
  expected: Expectation,
  fields: Json = {},
): HostileCall => withFields(command, fields, expected, { what: `environment ${shown(env)}`, env });

const evilIfname = fc
  .tuple(anyCommand, badName)
  .map(([command, name]) =>
    withEnv(command, { CNI_IFNAME: name }, { others: isAttachment(command) ? 4 : 0 }),
  );

/** Odd, but a name: it goes all the way, through batches, settings, labels and rows. */
const oddIfname = fc
  .tuple(anyCommand, oddName, fc.constantFrom('veth', 'internal'))
  .map(([command, name, portType]) => {
    const call = withEnv(command, { CNI_IFNAME: name }, harmless, { portType });
    return { ...call, ...(call.after && { after: { CNI_IFNAME: name } }) };
  });

const evilNetns = fc
  .tuple(anyCommand, evilButNul)
  .map(([command, path]) =>
    withEnv(command, { CNI_NETNS: path.toWellFormed() }, { others: 0, ADD: 8, CHECK: 8 }),
  );

/** What stands in CNI_ARGS cannot hold what ends a pair. */
const argText = fc.oneof(evilButNul, vsctlWords).map((text) => text.replaceAll(/[=;]/g, '').toWellFormed());

const podArgs = fc
  .tuple(anyCommand, argText)
  .map(([command, text]) =>
    withEnv(
      command,
      { CNI_ARGS: `K8S_POD_NAME=${text};K8S_POD_NAMESPACE=${text};K8S_POD_UID=${text}` },
      harmless,
    ),
  );

const ovnArgs = fc
  .tuple(
    anyCommand,
    argText.map((text) => `"${noControl(text).slice(0, 500)}`),
  )
  .map(([command, text]) =>
    withEnv(
      command,
      { CNI_ARGS: `IgnoreUnknown=1;ovnport=${text.toWellFormed()}` },
      { others: 0, CHECK: 104 },
    ),
  );

const evilPrevResult: fc.Arbitrary<HostileCall> = fc
  .tuple(fc.constantFrom<HostileCommand>('ADD', 'DEL', 'CHECK'), evilResult)
  .map(([command, prevResult]) =>
    withFields(
      command,
      { prevResult },
      { others: 0, CHECK: 104 },
      {
        what: `prevResult is ${shown(prevResult)}`,
      },
    ),
  );

export const evilOvs: fc.Arbitrary<HostileCall> = fc.oneof(
  { weight: 3, arbitrary: wrongType },
  { weight: 8, arbitrary: evilField },
  { weight: 2, arbitrary: evilKey },
  { weight: 1, arbitrary: evilTrunk },
  { weight: 1, arbitrary: noSuchBridge },
  { weight: 1, arbitrary: evilIfname },
  { weight: 2, arbitrary: oddIfname },
  { weight: 1, arbitrary: evilNetns },
  { weight: 2, arbitrary: podArgs },
  { weight: 1, arbitrary: ovnArgs },
  { weight: 2, arbitrary: evilPrevResult },
);
