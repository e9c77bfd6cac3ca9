/** Fits a network to what somebody asks for one interface of it. */
import { isObject, type JsonObject, member, without } from '../../lib/cni/json.ts';
import {
  addressBits,
  boundsOf,
  type Family,
  formatAddress,
  formatCidr,
  networkCidr,
  next,
  parseCidr,
  sameAddress,
} from '../../lib/net/address.ts';
import { CommandError } from '../command.ts';
import { type Chain, type ChainedPlugin, chainOf } from '../network/chain.ts';
import type { WantedAddress, Wishes } from './wishes.ts';

/** A network for one interface, and what its plugins are told beside their configs. */
export interface Fitted {
  readonly chain: Chain;
  readonly capabilityArgs: JsonObject | undefined;
  readonly cniArgs: string | undefined;
}

/** Plugins that take a VLAN as `vlan`. */
const withVlan = ['veth-bridge', 'bridge', 'ovs', 'sriov'];
/** IPAM plugins that take routes as `routes`. */
const withRoutes = ['host-local', 'static'];

/**
 * What a plugin says it can take it gets as a runtime gives it (`runtimeConfig`), all else by CNI_ARGS; what neither
 * has a place for goes into the configs. A network without addresses gets the one asked for by a host-local of its own.
 * @throws CommandError for what this network has no place for
 */
export function fitChain(chain: Chain, wishes: Wishes): Fitted {
  let { plugins } = chain;
  if (wishes.vlan !== undefined) plugins = setVlan(chain, plugins, wishes.vlan);
  const { addresses, mac } = wishes;
  const isOurs = addresses.length > 0 && plugins.every(({ ipamType }) => ipamType === undefined);
  if (isOurs) plugins = addIpam(chain, plugins, addresses);
  else plugins = addRoutes(chain, plugins, addresses);
  const takes = (capability: string): boolean =>
    plugins.some(({ capabilities }) => capabilities.includes(capability));
  const ips = isOurs ? [] : addresses.map(({ text }) => text);
  const args = [
    ...(ips.length > 0 && !takes('ips') ? [`IP=${ips.join(',')}`] : []),
    ...(mac !== undefined && !takes('mac') ? [`MAC=${mac}`] : []),
  ];
  const byCapability = {
    ...(ips.length > 0 && takes('ips') && { ips }),
    ...(mac !== undefined && takes('mac') && { mac }),
  };
  return {
    chain: { ...chain, plugins },
    capabilityArgs: Object.keys(byCapability).length > 0 ? byCapability : undefined,
    // Each plugin of the chain is given all of them.
    cniArgs: args.length > 0 ? ['IgnoreUnknown=1', ...args].join(';') : undefined,
  };
}

function setVlan(chain: Chain, plugins: readonly ChainedPlugin[], vlan: number): readonly ChainedPlugin[] {
  const [first] = plugins;
  if (first !== undefined && withVlan.includes(first.type)) {
    return replaced(plugins, first, { ...without(first.written, 'vlan'), vlan });
  }
  const master = first && member(first.written, 'master');
  const device = typeof master === 'string' && master !== '' ? master : 'eth0';
  throw new CommandError(
    `--vlan: the plugin "${first?.type}" of network "${chain.name}" has none; make a link of that VLAN ` +
      `(ip link add link ${device} name ${device}.${vlan} type vlan id ${vlan}) and name that one as master`,
  );
}

/** One range a family, with nothing in it but the address: a second attachment that asks for it is refused. */
function addIpam(
  chain: Chain,
  plugins: readonly ChainedPlugin[],
  addresses: readonly WantedAddress[],
): readonly ChainedPlugin[] {
  const [first] = plugins;
  if (first === undefined) return plugins;
  const ipam = {
    type: 'host-local',
    ranges: addresses.map((wanted) => [rangeOf(chain, wanted)]),
    routes: routesOf(addresses),
  };
  return replaced(plugins, first, { ...without(first.written, 'ipam'), ipam });
}

function rangeOf(chain: Chain, { text, address, cidr, gateway }: WantedAddress): JsonObject {
  if (cidr === undefined) {
    throw new CommandError(
      `--ip: ${text} has no prefix length, and network "${chain.name}" has no subnet; write ${text}/24, say`,
    );
  }
  if (cidr.prefix > addressBits(address.family) - 2) {
    throw new CommandError(
      `--ip: a subnet of /${cidr.prefix} is too small; use /${addressBits(address.family) - 2} or less`,
    );
  }
  const { first } = boundsOf(cidr);
  // host-local must have a gateway, and gives its address to nobody; without a route it is nothing but a name.
  const usual = next(first);
  const own = usual !== undefined && sameAddress(usual, address) ? next(usual) : usual;
  const reserved = gateway ?? own;
  return {
    subnet: formatCidr(networkCidr(cidr)),
    rangeStart: formatAddress(address),
    rangeEnd: formatAddress(address),
    ...(reserved !== undefined && { gateway: formatAddress(reserved) }),
  };
}

function addRoutes(
  chain: Chain,
  plugins: readonly ChainedPlugin[],
  addresses: readonly WantedAddress[],
): readonly ChainedPlugin[] {
  const routes = routesOf(addresses);
  if (routes.length === 0) return plugins;
  const plugin = plugins.find(({ ipamType }) => ipamType !== undefined && withRoutes.includes(ipamType));
  const ipam = plugin && member(plugin.written, 'ipam');
  if (plugin === undefined || !isObject(ipam)) {
    throw new CommandError(
      `--ip: the IPAM plugin of network "${chain.name}" cannot be told of a gateway; leave @GATEWAY out`,
    );
  }
  const before = member(ipam, 'routes');
  const kept = (Array.isArray(before) ? before : []).filter((route: unknown) => !isDefault(route, routes));
  return replaced(plugins, plugin, {
    ...without(plugin.written, 'ipam'),
    ipam: { ...without(ipam, 'routes'), routes: [...kept, ...routes] },
  });
}

function routesOf(addresses: readonly WantedAddress[]): readonly JsonObject[] {
  return addresses.flatMap(({ gateway }) =>
    gateway === undefined
      ? []
      : [{ dst: gateway.family === 4 ? '0.0.0.0/0' : '::/0', gw: formatAddress(gateway) }],
  );
}

const isDefault = (route: unknown, others: readonly JsonObject[]): boolean =>
  isObject(route) && others.some(({ dst }) => dst === member(route, 'dst'));

/**
 * A container's second interface does not take over its default route: a network that gives one gives none where the
 * container has one already, unless it was asked for, and then that is a contradiction.
 * @param there families of the default routes that the container has
 * @returns the network, and whether it would have given one
 * @throws CommandError where one was asked for
 */
export function yieldDefaultRoutes(
  chain: Chain,
  { addresses }: Wishes,
  there: ReadonlySet<Family>,
): { readonly chain: Chain; readonly hasYielded: boolean } {
  const asked = addresses.find(({ gateway }) => gateway !== undefined && there.has(gateway.family));
  if (asked !== undefined) {
    const family = asked.address.family;
    throw new CommandError(
      `--ip: the container has a default route of IPv${family} already; leave @${formatAddress(asked.gateway ?? asked.address)} out, or delete that route first`,
    );
  }
  if (there.size === 0) return { chain, hasYielded: false };
  const plugins = chain.plugins.map((plugin) => {
    const written = withoutDefaultRoutes(plugin.written, there);
    return written === plugin.written ? plugin : { ...plugin, written };
  });
  return {
    chain: { ...chain, plugins },
    hasYielded: plugins.some((plugin, index) => plugin !== chain.plugins[index]),
  };
}

function withoutDefaultRoutes(written: JsonObject, there: ReadonlySet<Family>): JsonObject {
  let result = written;
  if (member(written, 'isDefaultGateway') === true) {
    result = { ...without(without(written, 'isDefaultGateway'), 'isGateway'), isGateway: true };
  }
  const ipam = member(written, 'ipam');
  const routes = isObject(ipam) ? member(ipam, 'routes') : undefined;
  if (!isObject(ipam) || !Array.isArray(routes)) return result;
  const kept = routes.filter((route: unknown) => {
    const dst = isObject(route) ? member(route, 'dst') : undefined;
    const cidr = typeof dst === 'string' ? parseCidr(dst) : undefined;
    return !(cidr?.prefix === 0 && there.has(cidr.address.family));
  });
  if (kept.length === routes.length) return result;
  return { ...without(result, 'ipam'), ipam: { ...without(ipam, 'routes'), routes: kept } };
}

function replaced(
  plugins: readonly ChainedPlugin[],
  plugin: ChainedPlugin,
  written: JsonObject,
): readonly ChainedPlugin[] {
  const {
    plugins: [changed = plugin],
  } = chainOf('', { name: 'changed', plugins: [written] });
  return plugins.map((other) => (other === plugin ? changed : other));
}
