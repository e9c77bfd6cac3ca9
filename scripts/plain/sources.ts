/** Which schemas get readers, and in which files they are. */
import { dirname, relative } from 'node:path';
import * as hostLocal from '../../ipam/host-local/config.ts';
import * as base from '../../lib/cni/config.ts';
import * as vlan from '../../lib/cni/vlan.ts';
import { linkList, routeList } from '../../lib/ip/read.ts';
import { functionList } from '../../lib/ip/vf.ts';
import * as addresses from '../../lib/net/schema.ts';
import { listing } from '../../lib/nft/transaction.ts';
import * as plain from '../../lib/plain.ts';
import * as ipvlan from '../../plugins/ipvlan/config.ts';
import * as macvlan from '../../plugins/macvlan/config.ts';
import * as ovs from '../../plugins/ovs/config.ts';
import * as sriov from '../../plugins/sriov/config.ts';
import { stateSchema } from '../../plugins/sriov/state.ts';
import * as vethBridge from '../../plugins/veth-bridge/config.ts';
import { generateReaders } from './generate.ts';
import type { Known, Named, Source } from './source.ts';

/** Modules whose exported functions schemas check with. */
const modules: Readonly<Record<string, object>> = {
  'lib/cni/config.ts': base,
  'lib/cni/vlan.ts': vlan,
  'lib/plain.ts': plain,
  'lib/net/schema.ts': addresses,
  'ipam/host-local/config.ts': hostLocal,
  'plugins/ovs/config.ts': ovs,
  'plugins/sriov/config.ts': sriov,
};

const reader = (name: string, schema: Source['schema']): Source => ({ name, schema, folds: true });
const table = (name: string, schema: Source['schema']): Source => ({
  ...reader(name, schema),
  isShape: true,
});
/** Of what a tool prints, or a file of ours holds. */
const printed = (name: string, schema: Source['schema']): Source => ({ name, schema, folds: false });
const own = (name: string, schema: Source['schema']): Source => ({ ...reader(name, schema), isOwn: true });

const commonFile = 'lib/cni/plain.ts';

/** What all configs are built on. */
const common: readonly Source[] = [
  reader('optionalText', base.optionalText()),
  reader('optionalTexts', base.optionalTexts()),
  reader('offByDefault', base.offByDefault()),
  own('optionalPluginName', base.optionalPluginName()),
  reader('deviceName', base.deviceName()),
  reader('optionalDevice', base.optionalDevice()),
  reader('linkMtu', base.linkMtu()),
  table('cniArgs', base.cniArgsSchema()),
  table('runtimeConfig', base.runtimeConfigSchema()),
  table('base', base.baseConfigSchema()),
];

/** A file that builds on these; each source can use those before it. */
const files: Readonly<Record<string, readonly Source[]>> = {
  'ipam/host-local/plain.ts': [
    own('optionalAddress', addresses.optionalAddress()),
    own('cidrText', addresses.cidrText()),
    own('rangeSets', hostLocal.rangeSetsSchema()),
    reader('plainConfig', hostLocal.configSchema()),
  ],
  'plugins/veth-bridge/plain.ts': [reader('plainConfig', vethBridge.configSchema())],
  'plugins/ovs/plain.ts': [
    table('fields', ovs.fieldsSchema()),
    reader('plainFields', ovs.fieldsSchema()),
    reader('plainConfig', ovs.configSchema()),
  ],
  'plugins/macvlan/plain.ts': [reader('plainConfig', macvlan.configSchema())],
  'plugins/ipvlan/plain.ts': [reader('plainConfig', ipvlan.configSchema())],
  'plugins/sriov/plain.ts': [
    reader('plainConfig', sriov.configSchema()),
    printed('plainState', stateSchema()),
  ],
};

/** Texts of all readers, not formatted yet, by their files from the project's root. */
export function allReaders(): Readonly<Record<string, string>> {
  return {
    [commonFile]: readersOf(commonFile, [...common, reader('plainConfig', base.baseConfigSchema())]),
    'lib/ip/plain.ts': readersOf('lib/ip/plain.ts', [
      printed('plainLinks', linkList()),
      printed('plainRoutes', routeList()),
      printed('plainFunctions', functionList()),
    ]),
    'lib/nft/plain.ts': readersOf('lib/nft/plain.ts', [printed('plainListing', listing())]),
    ...Object.fromEntries(
      Object.entries(files).map(([file, sources]) => [file, readersOf(file, sources, common)]),
    ),
  };
}

function readersOf(file: string, sources: readonly Source[], shared: readonly Source[] = []): string {
  const known: readonly Known[] = shared
    .filter(({ isOwn }) => !isOwn)
    .map((one) => ({ ...one, from: specifier(file, commonFile) }));
  return generateReaders(sources, (fn) => find(file, fn), specifier(file, 'lib/plain.ts'), known);
}

function find(file: string, fn: unknown): Named | undefined {
  for (const [module, exports] of Object.entries(modules)) {
    const [name] = Object.entries(exports).find(([, value]) => value === fn) ?? [];
    if (name !== undefined) return { name, from: specifier(file, module) };
  }
  return undefined;
}

function specifier(file: string, module: string): string {
  const path = relative(dirname(file), module);
  return path.startsWith('.') ? path : `./${path}`;
}
