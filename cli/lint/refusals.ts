/** What a plugin would refuse, in its own words and at the place of the field. */
import { readConfig } from '../../lib/cni/config.ts';
import type { JsonObject } from '../../lib/cni/json.ts';
import type { Plugin } from '../../lib/cni/plugin.ts';
import { asCniError } from '../../lib/errors.ts';
import { memberOf, type Path, reach, searchMember } from '../network/source.ts';
import { completed, contextOf } from './example-call.ts';
import type { Member } from './network.ts';
import { fieldOf, type Reduced, startsWith, unshifted, without } from './paths.ts';
import type { Place } from './place.ts';

/**
 * Reports all that the plugin would say, one ADD after the other: what it refuses is taken away before it is asked anew.
 * @param isIts which fields' faults are to be reported
 * @returns the config as the plugin reads it, without what does not fit; undefined where that is needed
 */
export function lintBy(
  place: Place,
  plugin: Plugin,
  written: JsonObject,
  isIts: (path: Path) => boolean,
): Member['config'] {
  let reduced: Reduced = { config: completed(place, written), removed: [] };
  let config = readConfig(plugin.config.schema(), reduced.config);
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
    config = readConfig(plugin.config.schema(), reduced.config);
  }
  if (config.faults !== undefined) return undefined;
  validateAll(place, plugin, reduced, isIts);
  return config.config as Member['config'];
}

/** Fields that go together, and do not. */
function validateAll(place: Place, plugin: Plugin, begin: Reduced, isIts: (path: Path) => boolean): void {
  let reduced: Reduced | undefined = begin;
  while (reduced !== undefined) {
    const { config, faults } = readConfig(plugin.config.schema(), reduced.config);
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
