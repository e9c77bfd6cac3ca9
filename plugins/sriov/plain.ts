// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { base, linkMtu, offByDefault, optionalText, runtimeConfig } from '../../lib/cni/plain.ts';
import {
  config,
  finite,
  flag,
  integer,
  list,
  oneOf,
  openConfig,
  optional,
  optionalOrEmpty,
  orElse,
  printed,
  such,
  text,
} from '../../lib/plain.ts';
import { isVlanProtocol } from './config.ts';

export const plainConfig = config({
  ...base,
  runtimeConfig: optional(openConfig({ ...runtimeConfig, deviceID: optionalText })),
  deviceID: optionalText,
  master: optionalText,
  numVfs: optional(integer(1, 65535)),
  vlan: optional(integer(0, 4094)),
  vlanQoS: optional(integer(0, 7)),
  vlanProto: optionalOrEmpty(such(text, isVlanProtocol)),
  mtu: orElse(optional(linkMtu), 0),
  mac: optionalText,
  spoofchk: optionalOrEmpty(oneOf('on', 'off')),
  trust: optionalOrEmpty(oneOf('on', 'off')),
  link_state: optionalOrEmpty(oneOf('auto', 'enable', 'disable')),
  min_tx_rate: optional(integer(0, 4294967295)),
  max_tx_rate: optional(integer(0, 4294967295)),
  keepName: offByDefault,
});

export const plainState = printed({
  version: oneOf(1),
  address: text,
  holder: printed({
    network: text,
    containerId: text,
    ifname: text,
    netns: text,
    netnsId: text,
    boot: text,
  }),
  link: optional(
    printed({
      name: text,
      mac: text,
      mtu: finite,
      up: flag,
      alias: optional(text),
      flags: optional(list(text)),
    }),
  ),
  vf: printed({
    mac: optional(text),
    vlan: finite,
    qos: finite,
    protocol: text,
    spoofchk: optional(flag),
    trust: optional(flag),
    linkState: optional(text),
    maxTxRate: finite,
    minTxRate: finite,
  }),
  macByPf: optional(flag),
});
