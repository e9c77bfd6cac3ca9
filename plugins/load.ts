/**
 * The table of plugins for one call: each is loaded when it is asked for. A build that keeps modules apart (Bun's) then
 * reads none of the others; in a snapshot all of them are there.
 */
import type { Plugin } from '../lib/cni/plugin.ts';
import type { PluginName } from './index.ts';

const vethBridge = async (): Promise<Plugin> => (await import('./veth-bridge/plugin.ts')).vethBridge;

const loaders: Readonly<Record<PluginName, () => Promise<Plugin>>> = {
  'veth-bridge': vethBridge,
  bridge: vethBridge,
  ovs: async () => (await import('./ovs/plugin.ts')).ovs,
  macvlan: async () => (await import('./macvlan/plugin.ts')).macvlan,
  ipvlan: async () => (await import('./ipvlan/plugin.ts')).ipvlan,
  sriov: async () => (await import('./sriov/plugin.ts')).sriov,
  'host-local': async () => (await import('../ipam/host-local/plugin.ts')).hostLocal,
};

export function isPluginName(name: string): name is PluginName {
  return Object.hasOwn(loaders, name);
}

/** The plugin that is called by this name; undefined where there is none. */
export async function loadPlugin(name: PluginName): Promise<Plugin>;
export async function loadPlugin(name: string): Promise<Plugin | undefined>;
export async function loadPlugin(name: string): Promise<Plugin | undefined> {
  return isPluginName(name) ? loaders[name]() : undefined;
}
