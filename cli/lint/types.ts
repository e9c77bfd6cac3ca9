/** The plugins that a config names: its own type, and its IPAM plugin's. */
import { isObject, type JsonObject, member } from '../../lib/cni/json.ts';
import type { Plugin } from '../../lib/cni/plugin.ts';
import { memberOf, membersOf } from '../network/source.ts';
import { nearestName } from './nearest.ts';
import { chained, foreignTypes, ipams } from './peers.ts';
import type { Place } from './place.ts';

/** The names that our plugins answer to. */
const ourTypes = ['veth-bridge', 'bridge', 'ovs', 'macvlan', 'ipvlan', 'sriov'];

/** @param plugin ours that answers to the type; undefined where it is of others */
export function lintType(
  { node, at, isChained, report }: Place,
  type: string,
  plugin: Plugin | undefined,
): void {
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

/** @returns the IPAM plugin that is named; undefined where there is none */
export function lintIpamType({ node, at, report }: Place, written: JsonObject): string | undefined {
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
