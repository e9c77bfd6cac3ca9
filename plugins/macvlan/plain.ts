// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { base, linkMtu, offByDefault, optionalDevice, optionalText } from '../../lib/cni/plain.ts';
import { isCidr } from '../../lib/net/schema.ts';
import {
  config,
  integer,
  list,
  oneOf,
  optional,
  optionalOrEmpty,
  orElse,
  orNone,
  such,
  text,
} from '../../lib/plain.ts';

export const plainConfig = config({
  ...base,
  master: optionalDevice,
  mode: orElse(optionalOrEmpty(oneOf('bridge', 'private', 'vepa', 'passthru', 'source')), 'bridge'),
  mtu: orElse(optional(linkMtu), 0),
  mac: optionalText,
  linkInContainer: offByDefault,
  bcqueuelen: orElse(optional(integer(0, 4294967295)), 0),
  sourceMacs: orNone(optional(list(text))),
  hostAccess: optional(config({ interface: optionalDevice, address: such(text, isCidr) })),
});
