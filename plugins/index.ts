/** The one table of plugin names. */
import { hostLocal } from '../ipam/host-local/plugin.ts';
import type { Plugin } from '../lib/cni/plugin.ts';
import { ipvlan } from './ipvlan/plugin.ts';
import { macvlan } from './macvlan/plugin.ts';
import { ovs } from './ovs/plugin.ts';
import { sriov } from './sriov/plugin.ts';
import { vethBridge } from './veth-bridge/plugin.ts';

const plugins: Readonly<Record<string, Plugin>> = {
  'veth-bridge': vethBridge,
  /** The reference plugin's name, for configs that were written for it. */
  bridge: vethBridge,
  ovs,
  macvlan,
  ipvlan,
  sriov,
  'host-local': hostLocal,
};

export function findPlugin(name: string): Plugin | undefined {
  return Object.hasOwn(plugins, name) ? plugins[name] : undefined;
}
