/** Hostile configs by field: another type, another text. */
import * as fc from 'fast-check';
import {
  anyCommand,
  anyPlugin,
  type BasePlugin,
  type HostileCall,
  type HostileCommand,
  ordinary,
  putJson,
  withConfig,
} from './call.ts';
import { badName, evilText } from './text.ts';

export type Kind = 'text' | 'flag' | 'number' | 'list' | 'object';
type Path = readonly (string | number)[];

/** Fields by what they hold. The old and the new ones, of each plugin, and of lists an element each. */
const typed: Readonly<Record<BasePlugin, Readonly<Record<Kind, readonly Path[]>>>> = {
  'veth-bridge': {
    text: [
      ...['name', 'type', 'bridge', 'ipMasqBackend', 'mac', 'hostInterfaceName', 'logLevel', 'logFile'].map(
        (key) => [key],
      ),
      ['uplink', 'device'],
      ['dns', 'domain'],
      ['dns', 'nameservers', 0],
      ['dns', 'search', 1],
      ['args', 'cni', 'mac'],
      ['args', 'cni', 'ips', 0],
      ['runtimeConfig', 'mac'],
      ['runtimeConfig', 'ips', 0],
      ['ipam', 'type'],
      ['cni.dev/valid-attachments', 0, 'containerID'],
      ['cni.dev/valid-attachments', 0, 'ifname'],
    ],
    flag: [
      ...['isGateway', 'isDefaultGateway', 'forceAddress', 'ipMasq', 'hairpinMode', 'promiscMode'].map(
        (key) => [key],
      ),
      ...[
        'preserveDefaultVlan',
        'macspoofchk',
        'portIsolation',
        'enabledad',
        'disableContainerInterface',
      ].map((key) => [key]),
      ['uplink', 'migrateAddresses'],
    ],
    number: [['mtu'], ['vlan'], ['vlanTrunk', 0, 'id'], ['vlanTrunk', 0, 'minID']],
    list: [
      ['vlanTrunk'],
      ['dns', 'nameservers'],
      ['dns', 'options'],
      ['args', 'cni', 'ips'],
      ['runtimeConfig', 'ips'],
      ['cni.dev/valid-attachments'],
    ],
    object: [
      ['uplink'],
      ['dns'],
      ['args'],
      ['args', 'cni'],
      ['runtimeConfig'],
      ['ipam'],
      ['vlanTrunk', 0],
      ['cni.dev/valid-attachments', 0],
    ],
  },
  'host-local': {
    text: [
      ...['subnet', 'rangeStart', 'rangeEnd', 'gateway', 'resolvConf', 'dataDir'].map((key) => ['ipam', key]),
      ...['subnet', 'rangeStart', 'rangeEnd', 'gateway'].map((key) => ['ipam', 'ranges', 0, 0, key]),
      ['ipam', 'routes', 0, 'dst'],
      ['ipam', 'routes', 0, 'gw'],
      ['runtimeConfig', 'ipRanges', 0, 0, 'subnet'],
      ['runtimeConfig', 'ips', 0],
    ],
    flag: [
      ['ipam', 'reclaimOnReboot'],
      ['ipam', 'reclaimForeign'],
    ],
    number: ['mtu', 'advmss', 'priority', 'table', 'scope'].map((key) => ['ipam', 'routes', 0, key]),
    list: [
      ['ipam', 'ranges'],
      ['ipam', 'ranges', 0],
      ['ipam', 'routes'],
      ['runtimeConfig', 'ipRanges'],
      ['runtimeConfig', 'ipRanges', 0],
    ],
    object: [['ipam'], ['ipam', 'ranges', 0, 0], ['ipam', 'routes', 0]],
  },
};

export const wrong: Readonly<Record<Kind, fc.Arbitrary<unknown>>> = {
  text: fc.constantFrom(0, 1, true, false, [], ['x'], {}, { toString: 'x' }, 1e308),
  flag: fc.constantFrom('true', 'false', '', 0, 1, [], {}, [true]),
  number: fc.constantFrom('1', '', true, [], {}, 1.5, -1, 1e300, Number.MAX_SAFE_INTEGER),
  list: fc.constantFrom('x', '', 1, true, {}, { length: 1, 0: 'x' }),
  object: fc.constantFrom('x', '', 1, true, [], [[]]),
};

export const wrongType: fc.Arbitrary<HostileCall> = fc
  .tuple(anyPlugin, fc.constantFrom<Kind>('text', 'flag', 'number', 'list', 'object'), anyCommand)
  .chain(([plugin, kind, command]) =>
    fc.record({
      plugin: fc.constant(plugin),
      command: fc.constant(command),
      path: fc.constantFrom(...typed[plugin][kind]),
      value: wrong[kind],
    }),
  )
  .map(({ plugin, command, path, value }) =>
    withConfig(plugin, command, putJson(ordinary(plugin, command), path, value), {
      what: `${path.join('.')} is ${JSON.stringify(value)}`,
      expected: 7,
    }),
  );

/** By command where it is not the same for all; a number stands for the commands about an attachment and all others. */
type Expectation = Partial<Record<HostileCommand, number>> & { readonly others: number };

interface EvilField {
  readonly plugin: HostileCall['plugin'];
  readonly path: Path;
  readonly text: fc.Arbitrary<string>;
  readonly expected: Expectation;
}

const refused: Expectation = { others: 7 };
const harmless: Expectation = { others: 0 };
/** Read where the network is built or looked at, not where it is taken down. */
const refusedButDown: Expectation = { others: 7, DEL: 0, GC: 0 };
const refusedOnAdd: Expectation = { others: 0, ADD: 7 };

const noNul = evilText.filter((text) => !text.includes('\0'));
/** A path that leads to nothing, from wherever. */
const nowhere = (text: string): string => `/nowhere-at-all/${text}`;

const evilFields: readonly EvilField[] = [
  ...[['bridge'], ['hostInterfaceName'], ['uplink', 'device']].map(
    (path): EvilField => ({ plugin: 'veth-bridge', path, text: badName, expected: refused }),
  ),
  ...[['mac'], ['args', 'cni', 'mac'], ['runtimeConfig', 'mac']].map(
    (path): EvilField => ({ plugin: 'veth-bridge', path, text: evilText, expected: refusedButDown }),
  ),
  { plugin: 'veth-bridge', path: ['ipMasqBackend'], text: evilText, expected: refused },
  { plugin: 'veth-bridge', path: ['name'], text: evilText, expected: refused },
  { plugin: 'veth-bridge', path: ['cniVersion'], text: evilText, expected: { others: 1 } },
  { plugin: 'veth-bridge', path: ['type'], text: evilText.map((text) => `/${text}`), expected: refused },
  {
    plugin: 'veth-bridge',
    path: ['ipam', 'type'],
    text: evilText.map((text) => `../${text}`),
    expected: refused,
  },
  {
    plugin: 'veth-bridge',
    path: ['ipam', 'type'],
    text: evilText.map((text) => `-${text.replaceAll(/[/\\\0]/g, '"').slice(0, 50)}`),
    // CHECK tells it among the other faults.
    expected: { others: 7, CHECK: 104 },
  },
  ...[
    ['logLevel'],
    ['dns', 'domain'],
    ['dns', 'search', 0],
    ['capabilities', 'x'],
    ['ipam', 'unknown'],
    ['args', 'x'],
  ].map((path): EvilField => ({ plugin: 'veth-bridge', path, text: evilText, expected: harmless })),
  { plugin: 'veth-bridge', path: ['cni.dev/valid-attachments', 0], text: evilText, expected: refused },
  ...['subnet', 'rangeStart', 'rangeEnd', 'gateway'].map(
    (key): EvilField => ({
      plugin: 'host-local',
      path: ['ipam', 'ranges', 0, 0, key],
      text: evilText,
      expected: refused,
    }),
  ),
  ...[
    ['ipam', 'subnet'],
    ['ipam', 'routes', 0, 'dst'],
    ['runtimeConfig', 'ipRanges', 0, 0, 'subnet'],
  ].map((path): EvilField => ({ plugin: 'host-local', path, text: evilText, expected: refused })),
  ...[
    ['runtimeConfig', 'ips', 0],
    ['args', 'cni', 'ips', 0],
  ].map((path): EvilField => ({ plugin: 'host-local', path, text: evilText, expected: refusedOnAdd })),
  {
    plugin: 'host-local',
    path: ['ipam', 'resolvConf'],
    text: evilText.map((text) => `${text}\0`),
    expected: refused,
  },
  {
    plugin: 'host-local',
    path: ['ipam', 'resolvConf'],
    text: noNul.map(nowhere),
    expected: { others: 0, ADD: 5 },
  },
  {
    plugin: 'host-local',
    path: ['ipam', 'dataDir'],
    text: evilText.map((text) => `../${text}`),
    expected: refused,
  },
  {
    plugin: 'host-local',
    path: ['ipam', 'dataDir'],
    text: evilText.map((text) => text.replace(/^\/+/, '') || 'x'),
    expected: refused,
  },
  {
    plugin: 'host-local',
    path: ['ipam', 'dataDir'],
    text: evilText.map((text) => `@DATA@/${text}\0`),
    expected: refused,
  },
  {
    plugin: 'host-local',
    path: ['ipam', 'dataDir'],
    text: noNul.map((text) => `@DATA@/${text.replaceAll('/', '_').slice(0, 60)}`),
    // CHECK looks for what ADD has reserved elsewhere.
    expected: { others: 0, CHECK: 104 },
  },
  {
    plugin: 'host-local',
    path: ['ipam', 'dataDir'],
    text: fc.constantFrom(`/${'x'.repeat(256)}`, `/${'x/'.repeat(5000)}`),
    expected: { others: 5, STATUS: 50 },
  },
];

export const evilField: fc.Arbitrary<HostileCall> = fc
  .tuple(fc.constantFrom(...evilFields), anyCommand)
  .chain(([{ text, ...field }, command]) => fc.tuple(fc.constant({ ...field, command }), text))
  .map(([{ plugin, path, expected, command }, text]) =>
    withConfig(plugin, command, putJson(ordinary(plugin, command), path, text), {
      what: `${path.join('.')} is ${JSON.stringify(text).slice(0, 100)}`,
      expected: expected[command] ?? expected.others,
    }),
  );

/** A log file where none may come to be: relative, or nowhere. Beside it, something to log. */
export const evilLogFile: fc.Arbitrary<HostileCall> = fc
  .tuple(anyCommand, fc.constantFrom('', '../', './../', '~/', '/nowhere-at-all/'), evilText)
  .map(([command, folder, text]) => {
    const config = {
      ...ordinary('veth-bridge', command),
      logFile: `${folder}${text.replace(/^\/+/, '')}`,
      logLevel: 'info',
    };
    return withConfig('veth-bridge', command, config, {
      what: `logFile is ${JSON.stringify(config.logFile).slice(0, 100)}`,
      expected: 0,
    });
  });

/** Attachments that GC is to keep, whatever they are called; and other commands that are told of them. */
export const evilAttachments: fc.Arbitrary<HostileCall> = fc
  .tuple(anyCommand, fc.array(fc.record({ containerID: evilText, ifname: evilText }), { maxLength: 4 }))
  .map(([command, valid]) => {
    const config = { ...ordinary('veth-bridge', command), 'cni.dev/valid-attachments': valid };
    const after = command === 'GC' ? { after: {} } : {};
    return withConfig('veth-bridge', command, config, {
      what: `${valid.length} odd valid attachments`,
      expected: 0,
      ...after,
    });
  });
