// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import {
  base,
  deviceName,
  linkMtu,
  offByDefault,
  optionalDevice,
  optionalText,
} from '../../lib/cni/plain.ts';
import { hasBothEnds, isInOrder } from '../../lib/cni/vlan.ts';
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
} from '../../lib/plain.ts';

export const plainConfig = config({
  ...base,
  bridge: orElse(optionalDevice, 'cni0'),
  isGateway: offByDefault,
  isDefaultGateway: offByDefault,
  forceAddress: offByDefault,
  ipMasq: offByDefault,
  ipMasqBackend: orElse(optionalOrEmpty(oneOf('nftables', 'iptables')), 'nftables'),
  mtu: orElse(optional(linkMtu), 0),
  hairpinMode: offByDefault,
  promiscMode: offByDefault,
  vlan: orElse(optional(integer(0, 4094)), 0),
  vlanTrunk: orNone(
    optional(
      list(
        such(
          config({
            id: optional(integer(1, 4094)),
            minID: optional(integer(1, 4094)),
            maxID: optional(integer(1, 4094)),
          }),
          hasBothEnds,
          isInOrder,
        ),
      ),
    ),
  ),
  preserveDefaultVlan: offByDefault,
  macspoofchk: offByDefault,
  portIsolation: offByDefault,
  enabledad: offByDefault,
  disableContainerInterface: offByDefault,
  mac: optionalText,
  hostInterfaceName: optionalDevice,
  uplink: optional(config({ device: deviceName, migrateAddresses: offByDefault })),
});
