/** host-local's part of a config, and the ranges that are in it. */
import { dataDirOf, type Config as HostLocalConfig, rangeSetsOf } from '../../ipam/host-local/config.ts';
import { type JsonObject, member, type SchemaLike } from '../../lib/cni/json.ts';
import type { Plugin } from '../../lib/cni/plugin.ts';
import { findPlugin } from '../../plugins/index.ts';
import { memberOf, type Path } from '../network/source.ts';
import { contextOf } from './example-call.ts';
import { findUnknownKeys, keysOf, knownAs, shapeOf } from './keys.ts';
import type { Member, PlacedRanges } from './network.ts';
import { type Place, reportKeys } from './place.ts';
import { lintBy } from './refusals.ts';

export const hostLocalType = 'host-local';

/** Of a config without host-local, or where its ranges cannot be read. */
export const noRanges = { ranges: [], dataDir: undefined } as const;

function hostLocal(): Plugin {
  const plugin = findPlugin(hostLocalType);
  if (plugin === undefined) throw new Error('no host-local in the table of plugins');
  return plugin;
}

/** What host-local reads below `ipam`. */
export function ipamSchema(): SchemaLike | undefined {
  return shapeOf(hostLocal().config.schema()).shape?.['ipam'];
}

/** host-local, of whichever interface plugin: the peer reads its config as ours does. */
export function lintHostLocal(place: Place, written: JsonObject): Pick<Member, 'ranges' | 'dataDir'> {
  const { node, at } = place;
  const plugin = hostLocal();
  const schema = ipamSchema();
  const ipam = memberOf(node, 'ipam')?.value;
  if (schema === undefined || ipam === undefined) return noRanges;
  const mainKeys = keysOf(findPlugin(String(member(written, 'type')))?.config.schema());
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
