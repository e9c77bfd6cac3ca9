/** The one table of plugin names, with all plugins loaded; a call loads only its own (load.ts). */
import { hostLocal } from '../ipam/host-local/plugin.ts';
import type { Plugin } from '../lib/cni/plugin.ts';
import { ipvlan } from './ipvlan/plugin.ts';
import { macvlan } from './macvlan/plugin.ts';
import { ovs } from './ovs/plugin.ts';
import { sriov } from './sriov/plugin.ts';
import { vethBridge } from './veth-bridge/plugin.ts';

const plugins = {
  'veth-bridge': vethBridge,
  /** The reference plugin's name, for configs that were written for it. */
  bridge: vethBridge,
  ovs,
  macvlan,
  ipvlan,
  sriov,
  'host-local': hostLocal,
} satisfies Record<string, Plugin>;

export type PluginName = keyof typeof plugins;

export function findPlugin(name: string): Plugin | undefined {
  const table: Readonly<Record<string, Plugin>> = plugins;
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
