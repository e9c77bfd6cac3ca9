// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import {
  anything,
  finite,
  flag,
  isProperties,
  list,
  nullable,
  optional,
  printed,
  such,
  text,
} from '../plain.ts';

export const plainLinks = list(
  printed({
    ifindex: finite,
    ifname: text,
    flags: list(text),
    mtu: finite,
    operstate: optional(text),
    master: optional(text),
    address: optional(text),
    ifalias: optional(text),
    promiscuity: optional(finite),
    link_index: optional(finite),
    link: optional(nullable(text)),
    parentdev: optional(text),
    linkinfo: optional(
      printed({
        info_kind: optional(text),
        info_data: optional(such(anything, isProperties)),
        info_slave_kind: optional(text),
      }),
    ),
    addr_info: optional(
      list(
        printed({
          family: text,
          local: text,
          prefixlen: finite,
          scope: optional(text),
          broadcast: optional(text),
          label: optional(text),
          dynamic: optional(flag),
          tentative: optional(flag),
          dadfailed: optional(flag),
          noprefixroute: optional(flag),
          valid_life_time: optional(finite),
          preferred_life_time: optional(finite),
        }),
      ),
    ),
  }),
);

export const plainRoutes = list(
  printed({
    dst: text,
    gateway: optional(text),
    dev: optional(text),
    metric: optional(finite),
    table: optional(text),
    scope: optional(text),
    protocol: optional(text),
    type: optional(text),
    prefsrc: optional(text),
    expires: optional(finite),
    pref: optional(text),
    flags: optional(list(text)),
    metrics: optional(list(such(anything, isProperties))),
    nexthops: optional(list(printed({ gateway: optional(text), dev: optional(text) }))),
  }),
);

export const plainFunctions = list(
  printed({
    ifname: text,
    vfinfo_list: optional(
      list(
        printed({
          vf: finite,
          address: optional(text),
          mac: optional(text),
          vlan_list: optional(
            list(
              printed({
                vlan: optional(finite),
                qos: optional(finite),
                protocol: optional(text),
              }),
            ),
          ),
          vlan: optional(finite),
          qos: optional(finite),
          rate: optional(printed({ max_tx: optional(finite), min_tx: optional(finite) })),
          spoofchk: optional(flag),
          trust: optional(flag),
          link_state: optional(text),
        }),
      ),
    ),
  }),
);
