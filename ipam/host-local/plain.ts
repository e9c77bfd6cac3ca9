// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { base, offByDefault, optionalText, runtimeConfig } from '../../lib/cni/plain.ts';
import { isAddressOrEmpty, isCidr } from '../../lib/net/schema.ts';
import {
  config,
  flag,
  integer,
  list,
  openConfig,
  optional,
  optionalOrEmpty,
  orElse,
  orNone,
  such,
  text,
} from '../../lib/plain.ts';
import { isAbsoluteOrEmpty, isPath } from './config.ts';

const optionalAddress = optionalOrEmpty(such(text, isAddressOrEmpty));
const cidrText = such(text, isCidr);

const rangeSets = list(
  list(
    config({
      subnet: cidrText,
      rangeStart: optionalAddress,
      rangeEnd: optionalAddress,
      gateway: optionalAddress,
    }),
  ),
);

export const plainConfig = config({
  ...base,
  ipam: openConfig({
    type: optionalText,
    subnet: optionalOrEmpty(cidrText),
    rangeStart: optionalAddress,
    rangeEnd: optionalAddress,
    gateway: optionalAddress,
    ranges: orNone(optional(rangeSets)),
    routes: orNone(
      optional(
        list(
          config({
            dst: cidrText,
            gw: optionalAddress,
            mtu: optional(integer(0, 4294967295)),
            advmss: optional(integer(0, 4294967295)),
            priority: optional(integer(0, 4294967295)),
            table: optional(integer(0, 4294967295)),
            scope: optional(integer(0, 255)),
          }),
        ),
      ),
    ),
    resolvConf: orElse(optionalOrEmpty(such(text, isPath)), ''),
    dataDir: optionalOrEmpty(such(text, isPath, isAbsoluteOrEmpty)),
    reclaimOnReboot: orElse(optional(flag), true),
    reclaimForeign: offByDefault,
  }),
  runtimeConfig: optional(openConfig({ ...runtimeConfig, ipRanges: optional(rangeSets) })),
});
