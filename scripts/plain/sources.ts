/** Which schemas get readers, and in which files they are. */
import { dirname, relative } from 'node:path';
import * as hostLocal from '../../ipam/host-local/config.ts';
import * as base from '../../lib/cni/config.ts';
import * as vlan from '../../lib/cni/vlan.ts';
import * as document from '../../lib/ip/document.ts';
import { linkList } from '../../lib/ip/read.ts';
import * as addresses from '../../lib/net/schema.ts';
import * as ipvlan from '../../plugins/ipvlan/config.ts';
import * as macvlan from '../../plugins/macvlan/config.ts';
import * as ovs from '../../plugins/ovs/config.ts';
import * as sriov from '../../plugins/sriov/config.ts';
import * as vethBridge from '../../plugins/veth-bridge/config.ts';
import { generateReaders, type Named, type Source } from './generate.ts';

/** Modules whose exported functions schemas check with. */
const modules: Readonly<Record<string, object>> = {
  'lib/cni/config.ts': base,
  'lib/cni/vlan.ts': vlan,
  'lib/ip/document.ts': document,
  'lib/net/schema.ts': addresses,
  'ipam/host-local/config.ts': hostLocal,
  'plugins/ovs/config.ts': ovs,
  'plugins/sriov/config.ts': sriov,
};

const config = (schema: Source['schema']): Source => ({ name: 'plainConfig', schema, folds: true });

const files: Readonly<Record<string, () => readonly Source[]>> = {
  'lib/cni/plain.ts': () => [config(base.baseConfigSchema())],
  'lib/ip/plain.ts': () => [{ name: 'plainLinks', schema: linkList(), folds: false }],
  'ipam/host-local/plain.ts': () => [config(hostLocal.configSchema())],
  'plugins/veth-bridge/plain.ts': () => [config(vethBridge.configSchema())],
  'plugins/ovs/plain.ts': () => [
    config(ovs.configSchema()),
    { name: 'plainFields', schema: ovs.fieldsSchema(), folds: true },
  ],
  'plugins/macvlan/plain.ts': () => [config(macvlan.configSchema())],
  'plugins/ipvlan/plain.ts': () => [config(ipvlan.configSchema())],
  'plugins/sriov/plain.ts': () => [config(sriov.configSchema())],
};

/** Texts of all readers, by their files from the project's root. */
export function allReaders(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).map(([file, sources]) => [
      file,
      generateReaders(sources(), (fn) => find(file, fn), specifier(file, 'lib/plain.ts')),
    ]),
  );
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
