/** Lints one plugin's config by the plugin's own rules. */
import { getNodeValue, type Node } from 'jsonc-parser';
import { dataDirOf, type Config as HostLocalConfig, rangeSetsOf } from '../../ipam/host-local/config.ts';
import { parseArgs } from '../../lib/cni/args.ts';
import { readConfig } from '../../lib/cni/config.ts';
import type { Ipam } from '../../lib/cni/delegate.ts';
import { isObject, type JsonObject, member } from '../../lib/cni/json.ts';
import { createLog } from '../../lib/cni/log.ts';
import type { Context, Plugin } from '../../lib/cni/plugin.ts';
import type { Result } from '../../lib/cni/result.ts';
import type { SpecVersion } from '../../lib/cni/version.ts';
import { asCniError } from '../../lib/errors.ts';
import { realHost } from '../../lib/ip/real-host.ts';
import { findPlugin } from '../../plugins/index.ts';
import {
  itemsOf,
  memberOf,
  membersOf,
  type Path,
  reach,
  type Source,
  searchMember,
} from '../network/source.ts';
import type { Level } from './finding.ts';
import { findRepeatedKeys, findUnknownKeys, keysOf, knownAs, shapeOf } from './keys.ts';
import { nearestName } from './nearest.ts';
import type { Member, PlacedRanges } from './network.ts';
import { fieldOf, type Reduced, startsWith, unshifted, without } from './paths.ts';
import { capabilities, chained, foreignTypes, ipams } from './peers.ts';

/** Where a plugin's config is, and what the runtime will add to it. */
export interface Place {
  readonly source: Source;
  readonly node: Node;
  readonly at: Path;
  readonly network: string;
  readonly version: SpecVersion;
  /** Whether another plugin of the chain comes before it. */
  readonly isChained: boolean;
  /** Whether it is in a list, which has keys of its own. */
  readonly isInList: boolean;
  report(node: Node, path: Path, level: Level, message: string): void;
}

/** Keys of a plugin's config that the runtime reads. */
const runtimeKeys = ['$schema', 'capabilities'];
const listKeys = ['plugins', 'cniVersions', 'disableCheck', 'disableGC', 'loadOnlyInlinedPlugins'];

const hostLocalType = 'host-local';

/** The names that our plugins answer to. */
const ourTypes = ['veth-bridge', 'bridge', 'ovs', 'macvlan', 'ipvlan', 'sriov'];

/** @returns what of the config concerns the rest of the node; undefined where it is no config at all */
export function lintMember(place: Place): Member | undefined {
  const { node, at, report } = place;
  const written: unknown = getNodeValue(node);
  if (!isObject(written)) {
    report(node, at, 'error', `${at.length === 0 ? 'the file' : 'a plugin'} must be a JSON object`);
    return undefined;
  }
  const type = member(written, 'type');
  if (typeof type !== 'string' || type === '') {
    const said = type === undefined ? 'missing' : JSON.stringify(type);
    report(
      memberOf(node, 'type')?.value ?? node,
      [...at, 'type'],
      'error',
      `type: ${said}, expected the name of a plugin`,
    );
    return undefined;
  }
  const plugin = findPlugin(type);
  lintType(place, type, plugin);
  lintCapabilities(place);
  const ipamType = lintIpamType(place, written);
  const config = plugin?.kind === 'interface' ? lintOwn(place, plugin, written) : undefined;
  if (plugin?.kind !== 'interface')
    for (const fault of findRepeatedKeys(node, at))
      report(fault.node, fault.path, fault.level, fault.message);
  if (/^multus/.test(type)) lintDelegates(place);
  const local = ipamType === hostLocalType ? lintHostLocal(place, written) : noRanges;
  return { type, plugin: plugin?.name, ipamType, at, written, config, ...local };
}

/** Multus hands these to their plugins as they stand; a list among them it takes apart itself. */
function lintDelegates(place: Place): void {
  const delegates = itemsOf(memberOf(place.node, 'delegates')?.value);
  for (const [index, node] of delegates.entries()) {
    if (memberOf(node, 'plugins') !== undefined) continue;
    lintMember({ ...place, node, at: [...place.at, 'delegates', index], isChained: false, isInList: false });
  }
}

function lintType({ node, at, isChained, report }: Place, type: string, plugin: Plugin | undefined): void {
  const value = memberOf(node, 'type')?.value ?? node;
  if (plugin?.kind === 'ipam') {
    report(
      value,
      [...at, 'type'],
      'error',
      `type: "${type}" gives addresses to an interface plugin; put it into ipam.type of one`,
    );
  }
  if (!isChained && chained.includes(type)) {
    report(
      value,
      [...at, 'type'],
      'error',
      `type: "${type}" works on what an earlier plugin has made, and there is none; put it behind one`,
    );
  }
  if (plugin !== undefined || foreignTypes.has(type)) return;
  const meant = nearestName(type, [...ourTypes, ...foreignTypes]);
  if (meant !== undefined && meant !== type)
    report(
      value,
      [...at, 'type'],
      'error',
      `type: "${type}" is no plugin that is known here; did you mean ${meant}?`,
    );
}

function lintCapabilities({ node, at, report }: Place): void {
  const found = memberOf(node, 'capabilities')?.value;
  if (found === undefined || found.type === 'null') return;
  const path = [...at, 'capabilities'];
  if (found.type !== 'object')
    report(found, path, 'error', 'capabilities: expected an object such as {"mac": true}');
  for (const { key, value } of membersOf(found)) {
    const name = String(key.value);
    if (value.type !== 'boolean')
      report(value, [...path, name], 'error', `capabilities.${name}: expected true or false`);
    if (capabilities.includes(name)) continue;
    // Runtimes know these by their exact spelling, and there may be others that are not known here.
    const meant = nearestName(name, capabilities);
    if (meant !== undefined)
      report(
        key,
        [...path, name],
        'error',
        `capabilities.${name}: no runtime knows this one; did you mean ${meant}?`,
      );
  }
}

function lintIpamType({ node, at, report }: Place, written: JsonObject): string | undefined {
  const ipam = member(written, 'ipam');
  const type = isObject(ipam) ? member(ipam, 'type') : undefined;
  const found = memberOf(node, 'ipam')?.value;
  if (isObject(ipam) && found && (type === undefined || type === '')) {
    // {} is the documented form for a link without addresses.
    const keys = membersOf(found)
      .map(({ key }) => String(key.value))
      .filter((key) => !/^(?:_|#|\/\/)|^type$/i.test(key));
    if (keys.length > 0)
      report(
        found,
        [...at, 'ipam'],
        'error',
        `ipam.type: missing, so that ${keys.join(', ')} would mean nothing; name the IPAM plugin, such as host-local`,
      );
    return undefined;
  }
  if (typeof type !== 'string') return undefined;
  if (ipams.includes(type)) return type;
  const value = memberOf(found, 'type')?.value ?? node;
  const path = [...at, 'ipam', 'type'];
  if (ourTypes.includes(type))
    report(
      value,
      path,
      'error',
      `ipam.type: "${type}" is an interface plugin, which gives no addresses; use host-local or another IPAM plugin`,
    );
  const meant = nearestName(type, ipams);
  if (meant !== undefined)
    report(
      value,
      path,
      'error',
      `ipam.type: "${type}" is no IPAM plugin that is known here; did you mean ${meant}?`,
    );
  return type;
}

/** One of our interface plugins. */
function lintOwn(place: Place, plugin: Plugin, written: JsonObject): Member['config'] {
  const { node, at } = place;
  const ipamKeys = keysOf(shapeOf(hostLocal().config).shape?.['ipam']).filter((key) => key !== 'type');
  reportKeys(
    place,
    findUnknownKeys(plugin.config, node, at, {
      others: runtimeKeys,
      elsewhere(key) {
        if (knownAs(key, listKeys) !== undefined)
          return `unknown key; it belongs ${place.isInList ? 'to the list, beside plugins' : 'to a list, which is a file .conflist'}`;
        const known = knownAs(key, ipamKeys);
        return known === undefined ? undefined : `unknown key; ${known} belongs into ipam`;
      },
    }),
  );
  lintLog(place, written);
  return lintBy(place, plugin, written, () => true);
}

const noRanges = { ranges: [], dataDir: undefined } as const;

function hostLocal(): Plugin {
  const plugin = findPlugin(hostLocalType);
  if (plugin === undefined) throw new Error('no host-local in the table of plugins');
  return plugin;
}

/** host-local, of whichever interface plugin: the peer reads its config as ours does. */
function lintHostLocal(place: Place, written: JsonObject): Pick<Member, 'ranges' | 'dataDir'> {
  const { node, at } = place;
  const plugin = hostLocal();
  const schema = shapeOf(plugin.config).shape?.['ipam'];
  const ipam = memberOf(node, 'ipam')?.value;
  if (schema === undefined || ipam === undefined) return noRanges;
  const mainKeys = keysOf(findPlugin(String(member(written, 'type')))?.config);
  reportKeys(
    place,
    findUnknownKeys(schema, ipam, [...at, 'ipam'], {
      others: [],
      elsewhere(key) {
        const known = knownAs(key, mainKeys);
        return known === undefined ? undefined : `unknown key; ${known} belongs beside ipam, not into it`;
      },
      isClosed: true,
    }),
  );
  // The rest of the config is its caller's matter.
  const isIts = (path: Path): boolean =>
    ['ipam', 'args', 'runtimeConfig', 'cniVersion'].includes(String(path[0]));
  const config = lintBy(place, plugin, written, isIts) as HostLocalConfig | undefined;
  if (config === undefined) return noRanges;
  return { ranges: rangesOf(place, config), dataDir: dataDirOf(config) };
}

/** The range sets of the file, with their places; none where they contradict each other. */
function rangesOf(place: Place, { runtimeConfig: _, ...config }: HostLocalConfig): readonly PlacedRanges[] {
  try {
    const sets = rangeSetsOf(contextOf(place, { ...config, runtimeConfig: undefined }, {}));
    const hasOldForm = config.ipam.subnet !== undefined;
    return sets.map((set, index) => {
      const isOldForm = hasOldForm && index === 0;
      const path = isOldForm ? ['ipam'] : ['ipam', 'ranges', index - (hasOldForm ? 1 : 0)];
      return { set, path: [...place.at, ...path], isOldForm };
    });
  } catch {
    return [];
  }
}

function reportKeys({ report }: Place, faults: ReturnType<typeof findUnknownKeys>): void {
  for (const { node, path, level, message } of faults) report(node, path, level, message);
}

/** A level or a file of the log that the plugin would pass over, in the words of its own warning. */
function lintLog({ node, at, report }: Place, written: JsonObject): void {
  const [level, file] = ['logLevel', 'logFile'].map((key) => member(written, key));
  const warn = (line: string): void => {
    const { message } = JSON.parse(line) as { message: string };
    const path = fieldOf(message);
    report(reach(node, path).node, [...at, ...path], 'warning', message);
  };
  createLog({
    level: typeof level === 'string' ? level : undefined,
    // An absolute one would be written to.
    file: typeof file === 'string' && !file.startsWith('/') ? file : undefined,
    command: 'ADD',
    containerId: '',
    plugin: '',
    stderr: warn,
  });
}

/**
 * Reports all that the plugin would say, one ADD after the other: what it refuses is taken away before it is asked anew.
 * @param isIts which fields' faults are to be reported
 * @returns the config as the plugin reads it, without what does not fit; undefined where that is needed
 */
function lintBy(
  place: Place,
  plugin: Plugin,
  written: JsonObject,
  isIts: (path: Path) => boolean,
): Member['config'] {
  let reduced: Reduced = { config: completed(place, written), removed: [] };
  let config = readConfig(plugin.config, reduced.config);
  // Taking away a part that is needed brings up another fault: then the whole goes.
  for (let round = 0; config.faults !== undefined && round < 8; round += 1) {
    for (const { path: found, message } of config.faults) {
      const path = unshifted(
        found.map((step) => (typeof step === 'symbol' ? String(step) : step)),
        reduced.removed,
      );
      if (round === 0 && isIts(path)) reportAt(place, path, message);
    }
    for (const { path } of config.faults.toReversed()) {
      const steps = path.filter((step) => typeof step !== 'symbol');
      const whole = round === 0 ? steps : steps.slice(0, -1);
      reduced = without(reduced, whole) ?? reduced;
    }
    config = readConfig(plugin.config, reduced.config);
  }
  if (config.faults !== undefined) return undefined;
  validateAll(place, plugin, reduced, isIts);
  return config.config as Member['config'];
}

/** Fields that go together, and do not. */
function validateAll(place: Place, plugin: Plugin, begin: Reduced, isIts: (path: Path) => boolean): void {
  let reduced: Reduced | undefined = begin;
  while (reduced !== undefined) {
    const { config, faults } = readConfig(plugin.config, reduced.config);
    if (faults !== undefined) return;
    try {
      plugin.validate?.(contextOf(place, config, reduced.config));
      return;
    } catch (error) {
      const { message } = asCniError(error);
      const { removed }: Reduced = reduced;
      const path = unshifted(fieldOf(message), removed);
      // What is missing because it was taken away has been told.
      const isEcho = removed.some(
        (gone) => /: missing\b/.test(message) || startsWith(gone, path) || mentions(message, gone),
      );
      if (!isEcho && isIts(path)) reportAt(place, path, message);
      reduced = without(reduced, path);
    }
  }
}

/** Whether a message speaks of a field of the plugin's own. */
function mentions(message: string, [name, ...below]: Path): boolean {
  return below.length === 0 && new RegExp(`\\b${RegExp.escape(String(name))}\\b`).test(message);
}

/** At the field's value; at the object that lacks it; at a field of that name elsewhere in the config or the file. */
function reportAt({ source, node, at, report }: Place, path: Path, message: string): void {
  const { node: found, isWhole } = reach(node, path);
  const name = path.findLast((step) => typeof step === 'string');
  const elsewhere =
    isWhole || path.length > 1 || name === undefined
      ? undefined
      : (searchMember(node, name) ?? memberOf(source.root, name)?.value);
  report(elsewhere ?? found, [...at, ...path], 'error', message);
}

/** The config as a runtime hands it over: with the network's name, and with an example of what it can add. */
function completed({ network, version }: Place, written: JsonObject): JsonObject {
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

const exampleDevice = '0000:00:00.0';

/** Stands for what the earlier plugins of a chain have made. */
const exampleResult: Result = {
  interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/run/netns/example' }],
  ips: [{ address: '192.0.2.2/24', interface: 0 }],
  routes: [],
  dns: {},
};

function contextOf<C>({ network, version, isChained }: Place, config: C, given: JsonObject): Context<C> {
  const ipam = member(given, 'ipam');
  const type = isObject(ipam) ? member(ipam, 'type') : undefined;
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
    ipam: typeof type === 'string' && type !== '' ? uncalled(type) : undefined,
    prevResult: isChained ? exampleResult : undefined,
  };
}

/** Only whether there is one is asked here. */
function uncalled(type: string): Ipam {
  const refuse = (): never => {
    throw new Error('lint calls no IPAM plugin');
  };
  return { type, add: refuse, del: refuse, check: refuse, gc: refuse, status: refuse };
}
