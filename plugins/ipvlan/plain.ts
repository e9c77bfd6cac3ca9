// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { base, linkMtu, offByDefault, optionalDevice, optionalText } from '../../lib/cni/plain.ts';
import { config, oneOf, optional, optionalOrEmpty, orElse } from '../../lib/plain.ts';

export const plainConfig = config({
  ...base,
  master: optionalDevice,
  mode: orElse(optionalOrEmpty(oneOf('l2', 'l3', 'l3s')), 'l2'),
  flag: orElse(optionalOrEmpty(oneOf('bridge', 'private', 'vepa')), 'bridge'),
  mtu: orElse(optional(linkMtu), 0),
  mac: optionalText,
  linkInContainer: offByDefault,
});
