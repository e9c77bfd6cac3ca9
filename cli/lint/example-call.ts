/** The ADD that a plugin is asked about: a config as a runtime would hand it over, and what comes with it. */
import { parseArgs } from '../../lib/cni/args.ts';
import type { Ipam } from '../../lib/cni/delegate.ts';
import { isObject, type JsonObject, member } from '../../lib/cni/json.ts';
import type { Context } from '../../lib/cni/plugin.ts';
import type { Result } from '../../lib/cni/result.ts';
import { realHost } from '../../lib/ip/real-host.ts';
import { ipamTypeOf } from '../network/chain.ts';
import type { Place } from './place.ts';

const exampleDevice = '0000:00:00.0';

/** The config as a runtime hands it over: with the network's name, and with an example of what it can add. */
export function completed({ network, version }: Place, written: JsonObject): JsonObject {
  const capable = member(written, 'capabilities');
  const can = (name: string): boolean => isObject(capable) && capable[name] === true;
  const ipam = member(written, 'ipam');
  const hasRanges =
    isObject(ipam) && (member(ipam, 'ranges') !== undefined || member(ipam, 'subnet') !== undefined);
  const runtimeConfig = {
    ...(can('ipRanges') && !hasRanges ? { ipRanges: [[{ subnet: '192.0.2.0/24' }]] } : {}),
    ...(can('deviceID') ? { deviceID: exampleDevice } : {}),
  };
  // Kubernetes' device plugin has a function's address put beside the config's own fields.
  const isFunction = member(written, 'type') === 'sriov';
  const needsDevice =
    isFunction && !member(written, 'deviceID') && !member(written, 'master') && !can('deviceID');
  return {
    ...written,
    ...(needsDevice ? { deviceID: exampleDevice } : {}),
    name: network,
    cniVersion: version,
    ...(Object.keys(runtimeConfig).length > 0 ? { runtimeConfig } : {}),
  };
}

/** Stands for what the earlier plugins of a chain have made. */
const exampleResult: Result = {
  interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/run/netns/example' }],
  ips: [{ address: '192.0.2.2/24', interface: 0 }],
  routes: [],
  dns: {},
};

/** @param given the config as the plugin would get it, of which `config` is what it has read */
export function contextOf<C>(
  { network, version, isChained }: Place,
  config: C,
  given: JsonObject,
): Context<C> {
  const type = ipamTypeOf(given);
  return {
    request: {
      command: 'ADD',
      cniVersion: version,
      network,
      containerId: 'example',
      netns: '/run/netns/example',
      ifname: 'eth0',
      args: parseArgs(''),
      path: [],
      netnsOverride: false,
      config: given,
      stdin: '',
      env: {},
    },
    config,
    host: realHost(undefined),
    log: { level: 'error', log: () => undefined },
    ipam: type === undefined ? undefined : uncalled(type),
    prevResult: isChained ? exampleResult : undefined,
  };
}

/** Only whether there is one is asked here. */
function uncalled(type: string): Ipam {
  const refuse = (): never => {
    throw new Error('lint calls no IPAM plugin');
  };
  return { type, isOurs: () => false, add: refuse, del: refuse, check: refuse, gc: refuse, status: refuse };
}
