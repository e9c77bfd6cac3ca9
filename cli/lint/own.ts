/** The config of one of our interface plugins: keys that it does not know, and what it would say itself. */
import { type JsonObject, member } from '../../lib/cni/json.ts';
import { createLog } from '../../lib/cni/log.ts';
import type { Plugin } from '../../lib/cni/plugin.ts';
import { reach } from '../network/source.ts';
import { ipamSchema } from './host-local.ts';
import { findUnknownKeys, keysOf, knownAs } from './keys.ts';
import type { Member } from './network.ts';
import { fieldOf } from './paths.ts';
import { type Place, reportKeys } from './place.ts';
import { lintBy } from './refusals.ts';

/** Keys of a plugin's config that the runtime reads. */
const runtimeKeys = ['$schema', 'capabilities'];
const listKeys = ['plugins', 'cniVersions', 'disableCheck', 'disableGC', 'loadOnlyInlinedPlugins'];

/** @returns the config as the plugin reads it; undefined where it refuses it */
export function lintOwn(place: Place, plugin: Plugin, written: JsonObject): Member['config'] {
  const { node, at } = place;
  const ipamKeys = keysOf(ipamSchema()).filter((key) => key !== 'type');
  reportKeys(
    place,
    findUnknownKeys(plugin.config.schema(), node, at, {
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
