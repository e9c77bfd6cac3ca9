/** What a plugin says that a runtime may give to it. */
import { memberOf, membersOf } from '../network/source.ts';
import { nearestName } from './nearest.ts';
import { capabilities } from './peers.ts';
import type { Place } from './place.ts';

/** `capabilities`: true or false each, by names that runtimes know. */
export function lintCapabilities({ node, at, report }: Place): void {
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
