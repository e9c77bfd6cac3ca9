/** Lints one plugin's config by the plugin's own rules. */
import { getNodeValue } from 'jsonc-parser';
import { isObject, member } from '../../lib/cni/json.ts';
import { findPlugin } from '../../plugins/index.ts';
import { itemsOf, memberOf } from '../network/source.ts';
import { lintCapabilities } from './capabilities.ts';
import { hostLocalType, lintHostLocal, noRanges } from './host-local.ts';
import { findRepeatedKeys } from './keys.ts';
import type { Member } from './network.ts';
import { lintOwn } from './own.ts';
import { type Place, reportKeys } from './place.ts';
import { lintIpamType, lintType } from './types.ts';

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
  if (plugin?.kind !== 'interface') reportKeys(place, findRepeatedKeys(node, at));
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
