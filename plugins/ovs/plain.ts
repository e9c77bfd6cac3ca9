// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { isDeviceName } from '../../lib/cni/config.ts';
import { base, cniArgs, linkMtu, optionalText, runtimeConfig } from '../../lib/cni/plain.ts';
import { hasBothEnds, isInOrder } from '../../lib/cni/vlan.ts';
import {
  config,
  flag,
  integer,
  list,
  oneOf,
  openConfig,
  optional,
  optionalOrEmpty,
  such,
  text,
  unread,
} from '../../lib/plain.ts';
import { isNoOption } from './config.ts';

export const fields = {
  bridge: optionalOrEmpty(such(text, isDeviceName, isNoOption)),
  portType: optionalOrEmpty(oneOf('veth', 'internal')),
  vlan: optional(integer(0, 4094)),
  vlanMode: optionalOrEmpty(oneOf('access', 'trunk', 'native-tagged', 'native-untagged')),
  trunk: optional(
    list(
      such(
        config({
          id: optional(integer(0, 4094)),
          minID: optional(integer(0, 4094)),
          maxID: optional(integer(0, 4094)),
        }),
        hasBothEnds,
        isInOrder,
      ),
    ),
  ),
  mtu: optional(linkMtu),
  mac: optionalText,
  ofport_request: optional(integer(0, 65279)),
  interface_type: optionalOrEmpty(such(text, (value) => /^[A-Za-z0-9_-]{0,64}$/.test(value))),
  deviceID: optionalText,
  createBridge: optional(flag),
  externalIds: optional(unread),
  ingressPolicingRate: optional(integer(0, 4294967295)),
  ingressPolicingBurst: optional(integer(0, 4294967295)),
  socket_file: optionalText,
  link_state_check_retries: optional(integer(0, 1000)),
  link_state_check_interval: optional(integer(0, 60000)),
};

export const plainFields = config(fields);

export const plainConfig = config({
  ...base,
  ...fields,
  args: optional(openConfig({ cni: optional(openConfig({ ...cniArgs, ovnPort: optionalText })) })),
  runtimeConfig: optional(
    openConfig({
      ...runtimeConfig,
      bandwidth: optional(
        config({
          ingressRate: optional(integer(0)),
          ingressBurst: optional(integer(0)),
          egressRate: optional(integer(0)),
          egressBurst: optional(integer(0)),
        }),
      ),
      deviceID: optionalText,
    }),
  ),
  configuration_path: optionalText,
});
